//! Trees that are held though nobody is here.

use super::{
    MS,
    house::{GRACE, House},
};

#[tokio::test(start_paused = true)]
async fn a_held_tree_outlives_its_user_without_a_timer() {
    let house = House::new().await;
    let session = house.join("ada");
    house.hold("ada", "live");
    house.settled().await;
    assert_eq!(house.snapshot().await.kept_users, 0, "she is here");
    drop(session);
    house.settled().await;
    assert_eq!(house.pending_timers().await, 0);
    assert_eq!(house.snapshot().await.kept_users, 1);
    tokio::time::sleep(GRACE * 100).await;
    assert_eq!(house.log(), ["start ada"]);
}

#[tokio::test(start_paused = true)]
async fn the_grace_period_starts_when_the_hold_ends_and_nobody_is_here() {
    let house = House::new().await;
    house.hold("ada", "live");
    house.visit("ada").await;
    tokio::time::sleep(GRACE * 10).await;
    house.release("ada");
    house.settled().await;
    assert_eq!(house.pending_timers().await, 1);
    tokio::time::sleep(GRACE - MS).await;
    assert!(house.runs("ada"), "the grace period is not over");
    tokio::time::sleep(2 * MS).await;
    assert_eq!(house.log(), ["start ada", "stop ada"]);
    assert_eq!(house.snapshot().await.kept_users, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_ends_while_the_user_is_here_changes_nothing() {
    let house = House::new().await;
    let _session = house.join("ada");
    house.hold("ada", "live");
    house.settled().await;
    house.hold("ada", "ending");
    house.settled().await;
    house.release("ada");
    tokio::time::sleep(GRACE * 10).await;
    assert_eq!(house.log(), ["start ada"]);
    assert_eq!(house.pending_timers().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_within_the_grace_period_cancels_the_timer() {
    let house = House::new().await;
    house.visit("ada").await;
    tokio::time::sleep(GRACE - MS).await;
    assert_eq!(house.pending_timers().await, 1);
    house.hold("ada", "live");
    tokio::time::sleep(GRACE * 10).await;
    assert_eq!(house.log(), ["start ada"]);
    assert_eq!(house.pending_timers().await, 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_held_and_not_here_gets_a_tree() {
    let house = House::new().await;
    house.hold("ada", "live");
    house.settled().await;
    assert!(house.runs("ada"));
    assert_eq!(house.pending_timers().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_during_a_graceful_stop_starts_a_fresh_tree_after_it() {
    let house = House::new().await;
    house.slow_stop(GRACE);
    house.visit("ada").await;
    tokio::time::sleep(GRACE + 10 * MS).await;
    house.hold("ada", "live");
    tokio::time::sleep(GRACE * 2).await;
    assert_eq!(house.log(), ["start ada", "stop ada", "start ada"]);
}

#[tokio::test(start_paused = true)]
async fn a_hold_holds_one_user_and_nobody_else() {
    let house = House::new().await;
    house.hold("ada", "live");
    house.visit("ada").await;
    house.visit("bob").await;
    tokio::time::sleep(GRACE * 2).await;
    assert!(house.runs("ada") && !house.knows("bob"));
}

#[tokio::test(start_paused = true)]
async fn being_told_of_a_change_twice_or_without_one_does_no_harm() {
    let house = House::new().await;
    house.release("ada");
    house.hold("ada", "live");
    house.hold("ada", "live");
    house.settled().await;
    assert_eq!(house.log(), ["start ada"]);
    house.release("ada");
    house.settled().await;
    tokio::time::sleep(GRACE / 2).await;
    house.release("ada");
    house.settled().await;
    tokio::time::sleep(GRACE / 2 + MS).await;
    assert_eq!(house.log(), ["start ada", "stop ada"], "the timer that ran was not armed anew");
}

/// PresenceManager is killed in every phase of a hold.
mod crash {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn while_the_tree_is_held_disturbs_nothing() {
        let house = House::new().await;
        house.hold("ada", "live");
        house.visit("ada").await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE * 2).await;
        assert_eq!(house.log(), ["start ada"]);
        assert_eq!(house.pending_timers().await, 0);
        house.release("ada");
        tokio::time::sleep(GRACE + 10 * MS).await;
        assert_eq!(house.log(), ["start ada", "stop ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn before_it_heard_of_the_hold_keeps_the_tree() {
        let house = House::new().await;
        house.visit("ada").await;
        house.hold("ada", "live");
        house.crash_manager().await;
        tokio::time::sleep(GRACE * 2).await;
        assert_eq!(house.log(), ["start ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn while_nobody_listens_misses_neither_the_beginning_of_a_hold_nor_its_end() {
        let house = House::new().await;
        house.hold("ada", "live");
        house.settled().await;
        house.stop_manager().await;
        house.hold("bob", "live");
        house.release("ada");
        tokio::time::sleep(GRACE * 2).await;
        assert!(house.runs("ada") && !house.knows("bob"), "nobody manages");
        house.restart_manager().await;
        house.settled().await;
        assert!(house.runs("bob"), "held: started");
        tokio::time::sleep(GRACE + 10 * MS).await;
        assert!(!house.knows("ada"), "held no more: stopped");
        assert!(house.runs("bob"));
    }

    #[tokio::test(start_paused = true)]
    async fn during_the_grace_period_after_a_hold_arms_the_timer_anew() {
        let house = House::new().await;
        house.hold("ada", "live");
        house.settled().await;
        house.release("ada");
        tokio::time::sleep(GRACE / 2).await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE - 10 * MS).await;
        assert!(house.runs("ada"));
        tokio::time::sleep(20 * MS).await;
        assert_eq!(house.log(), ["start ada", "stop ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn during_a_stop_does_not_lose_a_hold() {
        let house = House::new().await;
        house.slow_stop(GRACE);
        house.visit("ada").await;
        tokio::time::sleep(GRACE + 10 * MS).await;
        house.hold("ada", "live");
        house.settled().await;
        house.crash_manager().await;
        tokio::time::sleep(GRACE * 2).await;
        assert_eq!(house.log(), ["start ada", "stop ada", "start ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_the_user_supervisor_brings_held_trees_back() {
        let house = House::new().await;
        house.hold("ada", "live");
        house.visit("bob").await;
        house.crash_users().await;
        house.settled().await;
        assert!(house.runs("ada"), "held: started anew");
        assert!(!house.knows("bob"), "gone: not started");
    }
}
