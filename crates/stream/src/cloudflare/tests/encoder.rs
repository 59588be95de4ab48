//! The encoder, by notification, by polling, and by its lifecycle.

use std::time::Duration;

use stagedoor_fakes::cloudflare::{Call, StatusForm};
use stagedoor_store::EventQuery;

use super::*;

const SOON: Duration = Duration::from_millis(30);

#[tokio::test]
async fn a_notification_is_believed_at_once_and_confirmed() {
    let world = World::new().await;
    world.input().await;
    world.becomes(StreamStatus::Offline).await;
    let before = world.fake.count(Call::GetInput);
    world.notify(true).await;
    world.becomes(StreamStatus::Ready).await;
    let asked = || async { world.fake.count(Call::GetInput) };
    until("the live input is asked", asked, |count| *count > before).await;
    world.notify(false).await;
    world.becomes(StreamStatus::Offline).await;
}

#[tokio::test]
async fn without_notifications_a_poll_finds_the_encoder_and_tells_it_as_an_event() {
    for form in [StatusForm::Text, StatusForm::Object] {
        let fake = FakeConfig { status_form: form, ..FakeConfig::default() };
        let fake = FakeCloudflare::start(fake).await.unwrap();
        let settings = StreamSettings { poll_interval: SOON, ..settings() };
        let world = World::at(fake, settings, plenty()).await;
        let input = world.input().await.uid;
        for (encoder, status) in [
            (Encoder::Connected, StreamStatus::Ready),
            (Encoder::Disconnected, StreamStatus::Offline),
        ] {
            assert!(world.fake.encoder(&input, encoder));
            world.becomes(status).await;
        }
        let query = EventQuery { limit: 10, ..EventQuery::default() };
        let kinds = || async {
            let events = world.house.services.store.events(world.cx.user(), &query).await.unwrap();
            events.into_iter().map(|event| event.report.kind).collect::<Vec<_>>()
        };
        let expected = [EventKind::InputDisconnected, EventKind::InputConnected];
        until("both are events", kinds, |kinds| *kinds == expected).await;
    }
}

#[tokio::test]
async fn the_lifecycle_spares_the_budget() {
    let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = ClientConfig {
        base_url: fake.base_url(),
        lifecycle_base_url: Some(fake.lifecycle_base_url()),
        ..ClientConfig::new(fake.config().account_id.clone(), fake.config().token.clone().into())
    };
    let client = Client::new(config, Budget::new(plenty())).unwrap();
    let settings = StreamSettings { lifecycle_interval: SOON, ..settings() };
    let house = house(&dir, &client, settings).await;
    let cx = house.start("ada", components()).await;
    let world = World { fake, client, settings, house, cx, dir };
    let input = world.input().await.uid;
    let asked = || async { world.fake.count(Call::Lifecycle) };
    until("the lifecycle is asked", asked, |count| *count > 5).await;
    assert_eq!(world.fake.count(Call::GetInput), 0);
    assert!(world.fake.encoder(&input, Encoder::Connected));
    world.becomes(StreamStatus::Ready).await;
    assert_eq!(world.fake.count(Call::GetInput), 1, "it was confirmed once");
}

#[tokio::test]
async fn who_comes_back_learns_of_an_encoder_that_is_connected() {
    let mut world = World::new().await;
    world.ready(&[]).await;
    world.restart().await;
    world.becomes(StreamStatus::Ready).await;
    world.house.crash("ada", "stream_state").await;
    world.becomes(StreamStatus::Ready).await;
}

#[tokio::test]
async fn the_snapshot_tells_all_but_keys() {
    let world = World::new().await;
    world.live(&["twitch"]).await;
    let seen = world.snapshot().await;
    let input =
        world.client.live_input(seen.input.as_ref().unwrap(), stagedoor_cloudflare::Priority::Poll);
    let key = input.await.unwrap().rtmps.stream_key;
    let json = serde_json::to_string(&seen).unwrap();
    for secret in
        ["key-of-twitch", secrecy::ExposeSecret::expose_secret(&key), &world.fake.config().token]
    {
        assert!(!json.contains(secret), "{json}");
    }
    assert_eq!(seen.outputs[0].presence.as_ref(), "enabled");
    assert_eq!(seen.encoder.connected, Some(true));
    assert!(seen.next_poll_in_ms.is_some());
    assert_eq!(serde_json::from_str::<CloudflareSnapshot>(&json).unwrap(), seen);
}
