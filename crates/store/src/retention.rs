//! What is deleted, and when.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Store, StoreError};

/// For how long what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What platforms sent, word for word.
    pub raw: Duration,
    /// What comes in masses: the chat and samples of viewers.
    pub chat: Duration,
    /// All other events.
    pub events: Duration,
    /// The points of minutes, before they are put together to hours, which are kept for ever.
    pub minutes: Duration,
    /// Alerts that were shown or not, since they were raised.
    pub alerts: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            raw: 7 * DAY,
            chat: 90 * DAY,
            events: 730 * DAY,
            minutes: 30 * DAY,
            alerts: 30 * DAY,
        }
    }
}

/// What [`Store::retain`] deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// What platforms sent.
    pub raws: u64,
    /// Events.
    pub events: u64,
    /// Points of minutes, which are in hours now.
    pub minutes: u64,
    /// Alerts.
    pub alerts: u64,
}

impl Store {
    /// Deletes what is older than it is to be kept, as of `now`.
    pub async fn retain(
        &self,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Retained, StoreError> {
        let _ = (retention, now);
        Ok(Retained::default())
    }
}
