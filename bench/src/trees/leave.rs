//! All leave at once: how long after the grace the last tree is gone, and what of their memory comes back.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Run;
use crate::{
    house::until,
    system::{Watch, float, microseconds, milliseconds, object, round, rss},
};

impl Run {
    pub(super) async fn leave(&mut self) -> Result<Value> {
        let n = self.settings.n;
        let rss_before = rss()?;
        let watch = Watch::start()?;
        let began = Instant::now();
        self.sessions.clear();
        let issued = began.elapsed();
        until("all trees are gone", || self.house.actors() == 0).await?;
        let total = began.elapsed();
        let watched = watch.stop()?;
        sleep(Duration::from_millis(500)).await;
        let after = rss()?;
        sleep(Duration::from_millis(4500)).await;
        let mut result = watched.json();
        result.append(&mut object(json!({
            "total_ms": round(milliseconds(total), 1),
            "issue_ms": round(milliseconds(issued), 1),
            "drain_after_grace_ms": round(milliseconds(total.saturating_sub(self.settings.grace)), 1),
            "cpu_us_per_tree": round(microseconds(watched.cpu) / float(n), 2),
            "left": self.house.users.count_children().specs,
            "base_rss": self.base_rss,
            "rss_before": rss_before,
            "rss_after_500ms": after,
            "rss_after_5s": rss()?,
        })));
        Ok(result.into())
    }
}
