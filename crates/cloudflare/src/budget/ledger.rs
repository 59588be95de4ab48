//! What is spent and who waits: all of the budget but the waiting itself.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{BudgetConfig, BudgetSnapshot, Calls, Priority};
use crate::RateHeaders;

/// The window of [`BudgetConfig::burst`].
const SECOND: Duration = Duration::from_secs(1);

/// The longest time for which an answer can stop all calls: a header that says «next year» must not.
const LONGEST_BLOCK: Duration = Duration::from_hours(1);

/// How long after its caller has gone a call may arrive: TCP tries for longer, but not with the other side closed.
const LATEST_ARRIVAL: Duration = Duration::from_secs(10);

/// A place in the queue: the rank of its priority, then the order of arrival.
pub(super) type Key = (usize, u64);

/// Whether it is somebody's turn.
pub(super) enum MyTurn {
    /// It is: they are out of the queue, and their call counts.
    Granted,
    /// Not before then, unless they are called.
    NotBefore(Instant),
    /// They are called when it may be.
    WhenCalled,
}

pub(super) struct Ledger {
    config: BudgetConfig,
    waiting: BTreeMap<Key, Arc<Notify>>,
    arrivals: u64,
    /// Calls allowed whose answers are not there.
    in_flight: usize,
    /// When the answers of the others came, the oldest first; none older than the window.
    finished: VecDeque<Instant>,
    blocked_until: Option<Instant>,
    told: Option<Told>,
    granted: [u64; 4],
    blocks: u64,
}

/// What Cloudflare said was left, less what we took since. Others call in the same name: its word counts for more
/// than our count when it is the smaller.
#[derive(Clone, Copy)]
struct Told {
    /// Of how many.
    limit: u32,
    remaining: usize,
    until: Instant,
}

impl Ledger {
    pub(super) fn new(config: BudgetConfig) -> Self {
        Self {
            config,
            waiting: BTreeMap::new(),
            arrivals: 0,
            in_flight: 0,
            finished: VecDeque::new(),
            blocked_until: None,
            told: None,
            granted: [0; 4],
            blocks: 0,
        }
    }

    pub(super) fn enter(&mut self, priority: Priority, called: Arc<Notify>) -> Key {
        self.arrivals += 1;
        let key = (priority.rank(), self.arrivals);
        self.waiting.insert(key, called);
        key
    }

    /// They do not wait any more. Nothing happens when they were granted their call.
    pub(super) fn leave(&mut self, key: Key) {
        if self.waiting.remove(&key).is_some() {
            self.call_head();
        }
    }

    pub(super) fn turn(&mut self, key: Key, now: Instant) -> MyTurn {
        self.forget_before(now);
        if self.waiting.first_key_value().is_none_or(|(head, _)| *head != key) {
            return MyTurn::WhenCalled;
        }
        let priority = Priority::ALL[key.0];
        match self.room(priority, now) {
            Room::Free => {}
            Room::From(at) => return MyTurn::NotBefore(at),
            Room::AfterAnAnswer => return MyTurn::WhenCalled,
        }
        self.waiting.remove(&key);
        self.in_flight += 1;
        self.granted[key.0] += 1;
        if let Some(told) = &mut self.told {
            told.remaining = told.remaining.saturating_sub(1);
        }
        self.call_head();
        MyTurn::Granted
    }

    pub(super) fn finish(&mut self, at: Instant) {
        self.in_flight -= 1;
        let place = self.finished.partition_point(|other| *other <= at);
        self.finished.insert(place, at);
        self.call_head();
    }

    /// No answer came. Cloudflare may count the call when it arrives, as if it were finished then.
    pub(super) fn cut_off(&mut self, now: Instant) {
        self.finish(now + self.config.window.min(LATEST_ARRIVAL));
    }

    /// A call was allowed and not made.
    pub(super) fn refund(&mut self) {
        self.in_flight -= 1;
        if let Some(told) = &mut self.told {
            told.remaining += 1;
        }
        self.call_head();
    }

    pub(super) fn block(&mut self, retry_after: Option<Duration>, now: Instant) {
        let until = now + retry_after.unwrap_or(self.config.window).min(LONGEST_BLOCK);
        if self.blocked_until.is_none_or(|before| before < now) {
            self.blocks += 1;
        }
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    pub(super) fn observe(&mut self, headers: &RateHeaders, now: Instant) {
        if let (Some(remaining), Some(reset)) = (headers.remaining, headers.reset_in) {
            let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
            // Calls under way may not have been counted when the answer was written.
            let remaining = remaining.saturating_sub(self.in_flight);
            let limit =
                headers.limit.map_or(self.config.limit, |limit| limit.min(self.config.limit));
            self.told = Some(Told { limit, remaining, until: now + reset.min(self.config.window) });
            self.call_head();
        }
    }

    /// Whether a call of this priority has room.
    fn room(&self, priority: Priority, now: Instant) -> Room {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Room::From(until);
        }
        let BudgetConfig { limit, window, burst, reserved } = self.config;
        let left = reserved.left_by(priority, limit);
        if let Some(told) = self.told
            && told.until > now
            && told.remaining <= reserved.left_by(priority, told.limit)
        {
            return Room::From(told.until);
        }
        match self.room_within(window, limit, left, now) {
            Room::Free => self.room_within(SECOND, burst, reserved.left_by(priority, burst), now),
            none => none,
        }
    }

    /// Whether there is room under one limit when `left` calls must be left.
    fn room_within(&self, window: Duration, limit: u32, left: usize, now: Instant) -> Room {
        let first = self.finished.partition_point(|at| *at + window <= now);
        let used = self.in_flight + (self.finished.len() - first);
        let allowed = usize::try_from(limit).expect("a u32 fits") - left;
        if used < allowed {
            return Room::Free;
        }
        // So many must fall out of the window first; they do so in the order in which they finished.
        let too_many = used + 1 - allowed;
        match self.finished.get(first + too_many - 1) {
            Some(finished) => Room::From(*finished + window),
            None => Room::AfterAnAnswer,
        }
    }

    fn forget_before(&mut self, now: Instant) {
        let window = self.config.window.max(SECOND);
        while self.finished.front().is_some_and(|at| *at + window <= now) {
            self.finished.pop_front();
        }
    }

    fn call_head(&self) {
        if let Some((_, head)) = self.waiting.first_key_value() {
            head.notify_one();
        }
    }

    pub(super) fn snapshot(&self, now: Instant) -> BudgetSnapshot {
        let first = self.finished.partition_point(|at| *at + self.config.window <= now);
        let waiting =
            Priority::ALL.map(|p| self.waiting.range((p.rank(), 0)..(p.rank() + 1, 0)).count());
        let told = self.told.filter(|told| told.until > now);
        BudgetSnapshot {
            limit: self.config.limit,
            window_s: self.config.window.as_secs(),
            used: self.in_flight + (self.finished.len() - first),
            in_flight: self.in_flight,
            told_remaining: told.map(|told| told.remaining),
            blocked_for_ms: self
                .blocked_until
                .filter(|until| *until > now)
                .map(|until| u64::try_from((until - now).as_millis()).unwrap_or(u64::MAX)),
            blocks: self.blocks,
            waiting: Calls::of(waiting.map(|count| u64::try_from(count).unwrap_or(u64::MAX))),
            granted: Calls::of(self.granted),
        }
    }
}

/// Whether there is room for a call.
enum Room {
    Free,
    From(Instant),
    /// All that counts is under way.
    AfterAnAnswer,
}
