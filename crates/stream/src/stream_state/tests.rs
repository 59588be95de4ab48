//! StreamStateServer with a real store. The tests play CloudflareManager.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use stagedoor_domain::{
    DestinationId, DestinationStatus, EventKind, Livestream, LivestreamId, Metadata,
    StreamStatus::{self, Live, Offline, Ready, Starting},
    UserId,
};
use stagedoor_store::Appended;

use super::*;
use crate::{
    Broadcast, Components, News, OnAirEntry, StreamSettings, Subscriber, UserContext,
    test_house::{House, PATIENCE, until},
};

fn components() -> Components {
    Components::default().with(component)
}

async fn snapshot(cx: &UserContext) -> StreamStateSnapshot {
    cx.stream_state().call(StreamStateMsg::GetSnapshot, PATIENCE).await.unwrap_or_default()
}

async fn becomes(cx: &UserContext, status: StreamStatus) -> StreamStateSnapshot {
    let what = format!("the stream becomes {status}");
    until(&what, async || snapshot(cx).await, |seen| seen.status == status && !seen.loading).await
}

async fn start(cx: &UserContext, to: &[&DestinationId]) -> Result<(), StreamCommandError> {
    let destinations: Vec<_> = to.iter().map(|id| (*id).clone()).collect();
    let start = |reply| StreamStateMsg::Start { destinations, reply };
    cx.stream_state().call(start, PATIENCE).await.unwrap()
}

fn encoder(cx: &UserContext, connected: bool) {
    let at = Timestamp::now();
    cx.stream_state().cast(StreamStateMsg::EncoderSeen { connected, at }).unwrap();
}

fn destination(
    cx: &UserContext,
    livestream: LivestreamId,
    id: &DestinationId,
    status: DestinationStatus,
) {
    let destination = id.clone();
    let message = StreamStateMsg::DestinationChanged { livestream, destination, status };
    cx.stream_state().cast(message).unwrap();
}

/// A user who is live on one destination.
async fn live(house: &House) -> (UserContext, LivestreamId, DestinationId) {
    let cx = house.start("ada", components()).await;
    let id = house.destination(cx.user(), "twitch").await;
    becomes(&cx, StreamStatus::Offline).await;
    encoder(&cx, true);
    start(&cx, &[&id]).await.unwrap();
    let livestream = snapshot(&cx).await.livestream.unwrap();
    destination(&cx, livestream, &id, DestinationStatus::Live);
    becomes(&cx, StreamStatus::Live).await;
    (cx, livestream, id)
}

#[tokio::test]
async fn a_start_is_answered_when_it_is_saved() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    let id = house.destination(cx.user(), "twitch").await;
    becomes(&cx, StreamStatus::Offline).await;
    assert_eq!(start(&cx, &[&id]).await, Err(StreamCommandError::EncoderNotConnected));
    encoder(&cx, true);
    start(&cx, &[&id, &id]).await.unwrap();
    let saved = house.services.store.open_livestream(cx.user()).await.unwrap().unwrap();
    assert_eq!((saved.status, saved.destinations), (StreamStatus::Starting, vec![id]));
    assert_eq!(house.services.on_air.get(cx.user()).unwrap().livestream, saved.id);
}

#[tokio::test]
async fn a_start_that_cannot_be_is_refused_and_leaves_nothing() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    becomes(&cx, StreamStatus::Offline).await;
    encoder(&cx, true);
    assert_eq!(start(&cx, &[]).await, Err(StreamCommandError::NoDestinations));
    let id = DestinationId::new("nowhere").unwrap();
    let unknown = StreamCommandError::UnknownDestination { id: id.clone() };
    assert_eq!(start(&cx, &[&id]).await, Err(unknown));
    assert_eq!(house.services.store.open_livestreams().await.unwrap(), []);
    assert_eq!(snapshot(&cx).await.status, StreamStatus::Ready);
}

#[tokio::test]
async fn without_cloudflare_nobody_starts() {
    let house = House::open_with(None, StreamSettings::default()).await;
    let cx = house.start("ada", components()).await;
    let id = house.destination(cx.user(), "twitch").await;
    assert_eq!(start(&cx, &[&id]).await, Err(StreamCommandError::CloudflareNotConfigured));
}

#[tokio::test]
async fn a_crash_while_live_changes_nothing_that_matters() {
    let house = House::open().await;
    let (cx, livestream, id) = live(&house).await;
    for key in ["a", "b"] {
        let Appended::New { event, .. } = house.append(cx.user(), EventKind::Follow, key).await
        else {
            panic!("it is new")
        };
        cx.stream_state().cast(StreamStateMsg::EventStored(event)).unwrap();
    }
    house.crash("ada", "stream_state").await;
    let state = becomes(&cx, StreamStatus::Live).await;
    assert_eq!((state.livestream, state.statistics.follows), (Some(livestream), 2));
    assert_eq!(state.destinations[0].id, id);
    assert_eq!(house.services.on_air.get(cx.user()).unwrap().livestream, livestream);
}

#[tokio::test]
async fn an_end_is_over_when_the_destinations_say_so() {
    let house = House::open().await;
    let (cx, livestream, id) = live(&house).await;
    cx.stream_state().call(StreamStateMsg::Stop, PATIENCE).await.unwrap().unwrap();
    assert_eq!(snapshot(&cx).await.status, StreamStatus::Ending);
    destination(&cx, livestream, &id, DestinationStatus::Ended);
    let state = becomes(&cx, StreamStatus::Ready).await;
    assert!(state.ended_at.is_some());
    let on_air = || async { house.services.on_air.get(cx.user()) };
    until("nobody is on air", on_air, Option::is_none).await;
    let saved = house.services.store.livestream(cx.user(), livestream).await.unwrap().unwrap();
    assert!(saved.ended_at.is_some(), "on air until the end is saved");
    let status = StreamStatus::Ready;
    let again = cx.stream_state().call(StreamStateMsg::Stop, PATIENCE).await.unwrap();
    assert_eq!(again, Err(StreamCommandError::NotOnAir { status }));
}

#[tokio::test]
async fn an_end_that_cannot_be_saved_holds_the_tree_and_the_next_start() {
    let house = House::open().await;
    let (cx, livestream, id) = live(&house).await;
    let on_air = || async { house.services.on_air.get(cx.user()) };
    let locked = house.lock_database().await;
    cx.stream_state().call(StreamStateMsg::Stop, PATIENCE).await.unwrap().unwrap();
    destination(&cx, livestream, &id, DestinationStatus::Ended);
    becomes(&cx, StreamStatus::Ready).await;
    assert_eq!(on_air().await.unwrap().status, StreamStatus::Ending, "it is not saved");
    assert_eq!(start(&cx, &[&id]).await, Err(StreamCommandError::StoreUnavailable));
    assert!(on_air().await.is_some());
    locked.rollback().await.unwrap();
    until("nobody is on air", on_air, Option::is_none).await;
    assert_eq!(house.services.store.open_livestreams().await.unwrap(), []);
    start(&cx, &[&id]).await.unwrap();
    let open = house.services.store.open_livestreams().await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_ne!(open[0].id, livestream);
}

/// A house where lost encoders are waited for so long.
async fn house_with(auto_stop: Duration) -> House {
    let settings = StreamSettings { auto_stop, ..StreamSettings::default() };
    let cloudflare = House::open().await.services.cloudflare.clone();
    House::open_with(cloudflare, settings).await
}

#[tokio::test]
async fn the_deadline_for_a_lost_encoder_survives_a_crash() {
    let house = house_with(Duration::from_secs(1)).await;
    let (cx, ..) = live(&house).await;
    encoder(&cx, false);
    let before = becomes(&cx, StreamStatus::Interrupted).await;
    let saved =
        || async { house.services.store.open_livestream(cx.user()).await.unwrap().unwrap() };
    until("it is saved", saved, |saved| saved.auto_stop_at == before.auto_stop_at).await;
    house.crash("ada", "stream_state").await;
    let after = becomes(&cx, StreamStatus::Interrupted).await;
    assert_eq!(after.auto_stop_at, before.auto_stop_at);
    encoder(&cx, false);
    becomes(&cx, StreamStatus::Ending).await;
    assert!(Timestamp::now() >= before.auto_stop_at.unwrap(), "not before its time");
}

#[tokio::test]
async fn a_deadline_that_passed_while_nobody_looked_waits_for_the_first_word_of_the_encoder() {
    for (is_back, becomes_then) in [(true, StreamStatus::Live), (false, StreamStatus::Ending)] {
        let house = House::open().await;
        let user = UserId::new("ada").unwrap();
        let minutes_ago = |minutes| Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        let livestream = Livestream {
            id: LivestreamId::from_uuid(uuid::Uuid::now_v7()),
            user: user.clone(),
            status: StreamStatus::Interrupted,
            metadata: Metadata::default(),
            destinations: vec![house.destination(&user, "twitch").await],
            started_at: minutes_ago(60),
            ended_at: None,
            auto_stop_at: Some(minutes_ago(10)),
        };
        house.services.store.put_livestream(&livestream).await.unwrap();
        let entry = OnAirEntry { livestream: livestream.id, status: livestream.status };
        house.services.on_air.set(&user, Some(entry));
        let cx = house.start("ada", components()).await;
        becomes(&cx, StreamStatus::Interrupted).await;
        encoder(&cx, is_back);
        becomes(&cx, becomes_then).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_delays_the_deadline_and_does_not_lose_it() {
    let house = house_with(Duration::from_secs(1)).await;
    let (cx, ..) = live(&house).await;
    encoder(&cx, false);
    let lost = becomes(&cx, StreamStatus::Interrupted).await;
    // What the timer runs by goes on, the clock does not.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    becomes(&cx, StreamStatus::Ending).await;
    assert!(Timestamp::now() >= lost.auto_stop_at.unwrap(), "not before its time");
}

#[tokio::test]
async fn metadata_are_saved_in_the_order_in_which_they_came() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    let set = |title: String| {
        let metadata = Metadata { title: title.into(), ..Metadata::default() };
        cx.stream_state().call(|reply| StreamStateMsg::SetMetadata(metadata, reply), PATIENCE)
    };
    let (first, second) = tokio::join!(set("one".into()), set("two".into()));
    assert_eq!((first.unwrap(), second.unwrap()), (Ok(()), Ok(())));
    let refused = set("x".repeat(10_000)).await.unwrap().unwrap_err();
    assert_eq!((refused.code(), refused.field()), ("invalid_metadata", Some("title")));
    house.crash("ada", "stream_state").await;
    let title = || async { snapshot(&cx).await.metadata.title };
    until("the title is back", title, |title| **title == *"two").await;
}

#[derive(Default)]
struct Heard(Mutex<Vec<StreamStatus>>);

impl Subscriber for Heard {
    fn receive(&self, broadcast: &Broadcast) {
        if let News::StreamState(state) = broadcast.news() {
            self.0.lock().unwrap().push(state.status);
        }
    }
}

#[tokio::test]
async fn whoever_listens_hears_every_change_and_who_asks_the_present_state() {
    let house = House::open().await;
    let heard = Arc::new(Heard::default());
    let ada = stagedoor_domain::UserId::new("ada").unwrap();
    let _subscription = house.services.pubsub.subscribe(&ada, heard.clone());
    let (cx, ..) = live(&house).await;
    cx.stream_state().cast(StreamStateMsg::Announce(heard.clone())).unwrap();
    snapshot(&cx).await;
    let heard = heard.0.lock().unwrap();
    let changes: Vec<_> = heard.chunk_by(PartialEq::eq).map(|chunk| chunk[0]).collect();
    assert_eq!(changes, [Offline, Ready, Starting, Live]);
    assert_eq!(heard.iter().filter(|status| **status == Live).count(), 2, "once more when asked");
}

#[tokio::test]
async fn a_title_that_is_set_while_the_state_is_read_stays() {
    let house = House::open().await;
    for n in 0..20 {
        let cx = house.start(&format!("user{n}"), components()).await;
        let title = || Metadata { title: "Hello".into(), ..Metadata::default() };
        let set = |reply| StreamStateMsg::SetMetadata(title(), reply);
        cx.stream_state().call(set, PATIENCE).await.unwrap().unwrap();
        assert_eq!(becomes(&cx, Offline).await.metadata, title());
    }
}
