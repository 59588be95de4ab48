//! The count itself: what is spent, what is kept for whom, and how much of it is written down.

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_budget::{BudgetReport, PriorityReport};
use tokio::time::Instant;

use super::{cost, day::Day};
use crate::Priority;

/// The greatest first.
const PRIORITIES: [Priority; 5] =
    [Priority::Stop, Priority::Send, Priority::Metadata, Priority::Chat, Priority::Viewers];

/// What is kept of a day for each of them, in thousandths: the lesser ones do not get at it. With 10,000 units that is
/// six broadcasts ended or viewers banned, sixty messages sent, and what finds things again.
const RESERVES: [u64; 5] = [30, 120, 50, 200, 0];

/// The least that is written ahead.
const LEAST_AHEAD: u64 = 100;

/// A day of the ledger.
#[derive(Debug)]
pub(crate) struct Book {
    limit: u64,
    day: Day,
    /// What is spent of this day, as far as it is known.
    spent: u64,
    /// By priority: what this process has spent of this day.
    used: [u64; 5],
    /// By priority: how many calls were allowed, ever.
    granted: [u64; 5],
    /// The journal has been read for this day.
    loaded: bool,
    /// The journal says so much: a process that begins now would count from there.
    ahead: u64,
    /// The journal has failed: it is asked again then.
    journal_after: Option<Instant>,
    /// Somebody waits for it to work again.
    mending: bool,
}

/// What is to be done before a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing: it is paid for.
    Granted,
    /// The journal comes first.
    Journal,
    /// It is not to be made before so long.
    Refused(Duration),
}

/// What the journal lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) day: Day,
    /// It is to be read before.
    pub(crate) load: bool,
}

impl Book {
    pub(crate) fn new(limit: u64, now: Timestamp) -> Self {
        Self {
            limit,
            day: Day::at(now),
            spent: 0,
            used: [0; 5],
            granted: [0; 5],
            loaded: false,
            ahead: 0,
            journal_after: None,
            mending: false,
        }
    }

    /// Pays for a call, if it can be.
    pub(crate) fn spend(
        &mut self,
        priority: Priority,
        cost: u32,
        now: (Timestamp, Instant),
    ) -> Step {
        self.turn_page(now.0);
        let cost = u64::from(cost.max(1));
        let journal_works = self.journal_after.is_none_or(|at| at <= now.1);
        if journal_works && !self.loaded {
            return Step::Journal;
        }
        if self.spent + cost + self.kept_from(priority) > self.limit {
            return Step::Refused(self.day.left(now.0));
        }
        if journal_works && self.spent + cost > self.ahead {
            return Step::Journal;
        }
        self.spent += cost;
        self.used[priority as usize] += cost;
        self.granted[priority as usize] += 1;
        Step::Granted
    }

    /// A call was paid for and has not gone out.
    pub(crate) fn give_back(&mut self, priority: Priority, cost: u32, day: &Day) {
        if self.day == *day && self.spent < self.limit {
            let cost = u64::from(cost.max(1));
            self.spent = self.spent.saturating_sub(cost);
            let used = &mut self.used[priority as usize];
            *used = used.saturating_sub(cost);
        }
    }

    /// Google says that nothing is left of this day.
    pub(crate) fn use_up(&mut self, now: Timestamp) {
        self.turn_page(now);
        self.spent = self.spent.max(self.limit);
    }

    /// What of the rest is kept for greater things than this.
    fn kept_from(&self, priority: Priority) -> u64 {
        let greater = &PRIORITIES[..priority as usize];
        greater.iter().map(|greater| self.reserve(*greater)).sum()
    }

    /// What is left of a priority's reserve.
    fn reserve(&self, priority: Priority) -> u64 {
        let whole = self.limit * RESERVES[priority as usize] / 1000;
        whole.saturating_sub(self.used[priority as usize])
    }

    fn turn_page(&mut self, now: Timestamp) {
        if now >= self.day.ends {
            let (granted, journal_after, mending) =
                (self.granted, self.journal_after, self.mending);
            *self = Self { granted, journal_after, mending, ..Self::new(self.limit, now) };
        }
    }

    /// How long to wait from one call for chat to the next, if so many chats are read: nothing while there is plenty,
    /// and from half of what chats may use on as long as it takes for the rest to last for the rest of the day. None
    /// when nothing is left for chats.
    pub(crate) fn pace(&mut self, chats: usize, now: Timestamp) -> Option<Duration> {
        self.turn_page(now);
        let kept = self.kept_from(Priority::Chat);
        let left = self.limit.saturating_sub(self.spent + kept);
        let share = self.limit.saturating_sub(kept).max(1);
        if left < u64::from(cost::STREAM_CHAT) {
            return None;
        }
        // In thousandths: nothing when all of it is there, everything when half of it is.
        let earnest = (2 * (1000 - (left.min(share) * 1000 / share))).min(1000);
        let calls_left = left / u64::from(cost::STREAM_CHAT);
        let evenly = self.day.left(now).as_millis() * chats.max(1) as u128 / u128::from(calls_left);
        let millis = evenly * u128::from(earnest) / 1000;
        Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
    }

    /// What the journal lacks for a call of this cost, if it can be asked; for none, what it should have by now.
    pub(crate) fn due(&mut self, cost: u32, now: (Timestamp, Instant)) -> Option<Due> {
        self.turn_page(now.0);
        let can_be_asked = self.journal_after.is_none_or(|at| at <= now.1);
        let is_behind = !self.loaded || self.spent + u64::from(cost) > self.ahead;
        (can_be_asked && is_behind).then(|| Due { day: self.day.clone(), load: !self.loaded })
    }

    /// What to write into the journal: more than is spent, so that it is not asked each time.
    pub(crate) fn target(&self, cost: u32) -> u64 {
        let ahead = LEAST_AHEAD.max(self.limit / 100);
        let needed = self.spent + u64::from(cost);
        (needed + ahead).min(self.limit).max(needed).max(self.ahead)
    }

    /// The journal was read.
    pub(crate) fn loaded(&mut self, day: &Day, units: u64) {
        if self.day == *day && !self.loaded {
            self.loaded = true;
            self.spent = self.spent.saturating_add(units);
            self.ahead = units;
        }
    }

    /// The journal was written. Whether it had failed before.
    pub(crate) fn recorded(&mut self, day: &Day, units: u64) -> bool {
        if self.day == *day {
            self.ahead = self.ahead.max(units);
        }
        self.journal_after.take().is_some()
    }

    /// The journal has failed. Whether it had worked before.
    pub(crate) fn journal_failed(&mut self, again_at: Instant) -> bool {
        self.journal_after.replace(again_at).is_none()
    }

    /// Somebody will wait for the journal; false if somebody does already.
    pub(crate) fn begin_mending(&mut self) -> bool {
        !std::mem::replace(&mut self.mending, true)
    }

    /// Whether the journal has what is spent: then nobody waits for it any more.
    pub(crate) fn end_mending(&mut self, now: Timestamp) -> bool {
        self.turn_page(now);
        self.mending = !self.loaded || self.spent > self.ahead;
        !self.mending
    }

    pub(crate) fn day(&self) -> &Day {
        &self.day
    }

    #[cfg(test)]
    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }

    pub(crate) fn report(&mut self, now: Timestamp) -> BudgetReport {
        self.turn_page(now);
        let left = self.day.left(now);
        let priority = |priority: &Priority| PriorityReport {
            name: format!("{priority:?}").to_lowercase().into(),
            waiting: 0,
            granted: self.granted[*priority as usize],
        };
        BudgetReport {
            name: "youtube quota".into(),
            limit: self.limit,
            used: self.spent.min(self.limit),
            window_ms: 24 * 60 * 60 * 1000,
            blocked_for_ms: (self.spent >= self.limit)
                .then(|| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            priorities: PRIORITIES.iter().map(priority).collect(),
        }
    }
}
