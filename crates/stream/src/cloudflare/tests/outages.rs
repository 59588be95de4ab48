//! Cloudflare is down, for what is ten minutes at this pace.

use std::time::Duration;

use stagedoor_fakes::cloudflare::{Call, Effect};

use super::*;

/// Many times the longest pause between two attempts.
const LONG: Duration = Duration::from_millis(600);

#[tokio::test]
async fn a_stop_during_an_outage_is_done_when_it_is_over() {
    for effect in [Effect::status(500), Effect::Close, Effect::Hang] {
        let world = World::new().await;
        world.live(&["kick", "twitch"]).await;
        world.fake.set_outage(Some(effect));
        world.stop().await;
        let tried = || async { world.fake.count(Call::UpdateOutput) };
        until("it is tried again and again", tried, |count| *count > 4).await;
        assert_eq!(world.state().await.status, StreamStatus::Ending);
        world.fake.set_outage(None);
        world.becomes(StreamStatus::Ready).await;
        let expected = [("key-of-kick", false), ("key-of-twitch", false)];
        world.outputs_become("both are stopped", &expected).await;
    }
}

#[tokio::test]
async fn a_stream_on_air_stays_on_air_through_an_outage_and_a_crash_in_it() {
    let world = World::with(StreamSettings {
        start_deadline: Duration::from_millis(200),
        poll_interval: Duration::from_millis(30),
        ..settings()
    })
    .await;
    world.live(&["twitch"]).await;
    world.fake.set_outage(Some(Effect::Close));
    world.crash().await;
    let calls = world.fake.calls();
    until("it is looked for", async || world.fake.calls(), |now| *now > calls + 5).await;
    tokio::time::sleep(LONG).await;
    assert_eq!(world.state().await.status, StreamStatus::Live);
    world.fake.set_outage(None);
    world.all_live().await;
    world.outputs_become("it sends as before", &[("key-of-twitch", true)]).await;
    assert_eq!(world.fake.outputs_created(), 1);
}

#[tokio::test]
async fn a_start_during_an_outage_fails_in_time_and_leaves_nothing_when_it_is_over() {
    // The worst kind: all that is asked is done, and no answer comes.
    for effect in [Effect::CloseAfterWork, Effect::status(503)] {
        let start_deadline = Duration::from_millis(200);
        let world = World::with(StreamSettings { start_deadline, ..settings() }).await;
        let ids = world.ready(&["kick", "twitch"]).await;
        world.fake.set_outage(Some(effect.clone()));
        world.start(&ids).await.unwrap();
        let seen = world.becomes(StreamStatus::Ending).await;
        assert!(seen.failure.unwrap().contains("not started in time"), "{effect:?}");
        world.fake.set_outage(None);
        world.becomes(StreamStatus::Failed).await;
        world.outputs_become("nothing is left", &[]).await;
        let store = &world.house.services.store;
        let records = || async { store.outputs(world.cx.user()).await.unwrap() };
        until("no record is left", records, Vec::is_empty).await;
    }
}

#[tokio::test]
async fn a_short_outage_only_delays_a_start() {
    let world = World::new().await;
    let ids = world.ready(&["twitch"]).await;
    world.fake.fail(Call::CreateOutput, Effect::status(503), 2);
    world.fake.fail(Call::ListOutputs, Effect::Close, 2);
    world.start(&ids).await.unwrap();
    world.all_live().await;
    assert_eq!(world.fake.outputs_created(), 1);
}

#[tokio::test]
async fn a_user_who_comes_during_an_outage_has_a_live_input_when_it_is_over() {
    let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
    fake.set_outage(Some(Effect::Close));
    let world = World::at(fake, settings(), plenty()).await;
    let tried = || async { world.fake.calls() };
    until("it is tried again and again", tried, |calls| *calls > 4).await;
    assert!(world.snapshot().await.last_error.is_some());
    world.fake.set_outage(None);
    world.ready(&[]).await;
    assert_eq!(world.fake.inputs_created(), 1);
    assert_eq!(world.snapshot().await.last_error, None);
}
