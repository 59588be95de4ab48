//! Changes as they happen.

use stagedoor_inspect::{InspectClient, Watched};
use stagedoor_supervision::Change;
use tokio::time::timeout;

use super::{
    house::{House, LIMIT},
    raw::Raw,
};

async fn sees_a_user_come_and_go(house: &House, client: &InspectClient) {
    let mut watch = client.watch().await.unwrap();
    house.start("ada").await;
    house.users.terminate_child("ada").await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match timeout(LIMIT, watch.next()).await.unwrap().unwrap() {
            Watched::Event(event) => seen.push((event.path, event.change)),
            Watched::Missed(missed) => panic!("missed {missed}"),
        }
    }
    let exited = |change: &Change| matches!(change, Change::Exited { .. });
    assert_eq!(seen[0], ("users/ada/state".into(), Change::Started));
    assert_eq!(seen[1], ("users/ada".into(), Change::Started));
    assert!(seen[2].0 == "users/ada/state" && exited(&seen[2].1), "{seen:?}");
    assert!(seen[3].0 == "users/ada" && exited(&seen[3].1), "{seen:?}");
}

#[tokio::test]
async fn both_ends_see_what_happens_in_order() {
    let house = House::open().await;
    sees_a_user_come_and_go(&house, &house.inside()).await;
    sees_a_user_come_and_go(&house, &house.outside().await).await;
}

#[tokio::test]
async fn a_watcher_in_the_process_that_is_slow_is_told_what_it_missed() {
    let house = House::open().await;
    let mut watch = house.inside().watch().await.unwrap();
    for user in 0..1_000 {
        house.start(&format!("user-{user}")).await;
    }
    let first = watch.next().await.unwrap();
    let Watched::Missed(missed) = first else { panic!("{first:?}") };
    assert_eq!(missed, 2_000 - 1_024);
}

#[tokio::test]
async fn a_client_that_reads_slowly_loses_events_but_not_their_count() {
    let house = House::open().await;
    let path = house.serve_unix(house.config()).await;
    let mut raw = Raw::welcome(&path).await;
    raw.say(r#"{"id":1,"ask":"watch"}"#).await;
    raw.hear().await.unwrap();
    for user in 0..3_000 {
        house.start(&format!("user-{user}")).await;
    }
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < 6_000 {
        let frame = raw.hear().await.unwrap();
        seen += u64::from(frame.get("event").is_some());
        missed += frame["missed"].as_u64().unwrap_or_default();
    }
    assert_eq!(seen + missed, 6_000);
    assert!(missed > 0, "nothing in between holds 6,000 events");
}

#[tokio::test]
async fn a_watcher_in_the_client_that_is_slow_is_told_what_it_missed() {
    let house = House::open().await;
    let client = house.outside().await;
    let mut watch = client.watch().await.unwrap();
    for user in 0..1_500 {
        house.start(&format!("user-{user}")).await;
        // Answers come after the events before them: the client has those when it has this.
        client.count("users").await.unwrap();
    }
    let (mut seen, mut missed) = (0, 0);
    house.start("last").await;
    while seen + missed < 3_002 {
        match timeout(LIMIT, watch.next()).await.unwrap().unwrap() {
            Watched::Event(_) => seen += 1,
            Watched::Missed(count) => missed += count,
        }
        if seen == 1 {
            house.start("afterwards").await;
        }
    }
    assert!(missed > 0, "the client keeps 1,024 for a slow watcher");
    assert!(seen >= 1_024);
}
