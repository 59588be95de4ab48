//! What is spent and who waits: all of the budget but the waiting itself.

use std::{
    collections::{BTreeMap, VecDeque},
    marker::PhantomData,
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{BudgetConfig, BudgetSnapshot, Calls, Rank, RateLimits};

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
    Granted { cost: usize },
    /// Not before then, unless they are called.
    NotBefore(Instant),
    /// They are called when it may be.
    WhenCalled,
}

pub(super) struct Ledger<P> {
    config: BudgetConfig,
    waiting: BTreeMap<Key, Arc<Notify>>,
    arrivals: u64,
    /// What calls cost that were allowed and whose answers are not there.
    in_flight: usize,
    /// When the answers of the others came, each as often as its call has cost, the oldest first; none older than the
    /// window.
    finished: VecDeque<Instant>,
    blocked_until: Option<Instant>,
    told: Option<Told>,
    granted: Box<[u64]>,
    blocks: u64,
    priority: PhantomData<P>,
}

/// What the other side said was left, less what we took since. Others call in the same name: its word counts for more
/// than our count when it is the smaller.
#[derive(Clone, Copy)]
struct Told {
    /// Of how many.
    limit: u32,
    remaining: usize,
    until: Instant,
}

impl<P: Rank> Ledger<P> {
    pub(super) fn new(config: BudgetConfig) -> Self {
        Self {
            config,
            waiting: BTreeMap::new(),
            arrivals: 0,
            in_flight: 0,
            finished: VecDeque::new(),
            blocked_until: None,
            told: None,
            granted: P::ALL.iter().map(|_| 0).collect(),
            blocks: 0,
            priority: PhantomData,
        }
    }

    pub(super) fn enter(&mut self, priority: P, called: Arc<Notify>) -> Key {
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

    /// A call that costs more than its priority may ever have costs all of that.
    pub(super) fn turn(&mut self, key: Key, cost: usize, now: Instant) -> MyTurn {
        self.forget_before(now);
        if self.waiting.first_key_value().is_none_or(|(head, _)| *head != key) {
            return MyTurn::WhenCalled;
        }
        let cost = self.cost(key.0, cost);
        match self.room(key.0, cost, now) {
            Room::Free => {}
            Room::From(at) => return MyTurn::NotBefore(at),
            Room::AfterAnAnswer => return MyTurn::WhenCalled,
        }
        self.waiting.remove(&key);
        self.in_flight += cost;
        self.granted[key.0] += 1;
        if let Some(told) = &mut self.told {
            told.remaining = told.remaining.saturating_sub(cost);
        }
        self.call_head();
        MyTurn::Granted { cost }
    }

    pub(super) fn finish(&mut self, cost: usize, at: Instant) {
        self.in_flight -= cost;
        let place = self.finished.partition_point(|other| *other <= at);
        for _ in 0..cost {
            self.finished.insert(place, at);
        }
        self.call_head();
    }

    /// No answer came. The other side may count the call when it arrives, as if it were finished then.
    pub(super) fn cut_off(&mut self, cost: usize, now: Instant) {
        self.finish(cost, now + self.config.window.min(LATEST_ARRIVAL));
    }

    /// A call was allowed and not made.
    pub(super) fn refund(&mut self, cost: usize) {
        self.in_flight -= cost;
        if let Some(told) = &mut self.told {
            told.remaining += cost;
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

    pub(super) fn observe(&mut self, told: &RateLimits, now: Instant) {
        if let (Some(remaining), Some(reset)) = (told.remaining, told.reset_in) {
            let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
            // Calls under way may not have been counted when the answer was written.
            let remaining = remaining.saturating_sub(self.in_flight);
            let limit = told.limit.map_or(self.config.limit, |limit| limit.min(self.config.limit));
            self.told = Some(Told { limit, remaining, until: now + reset.min(self.config.window) });
            self.call_head();
        }
    }

    /// What a call of this rank costs that says it costs so much: no more than could ever be free for it.
    fn cost(&self, rank: usize, cost: usize) -> usize {
        let BudgetConfig { limit, burst, reserved, .. } = self.config;
        let most = |limit: u32| size(limit) - reserved.left_by(rank, limit);
        cost.min(most(limit)).min(most(burst)).max(1)
    }

    /// Whether a call of this rank has room.
    fn room(&self, rank: usize, cost: usize, now: Instant) -> Room {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Room::From(until);
        }
        let BudgetConfig { limit, window, burst, reserved } = self.config;
        if let Some(told) = self.told
            && told.until > now
            && told.remaining < reserved.left_by(rank, told.limit) + cost
        {
            return Room::From(told.until);
        }
        match self.room_within(window, limit, reserved.left_by(rank, limit), cost, now) {
            Room::Free => self.room_within(SECOND, burst, reserved.left_by(rank, burst), cost, now),
            none => none,
        }
    }

    /// Whether there is room under one limit when `left` calls must be left.
    fn room_within(
        &self,
        window: Duration,
        limit: u32,
        left: usize,
        cost: usize,
        now: Instant,
    ) -> Room {
        let first = self.finished.partition_point(|at| *at + window <= now);
        let used = self.in_flight + (self.finished.len() - first);
        let allowed = size(limit) - left;
        if used + cost <= allowed {
            return Room::Free;
        }
        // So many must fall out of the window first; they do so in the order in which they finished.
        let too_many = used + cost - allowed;
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

    pub(super) fn snapshot(&self, now: Instant) -> BudgetSnapshot<P> {
        let first = self.finished.partition_point(|at| *at + self.config.window <= now);
        let waiting = |priority: &P| {
            let rank = priority.rank();
            self.waiting.range((rank, 0)..(rank + 1, 0)).count() as u64
        };
        let told = self.told.filter(|told| told.until > now);
        let blocked_until = self.blocked_until.filter(|until| *until > now);
        BudgetSnapshot {
            limit: self.config.limit,
            window: self.config.window,
            used: self.in_flight + (self.finished.len() - first),
            in_flight: self.in_flight,
            told_remaining: told.map(|told| told.remaining),
            blocked_for: blocked_until.map(|until| until - now),
            blocks: self.blocks,
            waiting: Calls::of(P::ALL.iter().map(waiting)),
            granted: Calls::of(self.granted.iter().copied()),
        }
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).expect("a u32 fits")
}

/// Whether there is room for a call.
enum Room {
    Free,
    From(Instant),
    /// All that counts is under way.
    AfterAnAnswer,
}
