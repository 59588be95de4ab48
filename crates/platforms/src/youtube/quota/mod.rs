//! The quota that Google gives a project for a day, and that all users share.
//!
//! ```text
//! stop, ban ────┐   what is left, but what is kept        Granted: counted at once, and written down before
//! send ─────────┤   for those above                       ──▶ the call is made
//! metadata ─────┼─▶ Book ─────────────────────────────────
//! chat ─────────┤    ▲ ahead of what is spent             Refused: until midnight, Pacific Time
//! viewers ──────┘    ▼
//!                 QuotaJournal: a crash counts too much, never too little
//! ```
//!
//! Reading chats takes most of it: 5 units a call, and Google ends calls after a while. So the ledger also says how often
//! a chat may be read: at first as often as it likes, and the more is spent, the more evenly over what is left of the
//! day, divided among all chats that are read.
//!
//! A journal that fails stops nobody: the count goes on in memory, and is written as soon as the journal works again.

mod book;
pub(crate) mod cost;
mod day;
mod journal;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use stagedoor_budget::{BudgetReport, RateLimits};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

pub use journal::{JournalError, NoJournal, QuotaJournal};

use crate::{
    Error, Priority,
    http::{Claim, Held, Permit, Turns},
};
use book::{Book, Due, Step};
use day::Day;

/// How long the journal may take.
const JOURNAL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a journal that has failed is left alone.
const JOURNAL_AGAIN: Duration = Duration::from_secs(5);

/// How the time is told.
pub(crate) type Clock = fn() -> Timestamp;

/// The ledger. A clone is the same one.
#[derive(Clone)]
pub struct QuotaLedger(Arc<Shared>);

struct Shared {
    book: Mutex<Book>,
    journal: Arc<dyn QuotaJournal>,
    /// Held by whoever asks the journal.
    asking: tokio::sync::Mutex<()>,
    chats: AtomicUsize,
    clock: Clock,
}

impl QuotaLedger {
    /// So many units a day, counted in this journal.
    #[must_use]
    pub fn new(units_a_day: u64, journal: Arc<dyn QuotaJournal>) -> Self {
        Self::with_clock(units_a_day, journal, Timestamp::now)
    }

    pub(crate) fn with_clock(
        units_a_day: u64,
        journal: Arc<dyn QuotaJournal>,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Shared {
            book: Mutex::new(Book::new(units_a_day, clock())),
            journal,
            asking: tokio::sync::Mutex::default(),
            chats: AtomicUsize::new(0),
            clock,
        }))
    }

    /// Pays for a call, before it is made.
    ///
    /// # Errors
    /// [`Error::QuotaExhausted`], until midnight.
    pub(crate) async fn spend(&self, priority: Priority, cost: u32) -> Result<Spent, Error> {
        loop {
            let step = self.0.book().spend(priority, cost, self.0.now());
            match step {
                Step::Granted => {
                    let day = self.0.book().day().clone();
                    return Ok(Spent { ledger: self.clone(), priority, cost, day });
                }
                Step::Refused(retry_after) => return Err(Error::QuotaExhausted { retry_after }),
                Step::Journal => self.0.write(cost).await,
            }
        }
    }

    /// Google says that nothing is left of this day.
    pub(crate) fn use_up(&self) {
        let until = {
            let mut book = self.0.book();
            book.use_up(self.0.now().0);
            book.day().ends
        };
        warn!(%until, "youtube says that the quota of the day is used up");
        self.0.mend();
    }

    /// How long it takes until there is more.
    pub(crate) fn until_midnight(&self) -> Duration {
        let now = self.0.now().0;
        self.0.book().day().left(now)
    }

    /// One chat more is read, until this is dropped.
    pub(crate) fn take_seat(&self) -> Seat {
        self.0.chats.fetch_add(1, Ordering::Relaxed);
        Seat(Arc::clone(&self.0))
    }

    /// How long to wait from one call for a chat to the next; none when nothing is left for chats.
    pub(crate) fn pace(&self) -> Option<Duration> {
        let chats = self.0.chats.load(Ordering::Relaxed);
        self.0.book().pace(chats, self.0.now().0)
    }

    /// What is spent of the day.
    #[must_use]
    pub fn report(&self) -> BudgetReport {
        self.0.book().report(self.0.now().0)
    }
}

impl fmt::Debug for QuotaLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QuotaLedger").field(&self.report()).finish()
    }
}

impl Turns for QuotaLedger {
    fn take<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>> {
        Box::pin(async move {
            let spent = self.spend(claim.priority, claim.cost).await?;
            Ok(Permit::new(spent))
        })
    }
}

/// What a call was paid with. However it is answered, it stays paid.
#[derive(Debug)]
pub(crate) struct Spent {
    ledger: QuotaLedger,
    priority: Priority,
    cost: u32,
    day: Day,
}

impl Spent {
    /// The call has not gone out.
    pub(crate) fn give_back(self) {
        self.ledger.0.book().give_back(self.priority, self.cost, &self.day);
    }
}

impl Held for Spent {
    fn answered(self: Box<Self>, _: &RateLimits, _: bool) {}
}

/// See [`QuotaLedger::take_seat`].
pub(crate) struct Seat(Arc<Shared>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.chats.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing panics between two states of the book.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> (Timestamp, Instant) {
        ((self.clock)(), Instant::now())
    }

    /// Brings the journal up to date for a call of this cost. When it fails it is left alone for a while, and what it
    /// lacks comes later.
    async fn write(self: &Arc<Self>, cost: u32) {
        let _asking = self.asking.lock().await;
        // Somebody else may have done it meanwhile.
        let Some(due) = self.book().due(cost, self.now()) else { return };
        let why = match timeout(JOURNAL_TIMEOUT, self.ask_journal(&due, cost)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => JournalError("it takes too long".into()),
        };
        let had_worked = self.book().journal_failed(Instant::now() + JOURNAL_AGAIN);
        if had_worked {
            warn!(error = %why, "youtube's quota is counted in memory only: its journal fails");
        }
        self.mend();
    }

    async fn ask_journal(&self, due: &Due, cost: u32) -> Result<(), JournalError> {
        let name = due.day.name();
        if due.load {
            let units = self.journal.load(&name).await?;
            self.book().loaded(&due.day, units);
        }
        let target = self.book().target(cost);
        self.journal.record(&name, target).await?;
        let had_failed = self.book().recorded(&due.day, target);
        if had_failed {
            info!("the journal of youtube's quota works again");
        }
        Ok(())
    }

    /// Sees to it that the journal gets what is spent, if nobody does yet.
    fn mend(self: &Arc<Self>) {
        if self.book().begin_mending() {
            tokio::spawn(mend(Arc::downgrade(self)));
        }
    }
}

/// Asks the journal until it has what is spent.
async fn mend(shared: Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        shared.write(0).await;
        let is_done = shared.book().end_mending(shared.now().0);
        drop(shared);
        if is_done {
            return;
        }
        sleep(JOURNAL_AGAIN).await;
    }
}
