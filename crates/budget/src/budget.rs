//! The budget: who may call next.
//!
//! ```text
//! acquire(a stop)  ─┐
//! acquire(a start) ─┤   waiting, greatest priority first,     a call's place is taken from its permit
//! acquire(…)       ─┼─▶ then who came first ── head ──▶ Permit ──▶ until a window after the permit's end
//! acquire(a look)  ─┘         ▲
//!                             └── only the head keeps a timer; whoever leaves wakes the next
//! ```
//!
//! Platforms count all calls of a client together and refuse all of them once there were too many. So there is one budget
//! a process, and it counts exactly: a call counts from the moment it is allowed until a window after its answer, for
//! nobody knows when between the two the platform counted it. One that was cut off may yet arrive, so it counts for
//! longer.
//!
//! A part of the window is reserved: lesser calls never take what greater ones may need ([`Reserved`]). However many looks
//! are queued, a stop goes out at once.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

#[cfg(doc)]
use crate::Reserved;
use crate::{
    BudgetConfig, BudgetReport, BudgetSnapshot, Rank, RateLimits,
    ledger::{Key, Ledger, MyTurn},
};

/// The budget. A clone is the same budget.
pub struct Budget<P: Rank>(Arc<Mutex<Ledger<P>>>);

impl<P: Rank> Clone for Budget<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Rank> Budget<P> {
    /// A budget of which nothing is spent.
    #[must_use]
    pub fn new(config: BudgetConfig) -> Self {
        Self(Arc::new(Mutex::new(Ledger::new(config))))
    }

    /// Waits until a call of this priority may be made. Dropping the future gives the place in the queue up.
    pub async fn acquire(&self, priority: P) -> Permit<P> {
        self.acquire_at(priority, 1).await
    }

    /// The same for a call that costs as much as so many. One that costs more than its priority may ever have costs all
    /// of that.
    pub async fn acquire_at(&self, priority: P, cost: u32) -> Permit<P> {
        let cost = usize::try_from(cost).unwrap_or(usize::MAX);
        let place = Place::take(self, priority);
        loop {
            let turn = self.ledger().turn(place.key, cost, Instant::now());
            match turn {
                MyTurn::Granted { cost } => {
                    return Permit { budget: self.clone(), cost, call: Call::CutOff };
                }
                // Whether the time has come or somebody made room, the next look tells.
                MyTurn::NotBefore(at) => drop(timeout_at(at, place.called.notified()).await),
                MyTurn::WhenCalled => place.called.notified().await,
            }
        }
    }

    /// Takes note of what an answer says of the limits.
    pub fn observe(&self, told: &RateLimits) {
        self.ledger().observe(told, Instant::now());
    }

    /// The other side refused a call because there were too many: nobody calls for so long; for a
    /// window where it does not say.
    pub fn block(&self, retry_after: Option<Duration>) {
        self.ledger().block(retry_after, Instant::now());
    }

    /// What is spent, and who waits.
    #[must_use]
    pub fn snapshot(&self) -> BudgetSnapshot<P> {
        self.ledger().snapshot(Instant::now())
    }

    /// Whether it is as good as new: nothing of it counts, nobody waits and nobody is kept from calling.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        let now = self.snapshot();
        now.used == 0
            && now.waiting.sum() == 0
            && now.told_remaining.is_none()
            && now.blocked_for.is_none()
    }

    /// The same for whoever does not know the priorities, under this name.
    #[must_use]
    pub fn report(&self, name: impl Into<Box<str>>) -> BudgetReport {
        self.snapshot().report(name)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<P>> {
        // Nothing panics between two states of the ledger.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Rank> fmt::Debug for Budget<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// The right to make one call. It is held until the answer is there; a window later its place is free again.
#[derive(Debug)]
#[must_use = "a permit that is dropped before the call no longer covers it"]
pub struct Permit<P: Rank> {
    budget: Budget<P>,
    cost: usize,
    call: Call,
}

/// What became of the call.
#[derive(Debug)]
enum Call {
    /// It was not made.
    None,
    /// It was answered.
    Answered,
    /// It was cut off: it may arrive later, or not at all.
    CutOff,
}

impl<P: Rank> Permit<P> {
    /// The call was not made: its place is free at once.
    pub fn give_back(mut self) {
        self.call = Call::None;
    }

    /// The call was answered.
    pub fn answered(mut self) {
        self.call = Call::Answered;
    }

    /// The call was answered, and the answer says this of the limits; `too_many` if it was refused for there having been
    /// too many.
    pub fn answered_with(self, told: &RateLimits, too_many: bool) {
        let budget = self.budget.clone();
        // In this order: what the answer says includes this call.
        self.answered();
        budget.observe(told);
        if too_many {
            budget.block(told.retry_after.or(told.reset_in));
        }
    }
}

impl<P: Rank> Drop for Permit<P> {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        match self.call {
            Call::None => ledger.refund(self.cost),
            Call::Answered => ledger.finish(self.cost, Instant::now()),
            Call::CutOff => ledger.cut_off(self.cost, Instant::now()),
        }
    }
}

/// A place in the queue.
struct Place<'a, P: Rank> {
    budget: &'a Budget<P>,
    key: Key,
    called: Arc<Notify>,
}

impl<'a, P: Rank> Place<'a, P> {
    fn take(budget: &'a Budget<P>, priority: P) -> Self {
        let called = Arc::new(Notify::new());
        let key = budget.ledger().enter(priority, Arc::clone(&called));
        Self { budget, key, called }
    }
}

impl<P: Rank> Drop for Place<'_, P> {
    fn drop(&mut self) {
        self.budget.ledger().leave(self.key);
    }
}
