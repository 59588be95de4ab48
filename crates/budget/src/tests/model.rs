//! Any sequence of calls, in any order and of any length, given up or not: what holds for all of them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::*;

const LIMIT: u32 = 10;
const WINDOW: Duration = Duration::from_secs(20);
const BURST: u32 = 4;

#[derive(Clone, Debug)]
enum Step {
    Call { at_ms: u64, priority: Priority, takes_ms: u64, gives_up_after_ms: Option<u64> },
    Block { at_ms: u64, seconds: u64 },
}

#[derive(Clone, Copy, Debug)]
struct Record {
    arrived: Instant,
    priority: Priority,
    /// When it left the queue, and how.
    left: Instant,
    granted: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let call = (0..60_000u64, 0..4usize, 0..3_000u64, prop::option::of(0..40_000u64)).prop_map(
        |(at_ms, priority, takes_ms, gives_up_after_ms)| Step::Call {
            at_ms,
            priority: Priority::ALL[priority],
            takes_ms,
            gives_up_after_ms,
        },
    );
    let block =
        (0..60_000u64, 0..30u64).prop_map(|(at_ms, seconds)| Step::Block { at_ms, seconds });
    prop_oneof![20 => call, 1 => block]
}

/// Runs the steps and tells who left the queue when, in the order in which it happened.
async fn run(steps: Vec<Step>) -> (Vec<Record>, Vec<(Instant, Instant)>) {
    let budget = Budget::new(BudgetConfig {
        limit: LIMIT,
        window: WINDOW,
        burst: BURST,
        reserved: RESERVED,
    });
    let records = Arc::new(Mutex::new(Vec::new()));
    let blocks = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let tasks = steps.into_iter().map(|step| {
        let (budget, records, blocks) = (budget.clone(), Arc::clone(&records), Arc::clone(&blocks));
        tokio::spawn(async move {
            match step {
                Step::Call { at_ms, priority, takes_ms, gives_up_after_ms } => {
                    sleep_until(start + Duration::from_millis(at_ms)).await;
                    let arrived = Instant::now();
                    let patience = gives_up_after_ms.unwrap_or(3_600_000);
                    let until = arrived + Duration::from_millis(patience);
                    let permit = timeout_at(until, budget.acquire(priority)).await.ok();
                    let left = Instant::now();
                    let granted = permit.is_some();
                    records.lock().unwrap().push(Record { arrived, priority, left, granted });
                    let Some(permit) = permit else { return };
                    sleep(Duration::from_millis(takes_ms)).await;
                    // Every third is cut off.
                    if takes_ms % 3 > 0 {
                        permit.answered();
                    }
                }
                Step::Block { at_ms, seconds } => {
                    sleep_until(start + Duration::from_millis(at_ms)).await;
                    let now = Instant::now();
                    let seconds = Duration::from_secs(seconds);
                    budget.block(Some(seconds));
                    blocks.lock().unwrap().push((now, now + seconds));
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let snapshot = budget.snapshot();
    assert_eq!(snapshot.waiting.sum(), 0, "nothing is left behind");
    assert_eq!(snapshot.in_flight, 0);
    let (records, blocks) = (records.lock().unwrap().clone(), blocks.lock().unwrap().clone());
    (records, blocks)
}

fn most_within(times: &[Instant], window: Duration) -> usize {
    let within =
        |from: Instant| times.iter().filter(|at| (from..from + window).contains(*at)).count();
    times.iter().map(|from| within(*from)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_limits_hold_and_greater_priorities_go_first(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let patient = steps.iter().filter(|step| {
            matches!(step, Step::Call { gives_up_after_ms: None, .. })
        }).count();
        let (records, blocks) = runtime.block_on(run(steps));
        let granted: Vec<_> = records.iter().filter(|record| record.granted).collect();
        prop_assert!(granted.len() >= patient, "whoever waits long enough is served");
        let times: Vec<_> = granted.iter().map(|record| record.left).collect();
        prop_assert!(most_within(&times, WINDOW) <= LIMIT as usize);
        prop_assert!(most_within(&times, Duration::from_secs(1)) <= BURST as usize);
        for one in &granted {
            for (from, until) in &blocks {
                prop_assert!(one.left <= *from || one.left >= *until, "called while blocked");
            }
            let overtaken = records.iter().find(|other| {
                other.priority.rank() < one.priority.rank()
                    && other.arrived < one.left
                    && other.left > one.left
            });
            prop_assert!(overtaken.is_none(), "{one:?} overtook {overtaken:?}");
        }
    }
}
