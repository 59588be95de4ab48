use std::time::Duration;

use crate::jitter::full_jitter;

/// How fast CloudflareManager goes about what it has to repeat.
#[derive(Clone, Copy, Debug)]
pub struct CloudflarePace {
    /// The longest wait before a failed call is made again the first time; it doubles with each failure.
    pub retry_initial: Duration,
    /// The longest wait of all.
    pub retry_max: Duration,
    /// How often the outputs of a stream on air are compared with what they should be.
    pub audit_interval: Duration,
}

impl Default for CloudflarePace {
    fn default() -> Self {
        Self {
            retry_initial: Duration::from_millis(500),
            retry_max: Duration::from_secs(30),
            audit_interval: Duration::from_mins(5),
        }
    }
}

impl CloudflarePace {
    /// How long to wait after so many failures in a row.
    pub(super) fn retry_after(&self, failures: u32) -> Duration {
        full_jitter(self.retry_initial, self.retry_max, failures)
    }
}
