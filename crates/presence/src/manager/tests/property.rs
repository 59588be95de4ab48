//! Whatever happens, in the end exactly those who are present have a tree.

use std::time::Duration;

use proptest::prelude::*;

use super::house::{GRACE, House};
use crate::SessionGuard;

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Leave(usize),
    Pass(u64),
    Settle,
    CrashManager,
    CrashUsers,
    StartsTake(u64),
    StopsTake(u64),
}

const USERS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..USERS).prop_map(Step::Join),
        4 => (0..USERS).prop_map(Step::Leave),
        3 => (1..8000u64).prop_map(Step::Pass),
        2 => Just(Step::Settle),
        1 => Just(Step::CrashManager),
        1 => Just(Step::CrashUsers),
        1 => (0..4000u64).prop_map(Step::StartsTake),
        1 => (0..8000u64).prop_map(Step::StopsTake),
    ]
}

async fn play(steps: Vec<Step>) {
    let house = House::new().await;
    let mut sessions: [Vec<SessionGuard>; USERS] = Default::default();
    for step in steps {
        match step {
            Step::Join(user) => sessions[user].push(house.join(&format!("user-{user}"))),
            Step::Leave(user) => drop(sessions[user].pop()),
            Step::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Step::Settle => house.settled().await,
            Step::CrashManager => house.crash_manager().await,
            Step::CrashUsers => house.crash_users().await,
            Step::StartsTake(ms) => house.slow_start(Duration::from_millis(ms)),
            Step::StopsTake(ms) => house.slow_stop(Duration::from_millis(ms)),
        }
    }
    // Long enough for the longest start, the grace period and the longest stop, one after the other, twice.
    tokio::time::sleep(GRACE * 12).await;
    for (user, sessions) in sessions.iter().enumerate() {
        let name = format!("user-{user}");
        assert_eq!(house.runs(&name), !sessions.is_empty(), "{name}: {:?}", house.log());
        assert_eq!(house.knows(&name), !sessions.is_empty(), "{name}: {:?}", house.log());
    }
    assert_eq!(house.pending_timers().await, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_exactly_those_who_are_present_have_a_tree(steps in prop::collection::vec(step(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(steps));
    }
}
