//! The budget in paused time.

mod model;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::{JoinSet, yield_now},
    time::{Instant, sleep},
};

use super::*;

const WINDOW: Duration = Duration::from_mins(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Priority {
    Stop,
    Start,
    Confirm,
    Poll,
}

impl Rank for Priority {
    const ALL: &'static [Self] = &[Self::Stop, Self::Start, Self::Confirm, Self::Poll];

    fn rank(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        ["stop", "start", "confirm", "poll"][self.rank()]
    }
}

type Budget = crate::Budget<Priority>;

/// Those of Cloudflare.
const LIMITS: BudgetConfig =
    BudgetConfig { limit: 1200, window: WINDOW, burst: 150, reserved: RESERVED };

const RESERVED: Reserved = Reserved(&[20, 25, 15]);

fn small(limit: u32) -> Budget {
    let reserved = Reserved::default();
    Budget::new(BudgetConfig { limit, window: WINDOW, burst: u32::MAX, reserved })
}

fn waiting(budget: &Budget) -> [u64; 4] {
    let waiting = budget.snapshot().waiting;
    [Priority::Stop, Priority::Start, Priority::Confirm, Priority::Poll].map(|one| waiting[one])
}

/// Makes a call that is answered at once.
async fn call(budget: &Budget, priority: Priority) {
    budget.acquire(priority).await.answered();
}

/// Lets everything happen that needs no time to pass.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_call_beyond_the_limit_waits_until_the_first_one_is_a_window_old() {
    let budget = small(3);
    let start = Instant::now();
    for _ in 0..3 {
        call(&budget, Priority::Poll).await;
        sleep(Duration::from_secs(10)).await;
    }
    call(&budget, Priority::Poll).await;
    assert_eq!(start.elapsed().as_secs(), 300);
    call(&budget, Priority::Poll).await;
    assert_eq!(start.elapsed().as_secs(), 310);
}

#[tokio::test(start_paused = true)]
async fn a_call_counts_until_a_window_after_its_answer() {
    let budget = small(1);
    let permit = budget.acquire(Priority::Start).await;
    let waiting = tokio::spawn({
        let budget = budget.clone();
        async move {
            call(&budget, Priority::Stop).await;
            Instant::now()
        }
    });
    sleep(WINDOW * 2).await;
    assert!(!waiting.is_finished(), "the first call may arrive any moment");
    let answered = Instant::now();
    permit.answered();
    assert_eq!((waiting.await.unwrap() - answered).as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn with_ten_thousand_polls_queued_no_call_that_matters_waits() {
    let budget = Budget::new(LIMITS);
    let polled = Arc::new(AtomicUsize::new(0));
    let mut polls = JoinSet::new();
    for _ in 0..10_000 {
        let (budget, polled) = (budget.clone(), Arc::clone(&polled));
        polls.spawn(async move {
            loop {
                let permit = budget.acquire(Priority::Poll).await;
                sleep(Duration::from_millis(100)).await;
                permit.answered();
                polled.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    sleep(Duration::from_mins(1)).await;
    assert_eq!(polled.load(Ordering::Relaxed), 480, "the polls have their share and no more");
    assert_eq!(waiting(&budget)[3], 10_000);
    let start = Instant::now();
    for priority in [Priority::Confirm, Priority::Start, Priority::Stop] {
        for _ in 0..50 {
            call(&budget, priority).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "{priority:?}");
    }
    assert_eq!(waiting(&budget)[3], 10_000);
}

#[tokio::test(start_paused = true)]
async fn confirmations_and_starts_leave_room_for_stops() {
    let budget = Budget::new(BudgetConfig { burst: u32::MAX, ..LIMITS });
    for (priority, in_all) in [
        (Priority::Poll, 480),
        (Priority::Confirm, 660),
        (Priority::Start, 960),
        (Priority::Stop, 1200),
    ] {
        let mut calls = 0;
        while tokio::time::timeout(Duration::ZERO, call(&budget, priority)).await.is_ok() {
            calls += 1;
            assert!(calls <= 1200);
        }
        assert_eq!(budget.snapshot().used, in_all, "{priority:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_burst_goes_out_in_a_second() {
    let reserved = Reserved::default();
    let budget = Budget::new(BudgetConfig { burst: 10, reserved, ..LIMITS });
    let start = Instant::now();
    for _ in 0..25 {
        call(&budget, Priority::Start).await;
    }
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let budget = small(1);
    call(&budget, Priority::Poll).await;
    let mut queue = JoinSet::new();
    for priority in [Priority::Stop, Priority::Start, Priority::Poll] {
        let budget = budget.clone();
        queue.spawn(async move { call(&budget, priority).await });
    }
    settle().await;
    assert_eq!(waiting(&budget), [1, 1, 0, 1]);
    queue.shutdown().await;
    assert_eq!(waiting(&budget), [0; 4]);
    assert_eq!(budget.snapshot().used, 1);
    let start = Instant::now();
    call(&budget, Priority::Poll).await;
    assert_eq!(start.elapsed().as_secs(), 300, "the queue goes on");
}

#[tokio::test(start_paused = true)]
async fn when_the_first_in_the_queue_gives_up_the_next_one_takes_its_turn() {
    let budget = small(1);
    call(&budget, Priority::Poll).await;
    let first = tokio::spawn({
        let budget = budget.clone();
        async move { call(&budget, Priority::Stop).await }
    });
    settle().await;
    let second = tokio::spawn({
        let budget = budget.clone();
        async move { call(&budget, Priority::Poll).await }
    });
    settle().await;
    first.abort();
    let start = Instant::now();
    second.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_nobody_calls_until_the_block_is_over() {
    let budget = Budget::new(LIMITS);
    budget.block(Some(Duration::from_secs(42)));
    budget.block(Some(Duration::from_secs(7)));
    assert_eq!(budget.snapshot().blocks, 1, "answers of calls under way tell of the same block");
    let start = Instant::now();
    call(&budget, Priority::Stop).await;
    assert_eq!(start.elapsed().as_secs(), 42);
    budget.block(None);
    call(&budget, Priority::Stop).await;
    assert_eq!(start.elapsed().as_secs(), 42 + 300, "five minutes where nothing is said");
    budget.block(Some(Duration::from_hours(100)));
    call(&budget, Priority::Stop).await;
    assert_eq!(start.elapsed().as_secs(), 42 + 300 + 3600, "an hour at most");
}

#[tokio::test(start_paused = true)]
async fn the_other_sides_word_counts_when_others_call_in_the_same_name() {
    let budget = Budget::new(LIMITS);
    let told = |remaining| RateLimits {
        limit: Some(1200),
        remaining: Some(remaining),
        reset_in: Some(Duration::from_secs(30)),
        retry_after: None,
    };
    budget.observe(&told(2));
    let start = Instant::now();
    call(&budget, Priority::Stop).await;
    call(&budget, Priority::Stop).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    call(&budget, Priority::Stop).await;
    assert_eq!(start.elapsed().as_secs(), 30);
    // Polls leave their reserve to the others here too.
    budget.observe(&told(700));
    call(&budget, Priority::Start).await;
    assert_eq!(start.elapsed().as_secs(), 30);
    call(&budget, Priority::Poll).await;
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_cut_off_counts_for_longer() {
    let budget = small(2);
    let start = Instant::now();
    drop(budget.acquire(Priority::Poll).await);
    call(&budget, Priority::Poll).await;
    call(&budget, Priority::Poll).await;
    assert_eq!(start.elapsed().as_secs(), 300, "the one that was answered");
    call(&budget, Priority::Poll).await;
    assert_eq!(start.elapsed().as_secs(), 310, "the one that may have arrived late");
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_given_back_is_free_at_once() {
    let budget = small(1);
    let permit = budget.acquire(Priority::Start).await;
    let waiting = tokio::spawn({
        let budget = budget.clone();
        async move { call(&budget, Priority::Stop).await }
    });
    settle().await;
    let start = Instant::now();
    permit.give_back();
    waiting.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(budget.snapshot().used, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_costs_as_much_as_five_takes_the_place_of_five() {
    let budget = small(6);
    let start = Instant::now();
    budget.acquire_at(Priority::Start, 5).await.answered();
    call(&budget, Priority::Start).await;
    assert_eq!((start.elapsed(), budget.snapshot().used), (Duration::ZERO, 6));
    sleep(Duration::from_secs(10)).await;
    budget.acquire_at(Priority::Start, 2).await.give_back();
    assert_eq!(start.elapsed().as_secs(), 300);
    budget.acquire_at(Priority::Start, 1000).await.answered();
    assert_eq!(budget.snapshot().used, 6, "no more than there is");
}

#[tokio::test(start_paused = true)]
async fn an_answer_tells_the_budget_and_a_refusal_blocks_it() {
    let budget = small(100);
    let told = RateLimits {
        remaining: Some(1),
        reset_in: Some(Duration::from_secs(30)),
        ..RateLimits::default()
    };
    budget.acquire(Priority::Poll).await.answered_with(&told, false);
    assert_eq!(budget.snapshot().told_remaining, Some(1));
    let start = Instant::now();
    budget.acquire(Priority::Poll).await.answered_with(&told, true);
    call(&budget, Priority::Stop).await;
    assert_eq!(start.elapsed().as_secs(), 30, "until the window begins anew");
    let report = budget.report("ours");
    assert_eq!((&*report.name, report.limit, report.used), ("ours", 100, 3));
    let names: Vec<_> = report.priorities.iter().map(|one| (&*one.name, one.granted)).collect();
    assert_eq!(names, [("stop", 1), ("start", 0), ("confirm", 0), ("poll", 2)]);
}

#[test]
fn even_a_limit_of_one_lets_the_least_through() {
    let reserved = Reserved(&[500, u32::MAX, 500]);
    for rank in 0..4 {
        assert_eq!(reserved.left_by(rank, 1), 0);
        assert!(reserved.left_by(rank, 1200) < 1200);
    }
}
