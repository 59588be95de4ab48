//! Starting and stopping.

use std::time::Duration;

use stagedoor_cloudflare::{BudgetConfig, Priority, Reserved};
use stagedoor_domain::DestinationId;
use stagedoor_fakes::cloudflare::Call;
use stagedoor_store::EventQuery;

use super::*;

#[tokio::test]
async fn three_destinations_start_and_stop_and_their_outputs_are_used_again() {
    let world = World::new().await;
    let ids = world.live(&["kick", "twitch", "youtube"]).await;
    let on = [("key-of-kick", true), ("key-of-twitch", true), ("key-of-youtube", true)];
    world.outputs_become("all send", &on).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    let off = on.map(|(key, _)| (key, false));
    world.outputs_become("all are kept and none sends", &off).await;
    world.start(&ids).await.unwrap();
    world.all_live().await;
    world.outputs_become("all send again", &on).await;
    assert_eq!(world.fake.outputs_created(), 3);
    assert_eq!(world.fake.inputs_created(), 1);
}

#[tokio::test]
async fn what_becomes_of_a_destination_is_one_event_however_often_it_is_told() {
    let world = World::new().await;
    world.live(&["twitch"]).await;
    world.crash().await;
    world.all_live().await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    let query = EventQuery { limit: 10, ..EventQuery::default() };
    let outputs = || async {
        let events = world.house.services.store.events(world.cx.user(), &query).await.unwrap();
        let reports = events.into_iter().map(|event| event.report);
        reports.filter_map(|report| Some((report.output?.destination, report.kind))).collect()
    };
    let twitch = DestinationId::new("twitch").unwrap();
    let expected =
        [(twitch.clone(), EventKind::OutputDisabled), (twitch, EventKind::OutputEnabled)];
    until("both are stored once", outputs, |seen: &Vec<_>| *seen == expected).await;
}

#[tokio::test]
async fn one_that_is_refused_does_not_stop_the_others_and_its_reason_is_shown() {
    let world = World::new().await;
    let mut ids = world.ready(&["twitch"]).await;
    ids.push(world.bad_destination("bad").await);
    world.start(&ids).await.unwrap();
    let failed = |seen: &StreamStateSnapshot| {
        seen.destinations
            .iter()
            .any(|one| matches!(&one.status, DestinationStatus::Failed { reason } if reason.contains("not valid")))
    };
    let seen = until("the reason is shown", async || world.state().await, failed).await;
    assert!(!format!("{seen:?}").contains("key-of-bad"), "the key is not: {seen:?}");
    world.becomes(StreamStatus::Live).await;
    world.outputs_become("the other sends", &[("key-of-twitch", true)]).await;
}

#[tokio::test]
async fn when_all_fail_the_start_fails_and_nothing_is_left_behind() {
    let world = World::new().await;
    world.ready(&[]).await;
    let id = world.bad_destination("bad").await;
    world.start(&[id]).await.unwrap();
    let seen = world.becomes(StreamStatus::Failed).await;
    assert!(seen.failure.unwrap().contains("not valid"));
    assert_eq!(world.outputs(), []);
    let records = || async { world.house.services.store.outputs(world.cx.user()).await.unwrap() };
    until("no record is left", records, Vec::is_empty).await;
}

#[tokio::test]
async fn what_others_made_is_never_touched() {
    let world = World::new().await;
    let input = world.input().await.uid;
    world.fake.add_output_by_hand(&input, "rtmp://elsewhere.example/app", "by-hand");
    world.live(&["twitch"]).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    let expected = [("by-hand", true), ("key-of-twitch", false)];
    world.outputs_become("theirs is as it was", &expected).await;
}

#[tokio::test]
async fn a_destination_with_another_key_gets_another_output() {
    let world = World::new().await;
    let ids = world.live(&["twitch"]).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    let store = &world.house.services.store;
    let (destination, _) = store.destination(world.cx.user(), &ids[0]).await.unwrap().unwrap();
    let key = "another".into();
    store.put_destination(world.cx.user(), &destination, Some(&key)).await.unwrap();
    world.start(&ids).await.unwrap();
    world.all_live().await;
    world.outputs_become("the old one is gone", &[("another", true)]).await;
}

#[tokio::test]
async fn the_output_of_a_deleted_destination_goes() {
    let world = World::new().await;
    let ids = world.live(&["kick", "twitch"]).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    let store = &world.house.services.store;
    assert!(store.delete_destination(world.cx.user(), &ids[0]).await.unwrap());
    world.start(&ids[1..]).await.unwrap();
    world.all_live().await;
    world.outputs_become("it is gone", &[("key-of-twitch", true)]).await;
}

#[tokio::test]
async fn a_start_that_waits_for_its_turn_is_called_off_by_a_stop() {
    let reserved = Reserved(&[50]);
    let budget = BudgetConfig { limit: 40, burst: 40, reserved, window: NEVER };
    let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
    let world = World::at(fake, settings(), budget).await;
    let ids = world.ready(&["twitch"]).await;
    let mut all = Vec::new();
    let take = || world.client.budget().acquire(Priority::Start);
    while let Ok(permit) = tokio::time::timeout(Duration::from_millis(20), take()).await {
        all.push(permit);
    }
    world.start(&ids).await.unwrap();
    let waits = |seen: &CloudflareSnapshot| {
        seen.outputs.iter().any(|output| output.doing.as_deref() == Some("waiting"))
    };
    until("the start waits", async || world.snapshot().await, waits).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    assert_eq!(world.fake.count(Call::CreateOutput), 0);
    assert_eq!(world.client.budget().snapshot().waiting[Priority::Start], 0);
}

#[tokio::test]
async fn destinations_to_the_same_place_have_an_output_each() {
    let world = World::new().await;
    let mut ids = world.ready(&["twitch"]).await;
    let store = &world.house.services.store;
    let (mut twin, key) = store.destination(world.cx.user(), &ids[0]).await.unwrap().unwrap();
    twin.id = DestinationId::new("twin").unwrap();
    store.put_destination(world.cx.user(), &twin, Some(&key)).await.unwrap();
    ids.push(twin.id);
    world.start(&ids).await.unwrap();
    world.all_live().await;
    world.crash().await;
    let listed = || async { world.fake.count(Call::ListOutputs) };
    until("the outputs are listed", listed, |count| *count > 0).await;
    world.all_live().await;
    let expected = [("key-of-twitch", true), ("key-of-twitch", true)];
    world.outputs_become("both send", &expected).await;
    assert_eq!(world.fake.outputs_created(), 2);
}
