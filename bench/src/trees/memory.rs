//! What a user's memory is.

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Run, bookkeeping};
use crate::system::{bytes_each, rss};

impl Run {
    /// RSS a user: all, and without what the Tracker keeps of their session (measured in a process of its own).
    pub(super) async fn memory(&self) -> Result<Value> {
        sleep(self.settings.settle).await;
        let now = rss()?;
        let per_user = bytes_each(self.base_rss, now, self.settings.n);
        let per_session = bookkeeping::measure_apart(self.settings.n).await?;
        Ok(json!({
            "before": self.base_rss,
            "now": now,
            "per_user": { "rss": per_user },
            "per_session": { "rss": per_session },
            "per_tree": { "rss": per_user - per_session },
        }))
    }
}
