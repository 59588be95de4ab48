//! The manager in a real tree, in paused time: exact to the millisecond.

mod holds;
mod house;
mod property;

use std::time::Duration;

use house::{GRACE, House};

const MS: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn the_first_join_starts_the_tree_and_further_joins_do_nothing() {
    let house = House::new().await;
    let _first = house.join("ada");
    house.settled().await;
    assert_eq!(house.log(), ["start ada"]);
    let _second = house.join("ada");
    house.settled().await;
    assert_eq!(house.log(), ["start ada"]);
}

#[tokio::test(start_paused = true)]
async fn the_tree_outlives_the_last_session_by_the_grace_period_exactly() {
    let house = House::new().await;
    let (first, second) = (house.join("ada"), house.join("ada"));
    house.settled().await;
    drop(first);
    tokio::time::sleep(10 * GRACE).await;
    assert!(house.runs("ada"), "one session is left");
    drop(second);
    house.settled().await;
    tokio::time::sleep(GRACE - MS).await;
    assert!(house.runs("ada"), "the grace period is not over");
    tokio::time::sleep(2 * MS).await;
    assert_eq!(house.log(), ["start ada", "stop ada"]);
}

#[tokio::test(start_paused = true)]
async fn a_rejoin_within_the_grace_period_keeps_the_same_tree() {
    let house = House::new().await;
    house.visit("ada").await;
    house.settled().await;
    tokio::time::sleep(GRACE - MS).await;
    let _back = house.join("ada");
    tokio::time::sleep(10 * GRACE).await;
    assert_eq!(house.log(), ["start ada"]);
    assert_eq!(house.pending_timers().await, 0);
}

#[tokio::test(start_paused = true)]
async fn each_leave_starts_the_grace_period_anew() {
    let house = House::new().await;
    house.visit("ada").await;
    house.settled().await;
    tokio::time::sleep(GRACE / 2).await;
    house.visit("ada").await;
    house.settled().await;
    tokio::time::sleep(GRACE - 10 * MS).await;
    assert!(house.runs("ada"));
    tokio::time::sleep(20 * MS).await;
    assert!(!house.runs("ada"));
}

#[tokio::test(start_paused = true)]
async fn a_grace_period_of_zero_stops_the_tree_with_the_last_leave() {
    let house = House::new().await;
    house.timeout.set(Duration::ZERO);
    let session = house.join("ada");
    house.settled().await;
    drop(session);
    tokio::time::sleep(5 * MS).await;
    assert_eq!(house.log(), ["start ada", "stop ada"]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_grace_period_holds_for_the_next_leave() {
    let house = House::new().await;
    house.visit("ada").await;
    house.settled().await;
    house.timeout.set(GRACE * 10);
    house.visit("bob").await;
    tokio::time::sleep(GRACE * 2).await;
    assert!(!house.runs("ada"), "the timer that ran keeps its time");
    assert!(house.runs("bob"));
}

#[tokio::test(start_paused = true)]
async fn a_leave_before_the_tree_has_started_still_stops_it() {
    let house = House::new().await;
    house.slow_start(GRACE * 2);
    house.visit("ada").await;
    tokio::time::sleep(GRACE * 4).await;
    assert!(!house.knows("ada"), "no tree is left: {:?}", house.log());
}

#[tokio::test(start_paused = true)]
async fn a_join_during_a_graceful_stop_starts_a_fresh_tree_after_the_stop_has_ended() {
    let house = House::new().await;
    house.slow_stop(GRACE / 2);
    house.visit("ada").await;
    house.settled().await;
    tokio::time::sleep(GRACE + 10 * MS).await;
    assert_eq!(house.log(), ["start ada"], "it is stopping");
    let _back = house.join("ada");
    house.settled().await;
    assert_eq!(house.log(), ["start ada"], "the fresh tree waits");
    tokio::time::sleep(GRACE).await;
    assert_eq!(house.log(), ["start ada", "stop ada", "start ada"]);
}

#[tokio::test(start_paused = true)]
async fn a_visit_during_a_graceful_stop_leaves_no_tree_behind() {
    let house = House::new().await;
    house.slow_stop(GRACE * 3);
    house.visit("ada").await;
    house.settled().await;
    tokio::time::sleep(GRACE + 10 * MS).await;
    house.visit("ada").await;
    tokio::time::sleep(GRACE * 20).await;
    assert!(!house.knows("ada"), "{:?}", house.log());
}

#[tokio::test(start_paused = true)]
async fn a_visit_that_is_over_before_anybody_looked_starts_nothing() {
    let house = House::new().await;
    drop(house.join("ada"));
    house.settled().await;
    assert!(!house.knows("ada"));
    assert_eq!(house.pending_timers().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_delays_nobody_else() {
    let house = House::new().await;
    house.slow_start(Duration::from_secs(2));
    let _slow = house.join("ada");
    house.settled().await;
    house.slow_start(Duration::ZERO);
    let before = tokio::time::Instant::now();
    let _quick = house.join("bob");
    house.settled().await;
    assert!(house.runs("bob"));
    assert!(!house.runs("ada"));
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_leaves_at_once_are_all_served() {
    let house = House::new().await;
    let sessions: Vec<_> = (0..1000).map(|index| house.join(&format!("user-{index}"))).collect();
    house.settled().await;
    assert_eq!(house.users.count_children().active, 1000);
    drop(sessions);
    tokio::time::sleep(GRACE + 10 * MS).await;
    assert_eq!(house.users.count_children().specs, 0);
}

/// PresenceManager is killed in every phase of a visit; what it knew, others know.
mod crash {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn while_the_user_is_present_disturbs_nothing() {
        let house = House::new().await;
        let session = house.join("ada");
        house.settled().await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE * 2).await;
        assert_eq!(house.log(), ["start ada"]);
        drop(session);
        tokio::time::sleep(GRACE + 10 * MS).await;
        assert_eq!(house.log(), ["start ada", "stop ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn during_the_grace_period_arms_the_timer_anew() {
        let house = House::new().await;
        house.visit("ada").await;
        house.settled().await;
        tokio::time::sleep(GRACE / 2).await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE - 10 * MS).await;
        assert!(house.runs("ada"));
        tokio::time::sleep(20 * MS).await;
        assert_eq!(house.log(), ["start ada", "stop ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn while_nobody_listens_misses_neither_joins_nor_leaves() {
        let house = House::new().await;
        let leaver = house.join("ada");
        house.settled().await;
        house.stop_manager().await;
        let _joiner = house.join("bob");
        drop(leaver);
        tokio::time::sleep(GRACE * 2).await;
        assert!(house.runs("ada") && !house.knows("bob"), "nobody manages");
        house.restart_manager().await;
        house.settled().await;
        assert!(house.runs("bob"), "what is missing is started");
        tokio::time::sleep(GRACE + 10 * MS).await;
        assert!(!house.knows("ada"), "what nobody needs is stopped");
        assert!(house.runs("bob"));
    }

    #[tokio::test(start_paused = true)]
    async fn during_a_start_leaves_one_tree() {
        let house = House::new().await;
        house.slow_start(GRACE);
        let session = house.join("ada");
        house.settled().await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE * 2).await;
        assert_eq!(house.log(), ["start ada"]);
        drop(session);
        tokio::time::sleep(GRACE + 10 * MS).await;
        assert!(!house.knows("ada"));
    }

    #[tokio::test(start_paused = true)]
    async fn during_a_stop_neither_loses_a_return_nor_starts_too_early() {
        let house = House::new().await;
        house.slow_stop(GRACE);
        house.visit("ada").await;
        house.settled().await;
        tokio::time::sleep(GRACE + 10 * MS).await;
        let _back = house.join("ada");
        house.settled().await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE * 2).await;
        assert_eq!(house.log(), ["start ada", "stop ada", "start ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_the_user_supervisor_brings_the_trees_of_those_present_back() {
        let house = House::new().await;
        let _here = house.join("ada");
        house.visit("bob").await;
        house.settled().await;
        house.crash_users().await;
        house.settled().await;
        assert!(house.runs("ada"), "present: started anew");
        assert!(!house.knows("bob"), "gone: not started");
    }
}
