//! Sessions of web backends: a lease is a session as long as it is renewed.

use std::time::Duration;

use serde_json::json;
use stagedoor_testkit::Harness;
use tokio::time::Instant;

use crate::support::{in_words, next_change};

#[tokio::test]
async fn a_lease_is_a_visit_that_ends_when_it_is_not_renewed() {
    let daemon = Harness::start().await;
    let taken = daemon.put_lease("ada", "laptop", "stream", "1s").await;
    assert_eq!((taken.status, &taken.body["ttl"]), (201, &json!("1s")));
    daemon.runs("users/ada", 0).await;
    let renewed_at = Instant::now();
    assert_eq!(daemon.put_lease("ada", "laptop", "stream", "1s").await.status, 200);
    let present = daemon.presence().await.body;
    assert_eq!(present["users"]["ada"]["metas"][0]["page"], "stream", "{present}");

    daemon.gone("users/ada").await;
    assert!(renewed_at.elapsed() >= Duration::from_secs(1), "{:?}", renewed_at.elapsed());
    assert_eq!(daemon.presence().await.body["users"], json!({}));
}

#[tokio::test]
async fn a_lease_that_is_ended_is_a_leave_at_once() {
    let daemon = Harness::start().await;
    daemon.put_lease("ada", "laptop", "home", "1h").await;
    daemon.runs("users/ada", 0).await;
    assert_eq!(daemon.end_lease("ada", "laptop").await.status, 204);
    assert!(!daemon.is_present("ada"));
    daemon.gone("users/ada").await;
    assert_eq!(daemon.end_lease("ada", "laptop").await.status, 204, "ended is ended");
}

#[tokio::test]
async fn a_lease_and_a_tab_are_sessions_of_one_visit() {
    let daemon = Harness::start().await;
    let mut tab = daemon.open_dashboard("ada", "home").await;
    daemon.put_lease("ada", "laptop", "stream", "1h").await;
    let joined = tab.expect("presence_diff").await.unwrap();
    assert_eq!(joined.payload["joins"]["ada"]["metas"][0]["page"], "stream");
    daemon.runs("users/ada", 0).await;
    let mut watch = daemon.watch().await;

    tab.close().await.unwrap();
    // Another page of the same session is an update, not a leave.
    assert_eq!(daemon.put_lease("ada", "laptop", "widgets", "1h").await.status, 200);
    assert!(daemon.is_present("ada"));
    daemon.end_lease("ada", "laptop").await;
    let event = next_change(&mut watch, "users/ada").await;
    assert!(in_words(&event).contains("exited: shutdown"), "{event:?}");
}
