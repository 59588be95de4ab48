use std::time::Duration;

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
    /// How long to wait after so many failures in a row: anything up to the longest («full jitter»), so that a
    /// thousand users whose calls failed together do not come back together.
    pub(super) fn retry_after(&self, failures: u32) -> Duration {
        let doubled = 2u32.checked_pow(failures.saturating_sub(1));
        let longest = doubled.and_then(|factor| self.retry_initial.checked_mul(factor));
        longest.map_or(self.retry_max, |longest| longest.min(self.retry_max)).mul_f64(random())
    }
}

/// An interval, a quarter longer or shorter.
pub(super) fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.75 + random() / 2.0)
}

/// From 0 to 1.
fn random() -> f64 {
    // Without randomness everybody waits for the longest, which is safe.
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_never_beyond() {
        let pace = CloudflarePace::default();
        for (failures, longest_ms) in [(1, 500), (2, 1000), (6, 16_000), (7, 30_000), (999, 30_000)]
        {
            let waits = (0..100).map(|_| pace.retry_after(failures).as_millis());
            let longest = waits.max().unwrap();
            assert!(longest <= longest_ms && longest > longest_ms / 2, "{failures}: {longest}");
        }
    }
}
