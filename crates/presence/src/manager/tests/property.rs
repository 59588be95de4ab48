//! Whatever happens, in the end exactly those who are present or held have a tree.

use std::time::Duration;

use proptest::prelude::*;

use super::house::{GRACE, House};
use crate::SessionGuard;

#[derive(Clone, Debug)]
enum Step {
    Join(usize),
    Leave(usize),
    Hold(usize, &'static str),
    Release(usize),
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
        2 => (0..USERS, prop_oneof![Just("live"), Just("ending")])
            .prop_map(|(user, why)| Step::Hold(user, why)),
        2 => (0..USERS).prop_map(Step::Release),
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
    let mut held = [false; USERS];
    for step in steps {
        match step {
            Step::Join(user) => sessions[user].push(house.join(&format!("user-{user}"))),
            Step::Leave(user) => drop(sessions[user].pop()),
            Step::Hold(user, why) => {
                held[user] = true;
                house.hold(&format!("user-{user}"), why);
            }
            Step::Release(user) => {
                held[user] = false;
                house.release(&format!("user-{user}"));
            }
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
    let mut kept = 0;
    for (user, (sessions, held)) in sessions.iter().zip(held).enumerate() {
        let (name, present) = (format!("user-{user}"), !sessions.is_empty());
        assert_eq!(house.runs(&name), present || held, "{name}: {:?}", house.log());
        assert_eq!(house.knows(&name), present || held, "{name}: {:?}", house.log());
        kept += usize::from(held && !present);
    }
    assert_eq!(house.pending_timers().await, 0);
    assert_eq!(house.snapshot().await.kept_users, kept);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_exactly_those_who_are_present_or_held_have_a_tree(steps in prop::collection::vec(step(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(steps));
    }
}
