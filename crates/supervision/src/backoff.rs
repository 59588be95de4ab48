//! Restart backoff: a child's own pace.

use std::time::Duration;

/// Delays that double from `initial` to `max`, and start over once the child has run for `reset_after`.
///
/// Nothing random: there is one child behind each, so nothing can thunder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first delay.
    pub initial: Duration,
    /// The longest delay.
    pub max: Duration,
    /// How long the child must have run for the delays to start over.
    pub reset_after: Duration,
}

impl Backoff {
    /// The delay before the next restart, after `failures` earlier ones in a row.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        2u32.checked_pow(failures)
            .and_then(|factor| self.initial.checked_mul(factor))
            .map_or(self.max, |delay| delay.min(self.max))
    }
}

impl Default for Backoff {
    /// 1 s doubling to 60 s, over after 60 s of health.
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_mins(1),
            reset_after: Duration::from_mins(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let seconds: Vec<u64> = (0..8).map(|failures| backoff.delay(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_thousand_failures_overflow_nothing() {
        assert_eq!(Backoff::default().delay(1000), Duration::from_mins(1));
    }
}
