//! MetricsCollector, with a real store.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use stagedoor_domain::{EventKind, EventReport, Money, Platform, SeriesPoint, UserId};
use stagedoor_store::{NewEvent, SeriesQuery, Store};

use super::*;
use crate::{
    Broadcast, Components, EventDoor, News, Subscriber, UserContext, events,
    test_house::{House, PATIENCE, settle, until},
};

fn ada() -> UserId {
    UserId::new("ada").unwrap()
}

fn components() -> Components {
    Components::default().with(component).with(events::component)
}

fn report(kind: EventKind, key: &str) -> EventReport {
    let mut report = EventReport::new(Platform::Twitch, kind, Timestamp::now(), key);
    report.viewers = Some(7);
    report.money = Some(Money { micros: 5_000_000, currency: "EUR".parse().unwrap() });
    report
}

async fn submit(house: &House, kind: EventKind, key: &str) {
    let door = EventDoor::new(house.trees(), Arc::clone(&house.services));
    door.submit(&ada(), report(kind, key)).await.unwrap();
}

async fn snapshot(cx: &UserContext) -> Option<MetricsSnapshot> {
    cx.metrics().call(MetricsMsg::GetSnapshot, PATIENCE).await.ok()
}

/// Waits until what was submitted is in the minutes: it was told before it was answered.
async fn counted(cx: &UserContext) {
    let counting = async || snapshot(cx).await.is_none_or(|seen| seen.counting);
    until("all is counted", counting, |counting| !counting).await;
}

async fn series(store: &Store) -> Vec<SeriesPoint> {
    let query = SeriesQuery { length_s: Some(60), limit: 1_000, ..SeriesQuery::default() };
    store.series(&ada(), &query).await.unwrap()
}

fn messages(points: &[SeriesPoint]) -> u64 {
    points.iter().map(|point| point.chat_messages).sum()
}

/// What the collector counts by the minute is what the store counts.
async fn agrees_with_the_store(house: &House) {
    let since = Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let (counted, _) = house.services.store.counts_since(&ada(), since).await.unwrap();
    let by_place = |points: Vec<SeriesPoint>| -> BTreeMap<_, _> {
        let place = |point: &SeriesPoint| (point.at, point.platform.clone(), point.livestream);
        points.into_iter().map(|point| (place(&point), point)).collect()
    };
    assert_eq!(by_place(series(&house.services.store).await), by_place(counted));
}

#[tokio::test]
async fn minutes_are_saved_when_the_tree_stops() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    for (kind, key) in [
        (EventKind::ChatMessage, "m1"),
        (EventKind::ChatMessage, "m2"),
        (EventKind::Follow, "f1"),
        (EventKind::SubscriptionNew, "s1"),
        (EventKind::Donation, "d1"),
        (EventKind::ViewersSample, "v1"),
        (EventKind::Raid, "r1"),
    ] {
        submit(&house, kind, key).await;
    }
    let seen = until(
        "all are counted",
        async || snapshot(&cx).await.unwrap_or_default(),
        |seen| seen.raids.total == 1 && !seen.counting,
    )
    .await;
    assert_eq!((seen.chat_messages.total, seen.chat_messages.minute), (2, 2));
    assert_eq!((seen.follows.total, seen.subscriptions.total), (1, 1));
    assert_eq!((seen.donations.total, seen.viewer_samples.total), (1, 1));
    house.users.terminate_child("ada").await.unwrap();
    let saved = series(&house.services.store).await;
    assert_eq!(messages(&saved), 2);
    agrees_with_the_store(&house).await;
}

#[tokio::test]
async fn a_crash_loses_nothing_and_counts_nothing_twice() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    for number in 0..60 {
        submit(&house, EventKind::ChatMessage, &number.to_string()).await;
        if number % 20 == 10
            && let Some(collector) = cx.metrics().current()
        {
            collector.kill();
        }
    }
    counted(&cx).await;
    house.users.terminate_child("ada").await.unwrap();
    assert_eq!(messages(&series(&house.services.store).await), 60);
    agrees_with_the_store(&house).await;
}

#[tokio::test]
async fn what_came_while_there_was_no_tree_is_counted_by_the_next() {
    let house = House::open().await;
    submit(&house, EventKind::ChatMessage, "m1").await;
    let store = &house.services.store;
    // Hours ago, and never counted: the daemon was killed then.
    let long_ago = Timestamp::now() - jiff::SignedDuration::from_hours(30);
    let event = NewEvent {
        user: ada(),
        livestream: None,
        received_at: long_ago,
        report: report(EventKind::ChatMessage, "m0"),
        alert: None,
    };
    store.append_and_wait(event).await.unwrap();
    assert!(series(store).await.is_empty());
    let cx = house.start("ada", components()).await;
    submit(&house, EventKind::ChatMessage, "m2").await;
    counted(&cx).await;
    house.users.terminate_child("ada").await.unwrap();
    assert_eq!(messages(&series(store).await), 3);
}

#[tokio::test]
async fn old_minutes_stay_as_they_were_saved() {
    let house = House::open().await;
    let store = &house.services.store;
    let at = |hours| {
        let at = Timestamp::now() - jiff::SignedDuration::from_hours(hours);
        Timestamp::from_second(at.as_second() / 60 * 60).unwrap()
    };
    // Most of the chat of which this was counted has been deleted since.
    let kept = SeriesPoint {
        at: at(30),
        length_s: 60,
        platform: Platform::Twitch,
        livestream: None,
        viewers: None,
        chat_messages: 50,
        follows: 0,
        subscriptions: 0,
        donated: BTreeMap::new(),
    };
    store.put_series(&ada(), std::slice::from_ref(&kept)).await.unwrap();
    for (hours, key) in [(30, "rest of the chat"), (29, "never counted")] {
        let report = report(EventKind::ChatMessage, key);
        let event =
            NewEvent { user: ada(), livestream: None, received_at: at(hours), report, alert: None };
        store.append_and_wait(event).await.unwrap();
    }
    let cx = house.start("ada", components()).await;
    submit(&house, EventKind::ChatMessage, "now").await;
    counted(&cx).await;
    house.users.terminate_child("ada").await.unwrap();
    let saved = series(store).await;
    assert_eq!((&saved[0], messages(&saved)), (&kept, 52));
}

#[tokio::test]
async fn a_revised_donation_is_counted_with_what_it_is_now() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    submit(&house, EventKind::Donation, "combo").await;
    let mut grown = report(EventKind::Donation, "combo");
    grown.revision = 3;
    grown.money = Some(Money { micros: 20_000_000, currency: "EUR".parse().unwrap() });
    let door = EventDoor::new(house.trees(), Arc::clone(&house.services));
    door.submit(&ada(), grown).await.unwrap();
    counted(&cx).await;
    house.users.terminate_child("ada").await.unwrap();
    let saved = series(&house.services.store).await;
    let donated: i64 = saved.iter().flat_map(|point| point.donated.values()).sum();
    assert_eq!(donated, 20_000_000);
}

#[tokio::test]
async fn a_minute_is_saved_soon_after_its_end_and_no_timer_runs_after_that() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    submit(&house, EventKind::ChatMessage, "m1").await;
    counted(&cx).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(66)).await;
    settle().await;
    tokio::time::resume();
    let saved = async || messages(&series(&house.services.store).await);
    until("it is saved", saved, |saved| *saved == 1).await;
}

#[derive(Default)]
struct Page(AtomicUsize);

impl Subscriber for Page {
    fn receive(&self, broadcast: &Broadcast) {
        if matches!(broadcast.news(), News::Metrics(_)) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn whoever_listens_is_told_at_once_and_then_every_five_seconds_at_most() {
    let house = House::open().await;
    let cx = house.start("ada", components()).await;
    let page = Arc::new(Page::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), page.clone());
    for number in 0..40 {
        submit(&house, EventKind::ChatMessage, &number.to_string()).await;
    }
    counted(&cx).await;
    assert_eq!(page.0.load(Ordering::Relaxed), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    settle().await;
    assert_eq!(page.0.load(Ordering::Relaxed), 2);
    tokio::time::advance(Duration::from_secs(20)).await;
    settle().await;
    assert_eq!(page.0.load(Ordering::Relaxed), 2, "nothing has changed since");
}
