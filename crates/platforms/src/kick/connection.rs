//! What stands for a connection: Kick delivers to the webhook, and here it is made sure that it does.
//!
//! ```text
//! subscribe to what is missing ──▶ Connected, or Degraded with what Kick does not deliver
//!      ▲ every so often            │
//!      └──────── wait ◀────────────┴── look at the channel ──▶ what the deliveries have not told yet
//! ```

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::{
    api::Api,
    config::Pace,
    subscriptions::{Missing, reason},
    watch::Watch,
};
use crate::{AccountAccess, Batch, Connection, Disconnect, Error, Link, Priority};

/// So many failures in a row, and the connection is lost: deliveries come all the same, but nobody can say so.
const MAX_FAILURES: u32 = 3;

#[derive(Debug)]
pub(crate) struct Polling {
    api: Api,
    account: AccountAccess,
    pace: Pace,
    watch: Watch,
    /// What was not granted; none before the first answer.
    missing: Option<Missing>,
    subscribe_at: Instant,
    look_at: Instant,
    failures: u32,
}

impl Polling {
    pub(crate) fn new(api: Api, account: AccountAccess, pace: Pace, watch: Watch) -> Self {
        let now = Instant::now();
        Self {
            api,
            account,
            pace,
            watch,
            missing: None,
            subscribe_at: now,
            look_at: now,
            failures: 0,
        }
    }

    async fn step(&mut self) -> Result<Option<Batch>, Disconnect> {
        sleep_until(self.subscribe_at.min(self.look_at)).await;
        if self.subscribe_at <= Instant::now() {
            return match self.api.subscribe(&self.account).await {
                Ok(missing) => {
                    self.failures = 0;
                    self.subscribe_at = Instant::now() + self.pace.next_resubscribe();
                    Ok(self.subscribed(missing))
                }
                // There is nothing to hold on to yet.
                Err(error) if self.missing.is_none() => Err(error.into()),
                Err(error) => {
                    self.subscribe_at = self.failed(error)?;
                    Ok(None)
                }
            };
        }
        match self.api.channel(&self.account, Priority::Chat).await {
            Ok(channel) => {
                self.failures = 0;
                self.look_at = Instant::now() + self.pace.next_look();
                Ok(self.watch.look(&channel, Timestamp::now()))
            }
            Err(error) => {
                self.look_at = self.failed(error)?;
                Ok(None)
            }
        }
    }

    /// What is granted now is told when it is new.
    fn subscribed(&mut self, missing: Missing) -> Option<Batch> {
        if self.missing.as_ref() == Some(&missing) {
            return None;
        }
        let link = match reason(&missing) {
            None => Link::Connected,
            Some(reason) => Link::Degraded { reason },
        };
        self.missing = Some(missing);
        Some(link.into())
    }

    /// When to try again.
    fn failed(&mut self, error: Error) -> Result<Instant, Disconnect> {
        self.failures += 1;
        if self.failures >= MAX_FAILURES || matches!(error, Error::NeedsReauth { .. }) {
            return Err(error.into());
        }
        tracing::debug!(%error, account = %self.account.external_id, "kick did not answer");
        let wait = self.pace.next_look().max(error.retry_after().unwrap_or_default());
        Ok(Instant::now() + wait)
    }
}

impl Connection for Polling {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(async move {
            loop {
                // A step changes nothing before its last wait, so that it may be dropped at any of them.
                if let Some(batch) = self.step().await? {
                    return Ok(batch);
                }
            }
        })
    }
}
