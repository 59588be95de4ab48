//! Waiting for a while that is not the same for everybody: a thousand users whose calls failed together must not come
//! back together.

use std::time::Duration;

/// How long to wait after so many failures in a row: anything up to the longest, which doubles from `initial` to `max`
/// («full jitter»).
pub(crate) fn full_jitter(initial: Duration, max: Duration, failures: u32) -> Duration {
    let doubled = 2u32.checked_pow(failures.saturating_sub(1));
    let longest = doubled.and_then(|factor| initial.checked_mul(factor));
    longest.map_or(max, |longest| longest.min(max)).mul_f64(random())
}

/// An interval, a quarter longer or shorter.
pub(crate) fn jittered(interval: Duration) -> Duration {
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
        let (initial, max) = (Duration::from_millis(500), Duration::from_secs(30));
        for (failures, longest_ms) in [(1, 500), (2, 1000), (6, 16_000), (7, 30_000), (999, 30_000)]
        {
            let waits = (0..100).map(|_| full_jitter(initial, max, failures).as_millis());
            let longest = waits.max().unwrap();
            assert!(longest <= longest_ms && longest > longest_ms / 2, "{failures}: {longest}");
        }
    }
}
