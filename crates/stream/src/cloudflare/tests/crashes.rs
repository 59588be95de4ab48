//! Crashes at the worst moments.

use std::time::Duration;

use stagedoor_fakes::cloudflare::{Call, Effect};

use super::*;

/// Long enough to crash in it.
const SLOW: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_crash_between_create_and_record_leaks_no_output() {
    let world = World::new().await;
    let ids = world.ready(&["twitch"]).await;
    world.fake.fail(Call::CreateOutput, Effect::Slow(SLOW), 1);
    world.start(&ids).await.unwrap();
    let created = || async { world.fake.outputs_created() };
    until("the output is created", created, |count| *count == 1).await;
    world.crash().await;
    world.all_live().await;
    world.outputs_become("it is the one that sends", &[("key-of-twitch", true)]).await;
    assert_eq!(world.fake.outputs_created(), 1);
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    world.outputs_become("and it can be stopped", &[("key-of-twitch", false)]).await;
}

#[tokio::test]
async fn a_crash_between_create_and_record_makes_no_second_live_input() {
    let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
    fake.fail(Call::CreateInput, Effect::Slow(SLOW), 1);
    let world = World::at(fake, settings(), plenty()).await;
    let created = || async { world.fake.inputs_created() };
    until("the live input is created", created, |count| *count == 1).await;
    world.crash().await;
    world.ready(&[]).await;
    assert_eq!(world.fake.inputs_created(), 1);
    let recorded = world.house.services.store.live_input(world.cx.user()).await.unwrap().unwrap();
    assert_eq!(recorded.uid, Some(world.input().await.uid));
}

#[tokio::test]
async fn a_timeout_after_the_work_was_done_creates_no_second() {
    for effect in [Effect::HangAfterWork, Effect::CloseAfterWork, Effect::StatusAfterWork(502)] {
        let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
        fake.fail(Call::CreateInput, effect.clone(), 1);
        let world = World::at(fake, settings(), plenty()).await;
        world.ready(&[]).await;
        assert_eq!(world.fake.inputs_created(), 1, "{effect:?}");
        world.fake.fail(Call::CreateOutput, effect.clone(), 1);
        world.live(&["twitch"]).await;
        assert_eq!(world.fake.outputs_created(), 1, "{effect:?}");
        world.outputs_become("one sends", &[("key-of-twitch", true)]).await;
    }
}

#[tokio::test]
async fn a_stream_that_was_live_is_live_after_a_crash_with_the_same_outputs() {
    let world = World::new().await;
    world.live(&["kick", "twitch"]).await;
    world.crash().await;
    world.all_live().await;
    let listed = || async { world.fake.count(Call::ListOutputs) };
    until("what was recorded is compared", listed, |count| *count > 0).await;
    world.outputs_become("both send", &[("key-of-kick", true), ("key-of-twitch", true)]).await;
    assert_eq!(world.fake.outputs_created(), 2);
}

#[tokio::test]
async fn a_daemon_killed_while_live_goes_on_and_creates_nothing_twice() {
    let mut world = World::new().await;
    world.live(&["kick", "twitch"]).await;
    world.restart().await;
    world.all_live().await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    let expected = [("key-of-kick", false), ("key-of-twitch", false)];
    world.outputs_become("both are stopped", &expected).await;
    assert_eq!((world.fake.inputs_created(), world.fake.outputs_created()), (1, 2));
}

#[tokio::test]
async fn a_stop_that_crashed_is_carried_through() {
    let mut world = World::new().await;
    world.live(&["twitch"]).await;
    world.fake.set_outage(Some(Effect::status(500)));
    world.stop().await;
    world.becomes(StreamStatus::Ending).await;
    let saved = || async {
        let open = world.house.services.store.open_livestream(world.cx.user()).await.unwrap();
        open.map(|livestream| livestream.status)
    };
    until("it is saved", saved, |status| *status == Some(StreamStatus::Ending)).await;
    world.restart().await;
    world.fake.set_outage(None);
    world.becomes(StreamStatus::Ready).await;
    world.outputs_become("it is stopped", &[("key-of-twitch", false)]).await;
}

#[tokio::test]
async fn an_output_that_somebody_deleted_is_created_again_while_live() {
    let pace =
        CloudflarePace { audit_interval: Duration::from_millis(50), ..settings().cloudflare };
    let world = World::with(StreamSettings { cloudflare: pace, ..settings() }).await;
    world.live(&["twitch"]).await;
    let input = world.input().await;
    world
        .client
        .delete_output(&input.uid, &input.outputs[0].uid, stagedoor_cloudflare::Priority::Stop)
        .await
        .unwrap();
    world.outputs_become("it is there again", &[("key-of-twitch", true)]).await;
    world.all_live().await;
    assert_eq!(world.fake.outputs_created(), 2);
}

#[tokio::test]
async fn a_live_input_that_somebody_deleted_is_created_anew() {
    let poll_interval = Duration::from_millis(30);
    let world = World::with(StreamSettings { poll_interval, ..settings() }).await;
    let ids = world.live(&["twitch"]).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    assert!(world.fake.delete_input_by_hand(&world.input().await.uid));
    world.becomes(StreamStatus::Offline).await;
    world.notify(true).await;
    world.becomes(StreamStatus::Ready).await;
    world.start(&ids).await.unwrap();
    world.all_live().await;
    assert_eq!((world.fake.inputs_created(), world.fake.inputs().len()), (2, 1));
    world.outputs_become("it sends", &[("key-of-twitch", true)]).await;
}
