//! `[stream]`: what runs in a user's tree, and how patient it is.

use std::{ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Invalid, check_range, durations, values::duration};

const AUTO_STOP: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);
const INTERVAL: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(24);

/// `[stream]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    /// Whether each tree has a `ConsoleLogger`, which writes one line a second.
    pub console_logger: bool,
    /// How long a live stream waits for its encoder to come back before it ends.
    #[serde(with = "duration")]
    pub auto_stop: Duration,
    /// How often an encoder's state is asked for where no webhook tells it.
    #[serde(with = "duration")]
    pub poll_interval: Duration,
    /// How long a destination may take to start.
    #[serde(with = "duration")]
    pub start_deadline: Duration,
    /// Alerts that had to wait for longer are not shown any more.
    #[serde(with = "duration")]
    pub alert_max_age: Duration,
    /// Alerts that may wait for one user.
    pub alert_backlog: usize,
}

impl StreamConfig {
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        for (key, value, range) in [
            ("stream.auto_stop", self.auto_stop, &AUTO_STOP),
            ("stream.poll_interval", self.poll_interval, &INTERVAL),
            ("stream.start_deadline", self.start_deadline, &INTERVAL),
            ("stream.alert_max_age", self.alert_max_age, &INTERVAL),
        ] {
            check_range(key, humantime::Duration::from(value), &durations(range))?;
        }
        check_range("stream.alert_backlog", self.alert_backlog, &(1..=10_000))
    }
}
