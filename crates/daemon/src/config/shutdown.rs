//! `[shutdown]`: how long an orderly end may take.

use std::{ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Invalid, check_range, durations, values::duration};

const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(1);

/// `[shutdown]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// How long everything may take to stop.
    #[serde(with = "duration")]
    pub timeout: Duration,
}

impl ShutdownConfig {
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        check_range(
            "shutdown.timeout",
            humantime::Duration::from(self.timeout),
            &durations(&TIMEOUT),
        )
    }
}
