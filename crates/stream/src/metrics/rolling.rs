//! Counts over the last minute, five minutes and hour.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

/// The width of a bucket: how exact the windows are.
const BUCKET: Duration = Duration::from_secs(5);

const MINUTE: u64 = 60 / BUCKET.as_secs();

/// How often something happened lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollingCount {
    /// In the last minute, to 5 s.
    pub minute: u64,
    /// In the last 5 minutes, to 5 s.
    pub five_minutes: u64,
    /// In the last hour, to 5 s.
    pub hour: u64,
    /// Since counting began.
    pub total: u64,
}

/// A count whose past fades: buckets of 5 s, only those in which something happened.
#[derive(Debug, Default)]
pub(super) struct Rolling {
    buckets: VecDeque<(u64, u64)>,
    total: u64,
}

impl Rolling {
    /// Counts one, `at` this long after counting began.
    pub(super) fn count(&mut self, began: Instant, now: Instant) {
        let bucket = bucket(began, now);
        self.total += 1;
        match self.buckets.back_mut() {
            Some((last, count)) if *last == bucket => *count += 1,
            _ => self.buckets.push_back((bucket, 1)),
        }
        while self.buckets.front().is_some_and(|(first, _)| first + 60 * MINUTE <= bucket) {
            self.buckets.pop_front();
        }
    }

    pub(super) fn read(&self, began: Instant, now: Instant) -> RollingCount {
        let now = bucket(began, now);
        let within = |buckets: u64| {
            let recent = self.buckets.iter().rev().take_while(|(at, _)| at + buckets > now);
            recent.map(|(_, count)| count).sum()
        };
        RollingCount {
            minute: within(MINUTE),
            five_minutes: within(5 * MINUTE),
            hour: within(60 * MINUTE),
            total: self.total,
        }
    }
}

fn bucket(began: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(began).as_secs() / BUCKET.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_fade_window_by_window() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut rolling = Rolling::default();
        rolling.count(began, at(0));
        rolling.count(began, at(1));
        let read = |seconds| rolling.read(began, at(seconds));
        assert_eq!(read(59), RollingCount { minute: 2, five_minutes: 2, hour: 2, total: 2 });
        assert_eq!(read(60), RollingCount { minute: 0, five_minutes: 2, hour: 2, total: 2 });
        assert_eq!(read(300), RollingCount { minute: 0, five_minutes: 0, hour: 2, total: 2 });
        assert_eq!(read(3600), RollingCount { minute: 0, five_minutes: 0, hour: 0, total: 2 });
    }

    #[test]
    fn memory_is_bounded_by_the_hour() {
        let began = Instant::now();
        let mut rolling = Rolling::default();
        for second in 0..20_000 {
            rolling.count(began, began + Duration::from_secs(second));
        }
        assert_eq!(rolling.buckets.len(), 720);
        assert_eq!(rolling.total, 20_000);
    }
}
