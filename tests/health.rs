//! What operators and their machines see: readiness with its conditions, and numbers.

use serde_json::json;
use stagedoor_testkit::{Harness, wait_until};

#[tokio::test]
async fn ready_names_its_conditions() {
    let daemon = Harness::start().await;
    assert_eq!(daemon.admin("/live").await.status, 200);
    let ready = daemon.admin("/ready").await;
    assert_eq!(ready.status, 200);
    let conditions = json!({ "store": true, "users": true, "presence": true });
    assert_eq!(ready.body, json!({ "ready": true, "draining": false, "conditions": conditions }));
}

#[tokio::test]
async fn the_numbers_tell_of_visits_trees_timers_and_crashes_and_of_nobody_by_name() {
    let daemon = Harness::start().await;
    let tab = daemon.open_dashboard("ada", "home").await;
    let _bob = daemon.open_dashboard("bob", "home").await;
    daemon.put_lease("cyd", "laptop", "home", "1h").await;
    for user in ["ada", "bob", "cyd"] {
        daemon.runs(&format!("users/{user}"), 0).await;
    }
    daemon.crash("users/bob/stream_state").await;
    daemon.runs("users/bob/stream_state", 1).await;
    tab.close().await.unwrap();
    daemon.gone("users/ada").await;

    let text = async || daemon.admin("/metrics").await.body.as_str().unwrap().to_owned();
    let expected = [
        "stagedoor_user_trees 2",
        "stagedoor_presence_joins_total 3",
        "stagedoor_presence_leaves_total 1",
        "stagedoor_grace_timers 0",
        "stagedoor_grace_timers_armed_total 1",
        "stagedoor_grace_timers_elapsed_total 1",
        "stagedoor_child_restarts_total 1",
        "stagedoor_child_exits_total{class=\"killed\"} 1",
        "stagedoor_supervisor_give_ups_total 0",
    ];
    let all = |text: &String| expected.iter().all(|line| text.lines().any(|other| other == *line));
    let text = wait_until(&expected.join(", "), text, all).await;
    assert!(text.ends_with("# EOF\n"), "OpenMetrics has an end");
    for name in ["ada", "bob", "cyd"] {
        assert!(!text.contains(name), "{name} is nobody's business: {text}");
    }
}
