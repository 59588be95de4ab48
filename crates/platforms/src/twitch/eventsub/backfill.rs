//! Follows that came while there was no connection: EventSub does not send them again, but they are listed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    AccountAccess, Batch, Priority,
    fit::fit,
    http::{Auth, Call, below},
    twitch::{Inner, events},
};

/// How many pages of 100 are read at most: the newest follows are first.
const PAGES: usize = 10;

/// How far before the last sign of the connection is looked: what happened then may not have been told any more.
const BEFORE: SignedDuration = SignedDuration::from_mins(2);

#[derive(Deserialize)]
struct Followers {
    #[serde(default)]
    data: Vec<Value>,
    #[serde(default)]
    pagination: Value,
}

/// The follows since then, the oldest first, as history. Those that were told in their time have the same key and are
/// not taken twice. What cannot be had is left out: a connection does not fail for it.
pub(crate) async fn follows(
    inner: &Arc<Inner>,
    account: &AccountAccess,
    since: Timestamp,
) -> Batch {
    let since = since.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN);
    let mut reports = Vec::new();
    let mut after: Option<String> = None;
    'pages: for _ in 0..PAGES {
        let url = below(&inner.helix, &["channels", "followers"]);
        let mut call = Call::get(url, Auth::Account(account), Priority::Chat)
            .query("broadcaster_id", &*account.external_id)
            .query("first", "100");
        if let Some(after) = &after {
            call = call.query("after", after.as_str());
        }
        let page = match inner.http.ask::<Followers>(call).await {
            Ok(page) => page,
            Err(error) => {
                tracing::debug!(%error, "the follows of a gap cannot be listed");
                break;
            }
        };
        let now = Timestamp::now();
        for follow in &page.data {
            let Some(mut report) = events::follow(follow, now) else { continue };
            if report.occurred_at < since {
                break 'pages;
            }
            report.replayed = true;
            reports.push(fit(report, now));
        }
        after = page.pagination["cursor"].as_str().map(Into::into);
        if after.is_none() {
            break;
        }
    }
    reports.reverse();
    Batch { reports, ..Batch::default() }
}
