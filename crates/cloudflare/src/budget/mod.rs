//! The budget: who may call Cloudflare next.
//!
//! ```text
//! acquire(Stop)    ─┐
//! acquire(Start)   ─┤   waiting, greatest priority first,     a call's place is taken from its permit
//! acquire(Confirm) ─┼─▶ then who came first ── head ──▶ Permit ──▶ until a window after the permit's end
//! acquire(Poll)    ─┘         ▲
//!                             └── only the head keeps a timer; whoever leaves wakes the next
//! ```
//!
//! Cloudflare allows 1,200 calls in five minutes for all that is done in the name of one user, and answers one call
//! more with five minutes of 429 for everybody
//! (<https://developers.cloudflare.com/fundamentals/api/reference/limits/>). So there is one budget a process, and it
//! counts exactly: a call counts from the moment it is allowed until a window after its answer, for nobody knows when
//! between the two Cloudflare counted it. One that was cut off may yet arrive, so it counts for longer.
//!
//! A part of the window is reserved: polls never take what a confirmation may need, nor confirmations what a start may
//! need, nor starts what a stop may need. However many polls are queued, a stop goes out at once.

mod config;
mod ledger;
mod snapshot;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

pub use config::{BudgetConfig, Priority, Reserved};
use ledger::{Key, Ledger, MyTurn};
pub use snapshot::{BudgetSnapshot, Calls};

use crate::RateHeaders;

/// The budget. A clone is the same budget.
#[derive(Clone)]
pub struct Budget(Arc<Mutex<Ledger>>);

impl Budget {
    /// A budget of which nothing is spent.
    #[must_use]
    pub fn new(config: BudgetConfig) -> Self {
        Self(Arc::new(Mutex::new(Ledger::new(config))))
    }

    /// Waits until a call of this priority may be made. Dropping the future gives the place in the queue up.
    pub async fn acquire(&self, priority: Priority) -> Permit {
        let place = Place::take(self, priority);
        loop {
            let turn = self.ledger().turn(place.key, Instant::now());
            match turn {
                MyTurn::Granted => return Permit { budget: self.clone(), call: Call::CutOff },
                // Whether the time has come or somebody made room, the next look tells.
                MyTurn::NotBefore(at) => drop(timeout_at(at, place.called.notified()).await),
                MyTurn::WhenCalled => place.called.notified().await,
            }
        }
    }

    /// Takes note of what an answer says of the limits.
    pub fn observe(&self, headers: &RateHeaders) {
        self.ledger().observe(headers, Instant::now());
    }

    /// Cloudflare refused a call because there were too many: nobody calls for so long.
    pub fn block(&self, retry_after: Option<Duration>) {
        self.ledger().block(retry_after, Instant::now());
    }

    /// What is spent, and who waits.
    #[must_use]
    pub fn snapshot(&self) -> BudgetSnapshot {
        self.ledger().snapshot(Instant::now())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Nothing panics between two states of the ledger.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// The right to make one call. It is held until the answer is there; a window later its place is free again.
#[derive(Debug)]
#[must_use = "a permit that is dropped before the call no longer covers it"]
pub struct Permit {
    budget: Budget,
    call: Call,
}

/// What became of the call.
#[derive(Debug)]
pub(crate) enum Call {
    /// It was not made.
    None,
    /// It was answered.
    Answered,
    /// It was cut off: it may arrive at Cloudflare later, or not at all.
    CutOff,
}

impl Permit {
    /// The call was not made: its place is free at once.
    pub fn give_back(mut self) {
        self.call = Call::None;
    }

    /// The call was answered.
    pub(crate) fn answered(mut self) {
        self.call = Call::Answered;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        match self.call {
            Call::None => ledger.refund(),
            Call::Answered => ledger.finish(Instant::now()),
            Call::CutOff => ledger.cut_off(Instant::now()),
        }
    }
}

/// How a call comes to its turn.
#[derive(Debug)]
pub enum Turn {
    /// It waits for it.
    Wait(Priority),
    /// It has it.
    Has(Permit),
}

impl Turn {
    pub(crate) async fn take(self, budget: &Budget) -> Permit {
        match self {
            Self::Wait(priority) => budget.acquire(priority).await,
            Self::Has(permit) => permit,
        }
    }
}

impl From<Priority> for Turn {
    fn from(priority: Priority) -> Self {
        Self::Wait(priority)
    }
}

impl From<Permit> for Turn {
    fn from(permit: Permit) -> Self {
        Self::Has(permit)
    }
}

/// A place in the queue.
struct Place<'a> {
    budget: &'a Budget,
    key: Key,
    called: Arc<Notify>,
}

impl<'a> Place<'a> {
    fn take(budget: &'a Budget, priority: Priority) -> Self {
        let called = Arc::new(Notify::new());
        let key = budget.ledger().enter(priority, Arc::clone(&called));
        Self { budget, key, called }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.budget.ledger().leave(self.key);
    }
}
