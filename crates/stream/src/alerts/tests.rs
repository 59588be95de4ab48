//! AlertQueue, with a real store and short times. What depends on time to the millisecond is tested where it is
//! decided, in `show`.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use stagedoor_domain::{
    Alert, AlertId, AlertKind, AlertPriority, AlertSettings, AlertState, EventKind, EventReport,
    Platform, UserId,
};
use stagedoor_store::{Appended, NewEvent, Store};
use uuid::Uuid;

use super::*;
use crate::{
    Broadcast, Components, News, OnAir, Platforms, Services, StreamSettings, Subscriber,
    UserContext,
    test_house::{House, PATIENCE, store, until},
};

const DISPLAY_MS: u32 = 300;
const COOLDOWN_MS: u32 = 30;

/// What an overlay hears of the alerts.
#[derive(Default)]
struct Overlay(Mutex<Vec<AlertNews>>);

impl Subscriber for Overlay {
    fn receive(&self, broadcast: &Broadcast) {
        if let News::Alert(news) = broadcast.news() {
            self.0.lock().unwrap().push((**news).clone());
        }
    }
}

impl Overlay {
    fn heard(&self) -> Vec<AlertNews> {
        self.0.lock().unwrap().clone()
    }

    /// The alerts that it was told to show, in order.
    fn shown(&self) -> Vec<AlertId> {
        let shows =
            |news: AlertNews| (news.change == AlertChange::Show).then(|| news.alert.unwrap().id);
        self.heard().into_iter().filter_map(shows).collect()
    }
}

fn ada() -> UserId {
    UserId::new("ada").unwrap()
}

fn components() -> Components {
    Components::default().with(component)
}

async fn quick(store: &Store) {
    let settings = AlertSettings {
        display_ms: DISPLAY_MS,
        cooldown_ms: COOLDOWN_MS,
        ..AlertSettings::default()
    };
    store.put_alert_settings(&ada(), &settings).await.unwrap();
}

/// Stores a follow with its alert, as EventProcessor would.
async fn raise(store: &Store, key: &str) -> Arc<Alert> {
    let now = Timestamp::now();
    let report = EventReport::new(Platform::Twitch, EventKind::Follow, now, key);
    let settings = store.alert_settings(&ada()).await.unwrap();
    let alert = alert_for(&ada(), &report, &settings, now);
    let event = NewEvent { user: ada(), livestream: None, received_at: now, report, alert };
    match store.append_and_wait(event).await.unwrap() {
        Appended::New { alert: Some(alert), .. } => alert,
        other => panic!("{other:?}"),
    }
}

async fn enqueue(cx: &UserContext, key: &str) -> AlertId {
    let alert = raise(&cx.services().store, key).await;
    let id = alert.id;
    cx.alerts().cast(AlertQueueMsg::Enqueue(alert)).unwrap();
    id
}

async fn snapshot(cx: &UserContext) -> AlertQueueSnapshot {
    let snapshot = cx.alerts().call(AlertQueueMsg::GetSnapshot, PATIENCE).await;
    snapshot.unwrap_or(AlertQueueSnapshot { loading: true, ..AlertQueueSnapshot::default() })
}

async fn showing(cx: &UserContext, id: AlertId) -> ShowingAlert {
    let is_it = |snapshot: &AlertQueueSnapshot| {
        snapshot.showing.as_ref().is_some_and(|showing| showing.alert.id == id)
    };
    until("it is shown", async || snapshot(cx).await, is_it).await.showing.unwrap()
}

async fn saved_as(store: &Store, id: AlertId, state: AlertState) {
    let saved = async || store.alert(&ada(), id).await.unwrap().map(|alert| alert.state);
    until("it is saved", saved, |saved| *saved == Some(state)).await;
}

#[tokio::test]
async fn alerts_follow_each_other_for_all_overlays_alike() {
    let house = House::open().await;
    let store = &house.services.store;
    quick(store).await;
    let cx = house.start("ada", components()).await;
    let overlays: Vec<_> = (0..3).map(|_| Arc::new(Overlay::default())).collect();
    let _subscriptions: Vec<_> = overlays
        .iter()
        .map(|overlay| house.services.pubsub.subscribe(&ada(), overlay.clone()))
        .collect();
    let mut ids = Vec::new();
    for key in ["a", "b", "c"] {
        ids.push(enqueue(&cx, key).await);
    }
    until("all were shown", async || snapshot(&cx).await.shown, |shown| *shown == 3).await;
    for overlay in &overlays {
        assert_eq!(overlay.shown(), ids);
    }
    assert_eq!(overlays[0].heard(), overlays[2].heard());
    let shows: Vec<_> = overlays[0]
        .heard()
        .into_iter()
        .filter(|news| news.change == AlertChange::Show)
        .map(|news| (news.started_at.unwrap(), news.ends_at.unwrap()))
        .collect();
    for pair in shows.windows(2) {
        let pause = pair[1].0.duration_since(pair[0].1).as_millis();
        assert!(pause >= i128::from(COOLDOWN_MS) - 5, "{pause} ms between two");
    }
    for id in ids {
        saved_as(store, id, AlertState::Shown).await;
    }
}

#[tokio::test]
async fn a_crash_while_an_alert_is_shown_neither_loses_it_nor_shows_it_twice() {
    let house = House::open().await;
    let store = &house.services.store;
    quick(store).await;
    let cx = house.start("ada", components()).await;
    let overlay = Arc::new(Overlay::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), overlay.clone());
    let mut ids = Vec::new();
    for key in ["a", "b", "c"] {
        ids.push(enqueue(&cx, key).await);
    }
    let before = showing(&cx, ids[0]).await;
    house.crash("ada", "alerts").await;
    let after =
        until("it goes on", async || snapshot(&cx).await, |snapshot| !snapshot.loading).await;
    if let Some(after) = after.showing.filter(|after| after.alert.id == ids[0]) {
        assert_eq!(after, before);
    }
    showing(&cx, ids[1]).await;
    house.crash("ada", "alerts").await;
    for id in &ids {
        saved_as(store, *id, AlertState::Shown).await;
    }
    assert_eq!(overlay.shown(), ids, "each once, in order");
}

#[tokio::test]
async fn after_a_killed_daemon_what_was_showing_counts_as_shown_and_the_rest_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let services = |store| {
        let (on_air, settings) = (OnAir::default(), StreamSettings::default());
        Arc::new(Services::new(store, None, Platforms::default(), on_air, settings))
    };
    let house = House::with_services(services(store(&dir).await)).await;
    let settings = AlertSettings { display_ms: 60_000, ..AlertSettings::default() };
    house.services.store.put_alert_settings(&ada(), &settings).await.unwrap();
    let cx = house.start("ada", components()).await;
    let (first, second) = (enqueue(&cx, "a").await, enqueue(&cx, "b").await);
    showing(&cx, first).await;
    saved_as(&house.services.store, first, AlertState::Showing).await;
    drop(house);

    let house = House::with_services(services(store(&dir).await)).await;
    let overlay = Arc::new(Overlay::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), overlay.clone());
    let cx = house.start("ada", components()).await;
    cx.alerts().cast(AlertQueueMsg::Wake).unwrap();
    showing(&cx, second).await;
    assert_eq!(overlay.shown(), [second]);
    saved_as(&house.services.store, first, AlertState::Shown).await;
}

#[tokio::test]
async fn pause_and_mute_survive_crashes_and_restarts() {
    let house = House::open().await;
    let store = &house.services.store;
    quick(store).await;
    let cx = house.start("ada", components()).await;
    // It is not started yet: a command starts it.
    ask_alerts(&cx, AlertQueueMsg::Pause).await.unwrap();
    ask_alerts(&cx, |reply| AlertQueueMsg::SetMuted(true, reply)).await.unwrap();
    house.crash("ada", "alerts").await;
    let first = enqueue(&cx, "a").await;
    let paused =
        until("it is read", async || snapshot(&cx).await, |snapshot| snapshot.waiting_total == 1)
            .await;
    assert!(paused.paused && paused.muted && paused.showing.is_none());

    house.users.terminate_child("ada").await.unwrap();
    let settings = store.alert_settings(&ada()).await.unwrap();
    assert!(settings.paused && settings.muted);
    assert_eq!(settings.display_ms, DISPLAY_MS, "the rest of the settings stays");
    let cx = house.start("ada", components()).await;
    ask_alerts(&cx, AlertQueueMsg::Resume).await.unwrap();
    showing(&cx, first).await;
}

#[tokio::test]
async fn commands_are_answered_with_what_became_of_them() {
    let house = House::open().await;
    let store = &house.services.store;
    let cx = house.start("ada", components()).await;
    assert_eq!(ask_alerts(&cx, AlertQueueMsg::Skip).await, Err(AlertCommandError::NothingShowing));
    let first = enqueue(&cx, "a").await;
    for key in ["b", "c", "d"] {
        enqueue(&cx, key).await;
    }
    showing(&cx, first).await;
    ask_alerts(&cx, AlertQueueMsg::Skip).await.unwrap();
    saved_as(store, first, AlertState::Skipped).await;
    assert_eq!(ask_alerts(&cx, AlertQueueMsg::Clear).await, Ok(3));

    let id = AlertId::from_uuid(Uuid::now_v7());
    assert_eq!(
        ask_alerts(&cx, |reply| AlertQueueMsg::Replay(id, reply)).await,
        Err(AlertCommandError::UnknownAlert { id })
    );
    let again = ask_alerts(&cx, |reply| AlertQueueMsg::Replay(first, reply)).await.unwrap();
    assert_eq!(showing(&cx, again).await.alert.priority, AlertPriority::Replay);
    let test = ask_alerts(&cx, |reply| AlertQueueMsg::Test(AlertKind::Raid, reply)).await.unwrap();
    saved_as(store, test, AlertState::Queued).await;
    assert_eq!(store.alert(&ada(), again).await.unwrap().unwrap().name, "Anonymous".into());
}

#[tokio::test]
async fn one_who_comes_late_is_told_what_is_shown_and_for_how_long() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    let (empty, late) = (Arc::new(Overlay::default()), Arc::new(Overlay::default()));
    cx.alerts().cast(AlertQueueMsg::Announce(empty.clone())).unwrap();
    until("it is told", async || empty.heard().len(), |heard| *heard == 1).await;
    assert_eq!(empty.heard()[0].change, AlertChange::Queue);
    let id = enqueue(&cx, "a").await;
    let shown = showing(&cx, id).await;
    cx.alerts().cast(AlertQueueMsg::Announce(late.clone())).unwrap();
    until("it is told", async || late.heard().len(), |heard| *heard == 1).await;
    let news = late.heard().remove(0);
    assert_eq!(news.change, AlertChange::Show);
    assert_eq!((news.started_at, news.ends_at), (Some(shown.started_at), Some(shown.ends_at)));
}

#[tokio::test]
async fn settings_that_change_hold_from_then_on() {
    let house = House::open().await;
    let store = &house.services.store;
    let cx = house.start("ada", components()).await;
    cx.alerts().cast(AlertQueueMsg::Wake).unwrap();
    until("it is read", async || snapshot(&cx).await.loading, |loading| !loading).await;
    let settings = AlertSettings { muted: true, ..AlertSettings::default() };
    store.put_alert_settings(&ada(), &settings).await.unwrap();
    cx.alerts().cast(AlertQueueMsg::SettingsChanged).unwrap();
    until("it is muted", async || snapshot(&cx).await.muted, |muted| *muted).await;
}

#[tokio::test]
async fn an_alert_that_was_not_announced_is_found_in_the_store() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    let first = enqueue(&cx, "a").await;
    showing(&cx, first).await;
    let missed = raise(&house.services.store, "b").await;
    cx.alerts().cast(AlertQueueMsg::Reload).unwrap();
    let waits = async || snapshot(&cx).await.waiting_total;
    until("it is found", waits, |waits| *waits == 1).await;
    // And when it is announced after all, it is known.
    cx.alerts().cast(AlertQueueMsg::Enqueue(missed)).unwrap();
    assert_eq!(waits().await, 1);
}
