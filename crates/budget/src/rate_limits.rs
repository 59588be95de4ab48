//! What an answer says of the limits.

use std::time::Duration;

use jiff::Timestamp;

/// A reset greater than this is a moment (Unix time), not a number of seconds.
const EPOCH_FROM: u64 = 1_000_000_000;

/// The longest time that is believed: a header that says «next year» must stop nobody.
const LONGEST: Duration = Duration::from_hours(24);

/// What an answer says of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Calls in a window.
    pub limit: Option<u32>,
    /// Calls left in it.
    pub remaining: Option<u64>,
    /// When it begins anew.
    pub reset_in: Option<Duration>,
    /// When to come again: only where a call was refused.
    pub retry_after: Option<Duration>,
}

/// A moment (Unix time) or a number of seconds, as the time from now. At most 24 hours.
#[must_use]
pub fn reset_in(reset: u64, now: Timestamp) -> Duration {
    let seconds = if reset < EPOCH_FROM {
        reset
    } else {
        reset.saturating_sub(u64::try_from(now.as_second()).unwrap_or(0))
    };
    Duration::from_secs(seconds).min(LONGEST)
}

/// `retry-after` is a number of seconds or a date (RFC 9110, section 10.2.3). At most 24 hours.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let wait = if let Ok(seconds) = value.trim().parse() {
        Duration::from_secs(seconds)
    } else {
        let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp();
        Duration::try_from(date.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[test]
    fn a_reset_is_a_moment_or_a_number_of_seconds() {
        assert_eq!(reset_in(30, NOW), Duration::from_secs(30));
        assert_eq!(reset_in(1_800_000_030, NOW), Duration::from_secs(30));
        assert_eq!(reset_in(1_700_000_000, NOW), Duration::ZERO, "it has begun anew already");
        assert_eq!(reset_in(u64::MAX, NOW), LONGEST);
    }

    #[test]
    fn when_to_come_again_is_a_number_of_seconds_or_a_date() {
        assert_eq!(retry_after("42", NOW), Some(Duration::from_secs(42)));
        let date = "Fri, 15 Jan 2027 08:00:30 GMT";
        assert_eq!(retry_after(date, NOW), Some(Duration::from_secs(30)));
        let past = "Fri, 15 Jan 2021 08:00:30 GMT";
        assert_eq!(retry_after(past, NOW), Some(Duration::ZERO));
        assert_eq!(retry_after("18446744073709551615", NOW), Some(LONGEST));
        assert_eq!(retry_after("soon", NOW), None);
    }
}
