//! The ledger and its journal.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::future::{self, FutureExt as _};

use super::*;

fn morning() -> Timestamp {
    MORNING
}

/// A journal that does as it is told.
#[derive(Default)]
struct Journal {
    units: Mutex<u64>,
    writes: AtomicUsize,
    fails: AtomicBool,
    hangs: AtomicBool,
}

impl Journal {
    fn does<T: Send + 'static>(&self, work: T) -> BoxFuture<'static, Result<T, JournalError>> {
        if self.hangs.load(Ordering::Relaxed) {
            return future::pending().boxed();
        }
        let fails = self.fails.load(Ordering::Relaxed);
        let answer = if fails { Err(JournalError("the disk is full".into())) } else { Ok(work) };
        future::ready(answer).boxed()
    }

    fn units(&self) -> u64 {
        *self.units.lock().unwrap()
    }
}

impl QuotaJournal for Journal {
    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<u64, JournalError>> {
        self.does(self.units())
    }

    fn record<'a>(&'a self, _: &'a str, units: u64) -> BoxFuture<'a, Result<(), JournalError>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let answer = self.does(());
        if !self.fails.load(Ordering::Relaxed) && !self.hangs.load(Ordering::Relaxed) {
            let mut kept = self.units.lock().unwrap();
            *kept = units.max(*kept);
        }
        answer
    }
}

fn ledger(journal: &Arc<Journal>) -> QuotaLedger {
    QuotaLedger::with_clock(LIMIT, Arc::clone(journal) as Arc<dyn QuotaJournal>, morning)
}

#[tokio::test]
async fn a_restart_goes_on_from_what_the_journal_says() {
    let journal = Arc::default();
    let before = ledger(&journal);
    for _ in 0..70 {
        before.spend(Priority::Chat, 5).await.unwrap();
    }
    drop(before);
    let after = ledger(&journal);
    after.spend(Priority::Viewers, 1).await.unwrap();
    let used = after.report().used;
    assert!((351..=351 + 100).contains(&used), "{used}");
    assert!(journal.writes.load(Ordering::Relaxed) < 10, "it is not written each time");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_stops_nobody_and_misses_nothing() {
    let journal = Arc::new(Journal { units: Mutex::new(1_000), ..Journal::default() });
    journal.fails.store(true, Ordering::Relaxed);
    let ledger = ledger(&journal);
    for _ in 0..30 {
        ledger.spend(Priority::Send, 20).await.unwrap();
    }
    assert_eq!((journal.units(), ledger.report().used), (1_000, 600));
    journal.fails.store(false, Ordering::Relaxed);
    // Nothing more is spent: it is written all the same.
    while journal.units() < 1_600 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(ledger.report().used, 1_600);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_hangs_is_waited_for_once() {
    let journal: Arc<Journal> = Arc::default();
    journal.hangs.store(true, Ordering::Relaxed);
    let ledger = ledger(&journal);
    let begun = Instant::now();
    let all = (0..50).map(|_| ledger.spend(Priority::Chat, 5));
    assert!(future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(begun.elapsed(), JOURNAL_TIMEOUT);
}

#[tokio::test]
async fn what_google_says_counts() {
    let journal: Arc<Journal> = Arc::default();
    let ledger = ledger(&journal);
    ledger.spend(Priority::Chat, 5).await.unwrap();
    ledger.use_up();
    let refused = ledger.spend(Priority::Stop, 50).await.unwrap_err();
    assert_eq!(refused, Error::QuotaExhausted { retry_after: Day::at(MORNING).left(MORNING) });
    assert_eq!(ledger.pace(), None);
    let report = ledger.report();
    assert_eq!((report.used, report.limit), (LIMIT, LIMIT));
    assert!(report.blocked_for_ms.is_some());
}

#[tokio::test]
async fn a_call_that_never_went_out_is_given_back() {
    let ledger = ledger(&Arc::default());
    let spent = ledger.spend(Priority::Chat, 5).await.unwrap();
    let kept = ledger.spend(Priority::Chat, 5).await.unwrap();
    spent.give_back();
    drop(kept);
    assert_eq!(ledger.report().used, 5);
}
