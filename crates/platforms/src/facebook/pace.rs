//! How long to wait from one question to the next.

use std::time::Duration;

use tokio::time::Instant;

use super::poll::Polling;

/// From this much of a limit on, in percent, calls become fewer.
const HALF: u32 = 50;
/// From here on so few that people are told.
const NEAR: u32 = 75;
const VERY_NEAR: u32 = 90;

/// How long to wait where Facebook has had enough and does not say for how long.
const HELD_BACK: Duration = Duration::from_mins(1);

/// The longest such wait, after it was too short again and again.
const LONGEST: Duration = Duration::from_mins(15);

#[derive(Debug)]
pub(super) struct Pace {
    polling: Polling,
    /// From one round of comments to the next, if there were no limits.
    interval: Duration,
    next_round: Instant,
    next_status: Instant,
    next_sweep: Instant,
    /// In percent of the nearer limit.
    usage: u32,
    /// How often Facebook has had enough, without an answer in between.
    refusals: u32,
}

impl Pace {
    /// Comments first, and at once.
    pub(super) fn new(polling: Polling) -> Self {
        let now = Instant::now();
        Self {
            polling,
            interval: polling.busy,
            next_round: now,
            // After the first comments, which come first.
            next_status: now + Duration::from_millis(1),
            next_sweep: now + polling.sweep_every,
            usage: 0,
            refusals: 0,
        }
    }

    /// When the next question is due.
    pub(super) fn next(&self) -> Instant {
        self.next_round.min(self.next_status)
    }

    /// Whether that is the one for the status.
    pub(super) fn status_is_due(&self, now: Instant) -> bool {
        self.next_status <= now && (self.next_status < self.next_round || now < self.next_round)
    }

    /// All comments that there are were read, new ones among them or not. Answers whether a sweep is due.
    pub(super) fn round_is_complete(&mut self, fresh: bool, now: Instant) -> bool {
        self.refusals = 0;
        self.interval = if fresh {
            self.polling.busy
        } else {
            (self.interval * 5 / 4).min(self.polling.idle.max(self.polling.busy))
        };
        self.next_round = now + self.interval * self.factor();
        if self.next_sweep > self.next_round {
            return false;
        }
        self.next_sweep = now + self.polling.sweep_every;
        true
    }

    /// The status is known.
    pub(super) fn has_looked(&mut self, now: Instant) {
        self.next_status = now + self.polling.status * self.factor();
    }

    /// The next comments are due now.
    pub(super) fn at_once(&mut self, now: Instant) {
        self.next_round = now;
    }

    /// The same question again, soon.
    pub(super) fn try_again(&mut self, now: Instant) {
        let at = now + self.polling.busy;
        (self.next_round, self.next_status) = (self.next_round.max(at), self.next_status.max(at));
    }

    /// Facebook has had enough.
    pub(super) fn hold_back(&mut self, retry_after: Option<Duration>, now: Instant) {
        let doubled = HELD_BACK * 2_u32.pow(self.refusals.min(4));
        let at = now + retry_after.unwrap_or(doubled.min(LONGEST)).max(self.polling.busy);
        self.refusals += 1;
        (self.next_round, self.next_status) = (self.next_round.max(at), self.next_status.max(at));
    }

    pub(super) fn set_usage(&mut self, percent: u32) {
        self.usage = percent;
    }

    /// Facebook has had enough, and no answer has come since.
    pub(super) fn is_held_back(&self) -> bool {
        self.refusals > 0
    }

    /// Calls are so few that people should know.
    pub(super) fn is_slow(&self) -> bool {
        self.usage >= NEAR
    }

    fn factor(&self) -> u32 {
        match self.usage {
            0..HALF => 1,
            HALF..NEAR => 2,
            NEAR..VERY_NEAR => 4,
            _ => 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pace: &mut Pace, fresh: bool) -> u64 {
        let now = pace.next_round;
        pace.round_is_complete(fresh, now);
        u64::try_from((pace.next_round - now).as_millis()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn questions_become_fewer_where_nothing_comes() {
        let mut pace = Pace::new(Polling::default());
        assert_eq!(waits(&mut pace, true), 2_000);
        let idle: Vec<_> = (0..9).map(|_| waits(&mut pace, false)).collect();
        assert!(idle.is_sorted(), "{idle:?}");
        assert_eq!(idle.last(), Some(&10_000));
        assert_eq!(waits(&mut pace, true), 2_000, "and more as soon as something does");
    }

    #[tokio::test(start_paused = true)]
    async fn questions_become_fewer_where_a_limit_is_near() {
        let mut pace = Pace::new(Polling::default());
        for (percent, wait, slow) in [
            (49, 2_000, false),
            (50, 4_000, false),
            (75, 8_000, true),
            (90, 16_000, true),
            (0, 2_000, false),
        ] {
            pace.set_usage(percent);
            assert_eq!((waits(&mut pace, true), pace.is_slow()), (wait, slow), "{percent} %");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_held_back_waits_as_long_as_facebook_says_or_longer_each_time() {
        let mut pace = Pace::new(Polling::default());
        let now = Instant::now();
        pace.hold_back(Some(Duration::from_mins(19)), now);
        assert_eq!(pace.next() - now, Duration::from_mins(19));
        let mut pace = Pace::new(Polling::default());
        let mut waits = Vec::new();
        for _ in 0..8 {
            let now = pace.next();
            pace.hold_back(None, now);
            waits.push((pace.next() - now).as_secs());
        }
        assert_eq!(waits, [60, 120, 240, 480, 900, 900, 900, 900]);
        assert!(pace.is_held_back());
        pace.round_is_complete(false, Instant::now());
        assert!(!pace.is_held_back());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sweep_comes_once_in_a_while() {
        let mut pace = Pace::new(Polling::default());
        let mut sweeps = 0;
        for _ in 0..60 {
            let now = pace.next_round;
            sweeps += u32::from(pace.round_is_complete(true, now));
        }
        assert_eq!(sweeps, 2, "in two minutes");
    }
}
