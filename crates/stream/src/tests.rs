//! A user's tree under the supervisor of all users, in paused time.

use std::time::Duration;

use stagedoor_supervision::ChildStatus;

use crate::{
    Components,
    test_house::{House, PATIENCE},
};

const MS: Duration = Duration::from_millis(1);

fn logger() -> Components {
    Components::default().with_console_logger()
}

/// A house in paused time. The store is opened before: paused time runs on while somebody waits for a disk.
async fn house() -> House {
    let house = House::open().await;
    tokio::time::pause();
    house
}

#[tokio::test]
async fn the_console_logger_writes_a_line_a_second() {
    let house = house().await;
    house.start("ada", logger()).await;
    tokio::time::sleep(Duration::from_secs(3) + MS).await;
    let snapshot = house.child("ada", "console_logger").snapshot(PATIENCE).await.unwrap();
    assert_eq!(snapshot, serde_json::json!({ "lines": 3 }));
}

#[tokio::test]
async fn a_tree_is_found_from_outside_for_as_long_as_it_is_there() {
    let house = house().await;
    let cx = house.start("ada", logger()).await;
    assert!(house.trees().get(cx.user()).is_some());
    house.users.terminate_child("ada").await.unwrap();
    assert!(house.trees().get(cx.user()).is_none());
}

#[tokio::test]
async fn a_crashed_component_is_restarted_alone() {
    let house = house().await;
    house.start("ada", Components::standard().with_console_logger()).await;
    house.crash("ada", "console_logger").await;
    assert_eq!(house.child("ada", "console_logger").info().restarts, 1);
    assert_eq!(house.child("ada", "stream_state").info().restarts, 0);
}

#[tokio::test]
async fn a_crash_loop_backs_off_alone_and_is_over_after_a_minute_of_health() {
    let house = house().await;
    house.start("ada", logger()).await;
    house.start("bob", logger()).await;
    for (round, seconds) in [1u64, 2, 4].into_iter().enumerate() {
        for _ in 0..4 {
            house.crash("ada", "console_logger").await;
        }
        let ChildStatus::BackingOff { remaining_ms, reason } = house.users.status("ada").unwrap()
        else {
            panic!("round {round}: {:?}", house.users.status("ada"))
        };
        assert_eq!(remaining_ms, seconds * 1000, "round {round}");
        assert!(reason.contains("console_logger: killed"), "the reason is shown: {reason}");
        assert!(matches!(house.users.status("bob"), Some(ChildStatus::Running { .. })));
        tokio::time::sleep(Duration::from_secs(seconds) + MS).await;
        assert!(
            matches!(house.users.status("ada"), Some(ChildStatus::Running { .. })),
            "round {round}"
        );
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    for _ in 0..4 {
        house.crash("ada", "console_logger").await;
    }
    let status = house.users.status("ada");
    assert!(
        matches!(status, Some(ChildStatus::BackingOff { remaining_ms: 1000, .. })),
        "{status:?}"
    );
    assert_eq!(house.users.child("bob").unwrap().info().restarts, 0);
    assert_eq!(house.root.supervisor().child("users").unwrap().info().restarts, 0);
}
