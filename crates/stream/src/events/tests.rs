//! EventProcessor and the door, with a real store.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::SecretString;
use stagedoor_domain::{
    AlertKind, AlertRule, AlertSettings, AlertState, EventId, EventKind, EventReport, Message,
    Platform, StreamEvent, UserId,
};
use stagedoor_store::{EventQuery, LiveInputRecord, SeriesQuery};
use stagedoor_supervision::AddressError;
use uuid::Uuid;

use super::*;
use crate::{
    Broadcast, Components, MetricsMsg, News, Subscriber, UserContext,
    test_house::{House, PATIENCE, settle, until},
};

#[derive(Default)]
struct Heard(Mutex<Vec<News>>);

impl Subscriber for Heard {
    fn receive(&self, broadcast: &Broadcast) {
        self.0.lock().unwrap().push(broadcast.news().clone());
    }
}

impl Heard {
    /// How often each event was published, by its key.
    fn events(&self) -> BTreeMap<String, usize> {
        let mut events = BTreeMap::new();
        for news in &*self.0.lock().unwrap() {
            if let News::Event(event) = news {
                *events.entry(event.report.dedupe_key.to_string()).or_default() += 1;
            }
        }
        events
    }

    fn ids(&self) -> Vec<EventId> {
        let heard = self.0.lock().unwrap();
        heard
            .iter()
            .filter_map(|news| match news {
                News::Event(event) => Some(event.id),
                _ => None,
            })
            .collect()
    }
}

fn ada() -> UserId {
    UserId::new("ada").unwrap()
}

fn report(kind: EventKind, key: &str) -> EventReport {
    EventReport::new(Platform::Twitch, kind, Timestamp::now(), key)
}

fn follow(key: &str) -> EventReport {
    report(EventKind::Follow, key)
}

fn chat(id: &str, text: &str) -> EventReport {
    let mut report = report(EventKind::ChatMessage, &format!("twitch:chat:{id}"));
    report.message = Some(Message { text: text.into(), ..Message::default() });
    report
}

fn own(text: &str) -> OwnMessage {
    OwnMessage {
        intent: Uuid::now_v7(),
        platform: Platform::Twitch,
        text: text.into(),
        author: None,
    }
}

fn door(house: &House) -> EventDoor {
    EventDoor::new(house.trees(), Arc::clone(&house.services))
}

async fn tree(house: &House) -> UserContext {
    house.start("ada", Components::standard()).await
}

async fn stored(house: &House) -> Vec<StreamEvent> {
    let query = EventQuery { limit: 1_000, ..EventQuery::default() };
    house.services.store.events(&ada(), &query).await.unwrap()
}

async fn snapshot(cx: &UserContext) -> Result<EventsSnapshot, AddressError> {
    cx.events().call(EventsMsg::GetSnapshot, PATIENCE).await
}

#[tokio::test]
async fn an_event_is_durable_when_it_is_answered_and_everybody_hears_of_it() {
    let house = House::open().await;
    let (cx, heard) = (tree(&house).await, Arc::new(Heard::default()));
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());

    let receipt = door(&house).submit(&ada(), follow("f1")).await.unwrap();

    assert!(!receipt.duplicate);
    assert_eq!(stored(&house).await[0].id, receipt.id);
    assert_eq!(heard.events(), [("f1".to_owned(), 1)].into());
    let alerts = house.services.store.alerts(&ada(), 10).await.unwrap();
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].event, Some(receipt.id));
    until(
        "metrics count it",
        async || cx.metrics().call(MetricsMsg::GetSnapshot, PATIENCE).await.ok(),
        |metrics| metrics.as_ref().is_some_and(|metrics| metrics.follows.total == 1),
    )
    .await;
    until(
        "the alert is shown",
        async || cx.alerts().call(crate::AlertQueueMsg::GetSnapshot, PATIENCE).await.ok(),
        |alerts| alerts.as_ref().is_some_and(|alerts| alerts.showing.is_some()),
    )
    .await;
}

#[tokio::test]
async fn the_same_event_again_changes_nothing_whoever_remembers_it() {
    let house = House::open().await;
    let (cx, heard) = (tree(&house).await, Arc::new(Heard::default()));
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());
    let door = door(&house);
    let first = door.submit(&ada(), follow("f1")).await.unwrap();
    let again = Receipt { duplicate: true, ..first };

    assert_eq!(door.submit(&ada(), follow("f1")).await, Ok(again), "by memory");
    assert_eq!(snapshot(&cx).await.unwrap().duplicates, 1);
    house.crash("ada", "events").await;
    assert_eq!(door.submit(&ada(), follow("f1")).await, Ok(again), "by the store");
    house.users.terminate_child("ada").await.unwrap();
    assert_eq!(door.submit(&ada(), follow("f1")).await, Ok(again), "without a tree");

    assert_eq!(heard.events(), [("f1".to_owned(), 1)].into());
    assert_eq!(house.services.store.alerts(&ada(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_later_revision_replaces_the_event_and_raises_no_second_alert() {
    let house = House::open().await;
    tree(&house).await;
    let heard = Arc::new(Heard::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());
    let door = door(&house);
    let first = door.submit(&ada(), follow("gift")).await.unwrap();
    let revised = EventReport { revision: 2, ..follow("gift") };
    assert_eq!(door.submit(&ada(), revised.clone()).await, Ok(first));
    let earlier = EventReport { revision: 1, ..follow("gift") };
    assert!(door.submit(&ada(), earlier).await.unwrap().duplicate);
    assert!(door.submit(&ada(), revised).await.unwrap().duplicate);
    assert_eq!(heard.ids(), [first.id, first.id], "published again under its id");
    assert_eq!(house.services.store.alerts(&ada(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_tree_the_same_rules_hold_and_the_alert_waits() {
    let house = House::open().await;
    let heard = Arc::new(Heard::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());
    let door = door(&house);
    door.submit(&ada(), follow("f1")).await.unwrap();
    let replayed = EventReport { replayed: true, ..follow("f0") };
    door.submit(&ada(), replayed).await.unwrap();
    assert_eq!(heard.events(), [("f0".to_owned(), 1), ("f1".to_owned(), 1)].into());
    let pending = house.services.store.pending_alerts(&ada()).await.unwrap();
    assert_eq!(pending.len(), 1);

    let cx = tree(&house).await;
    until(
        "the alert is shown",
        async || cx.alerts().call(crate::AlertQueueMsg::GetSnapshot, PATIENCE).await.ok(),
        |alerts| {
            let showing = alerts.as_ref().and_then(|alerts| alerts.showing.as_ref());
            showing.is_some_and(|showing| showing.alert.id == pending[0].id)
        },
    )
    .await;
}

#[tokio::test]
async fn the_users_settings_decide_which_events_raise_alerts() {
    let house = House::open().await;
    let cx = tree(&house).await;
    let (door, store) = (door(&house), &house.services.store);
    door.submit(&ada(), follow("f1")).await.unwrap();
    let off = AlertRule { enabled: false, ..AlertRule::default() };
    let settings =
        AlertSettings { kinds: [(AlertKind::Follow, off)].into(), ..AlertSettings::default() };
    store.put_alert_settings(&ada(), &settings).await.unwrap();
    cx.events().cast(EventsMsg::SettingsChanged).unwrap();
    until(
        "no alert any more",
        async || {
            door.submit(&ada(), follow(&Uuid::now_v7().to_string())).await.unwrap();
            let alerts = store.alerts(&ada(), 100).await.unwrap().len();
            stored(&house).await.len() - alerts
        },
        |without_alert| *without_alert >= 1,
    )
    .await;
    house.users.terminate_child("ada").await.unwrap();
    let before = store.alerts(&ada(), 100).await.unwrap().len();
    door.submit(&ada(), follow("outside")).await.unwrap();
    assert_eq!(store.alerts(&ada(), 100).await.unwrap().len(), before, "nor without a tree");
}

#[tokio::test]
async fn our_own_chat_message_is_one_event_whichever_comes_first() {
    let house = House::open().await;
    let cx = tree(&house).await;
    let door = door(&house);

    let first = own("gg");
    cx.events().cast(EventsMsg::Sending(first.clone())).unwrap();
    cx.events().cast(EventsMsg::Sent { message: first, message_id: "m1".into() }).unwrap();
    door.submit(&ada(), chat("m1", "gg")).await.unwrap();

    let second = own("gg");
    cx.events().cast(EventsMsg::Sending(second.clone())).unwrap();
    let echo = {
        let door = door.clone();
        tokio::spawn(async move { door.submit(&ada(), chat("m2", "gg")).await })
    };
    until("the echo is held", async || snapshot(&cx).await.unwrap().held, |held| *held == 1).await;
    cx.events().cast(EventsMsg::Sent { message: second, message_id: "m2".into() }).unwrap();
    echo.await.unwrap().unwrap();

    let stored = stored(&house).await;
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|event| event.report.sent_by_us), "{stored:?}");
}

#[tokio::test]
async fn what_may_be_an_echo_is_stored_when_its_time_is_over_or_its_holder_dies() {
    let house = House::open().await;
    let cx = tree(&house).await;
    let door = door(&house);
    cx.events().cast(EventsMsg::Sending(own("hello"))).unwrap();
    let submit = |id: &'static str| {
        let door = door.clone();
        tokio::spawn(async move { door.submit(&ada(), chat(id, "hello")).await })
    };
    let held = async || snapshot(&cx).await.map_or(0, |snapshot| snapshot.held);

    let first = submit("m1");
    until("it is held", held, |held| *held == 1).await;
    house.crash("ada", "events").await;
    first.await.unwrap().unwrap();
    assert_eq!(stored(&house).await.len(), 1);

    cx.events().cast(EventsMsg::Sending(own("hello"))).unwrap();
    let second = submit("m2");
    until("it is held", held, |held| *held == 1).await;
    tokio::time::pause();
    tokio::time::sleep(house.services.settings.echo_window).await;
    tokio::time::resume();
    second.await.unwrap().unwrap();
    assert!(stored(&house).await.iter().all(|event| !event.report.sent_by_us));
}

#[tokio::test]
async fn one_user_has_a_limited_number_of_events_under_way() {
    let mut house = House::open().await;
    let cx = tree(&house).await;
    let door = door(&house);
    door.submit(&ada(), chat("the first starts it", "x")).await.unwrap();
    house.stop_writing().await;
    let submit = |number: usize| {
        let door = door.clone();
        tokio::spawn(async move { door.submit(&ada(), chat(&number.to_string(), "x")).await })
    };
    let tasks: Vec<_> = (0..1_000).map(submit).collect();
    let under_way = async || snapshot(&cx).await.unwrap().under_way;
    until("all are under way", under_way, |under_way| *under_way == 1_000).await;
    assert_eq!(submit(1_000).await.unwrap(), Err(SubmitError::Overloaded));
    house.go_on_writing();
    for task in tasks {
        assert!(!task.await.unwrap().unwrap().duplicate);
    }
    assert_eq!(submit(1_000).await.unwrap().map(|receipt| receipt.duplicate), Ok(false));
    assert_eq!(snapshot(&cx).await.unwrap().under_way, 0);
}

#[tokio::test]
async fn what_was_under_way_when_it_died_is_published_all_the_same() {
    let mut house = House::open().await;
    let (cx, heard) = (tree(&house).await, Arc::new(Heard::default()));
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());
    let door = door(&house);
    door.submit(&ada(), follow("f0")).await.unwrap();
    house.stop_writing().await;
    let submitted = {
        let door = door.clone();
        tokio::spawn(async move { door.submit(&ada(), follow("f1")).await })
    };
    let under_way = async || snapshot(&cx).await.unwrap().under_way;
    until("it is under way", under_way, |under_way| *under_way == 1).await;
    house.crash("ada", "events").await;
    house.go_on_writing();
    assert!(!submitted.await.unwrap().unwrap().duplicate);
    assert_eq!(heard.events(), [("f0".to_owned(), 1), ("f1".to_owned(), 1)].into());
    until(
        "its alert waits or is shown",
        async || cx.alerts().call(crate::AlertQueueMsg::GetSnapshot, PATIENCE).await.unwrap(),
        |alerts| alerts.showing.is_some() && alerts.waiting_total == 1,
    )
    .await;
}

#[tokio::test]
async fn events_are_published_in_the_order_of_their_ids() {
    let house = House::open().await;
    tree(&house).await;
    let heard = Arc::new(Heard::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());
    let door = door(&house);
    door.submit(&ada(), chat("first", "x")).await.unwrap();
    let tasks: Vec<_> = (0..300)
        .map(|number: usize| {
            let door = door.clone();
            tokio::spawn(async move { door.submit(&ada(), chat(&number.to_string(), "x")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    settle().await;
    let ids = heard.ids();
    assert_eq!(ids.len(), 301);
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn a_burst_before_anybody_is_there_is_counted_and_shown_whole() {
    let house = House::open().await;
    let cx = tree(&house).await;
    let door = door(&house);
    let tasks: Vec<_> = (0..150)
        .map(|number: usize| {
            let door = door.clone();
            tokio::spawn(async move { door.submit(&ada(), follow(&number.to_string())).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    until(
        "all alerts are known",
        async || cx.alerts().call(crate::AlertQueueMsg::GetSnapshot, PATIENCE).await.unwrap(),
        |alerts| alerts.waiting_total + usize::from(alerts.showing.is_some()) == 150,
    )
    .await;
    // Those that found no room while MetricsCollector started are counted from the store, a little later.
    let mut follows = 0;
    for _ in 0..100 {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(66)).await;
        settle().await;
        tokio::time::resume();
        snapshot(&cx).await.unwrap();
        let query = SeriesQuery { length_s: Some(60), ..SeriesQuery::default() };
        let points = house.services.store.series(&ada(), &query).await.unwrap();
        follows = points.iter().map(|point| point.follows).sum::<u64>();
        if follows == 150 {
            break;
        }
    }
    assert_eq!(follows, 150);
}

#[tokio::test]
async fn a_webhook_becomes_an_event_of_the_user_whose_live_input_it_is() {
    let house = House::open().await;
    let record = LiveInputRecord {
        uid: Some("input-of-ada".into()),
        ingest_url: "rtmps://live.example/live".into(),
        stream_key: SecretString::from("key"),
        playback: None,
    };
    house.services.store.record_live_input(&ada(), &record).await.unwrap();
    let door = door(&house);
    let body = |input: &str| {
        serde_json::json!({
            "name": "Live", "text": "…", "ts": 1,
            "data": {
                "notification_name": "Stream Live Input",
                "input_id": input,
                "event_type": "live_input.connected",
                "updated_at": "2026-01-01T00:00:00Z",
            },
        })
        .to_string()
    };
    let known = body("input-of-ada");
    let WebhookOutcome::Stored(first) = door.cloudflare_webhook(known.as_bytes()).await.unwrap()
    else {
        panic!("it is ada's")
    };
    assert!(!first.duplicate);
    assert_eq!(stored(&house).await[0].report.kind, EventKind::InputConnected);
    assert_eq!(
        door.cloudflare_webhook(known.as_bytes()).await.unwrap(),
        WebhookOutcome::Stored(Receipt { duplicate: true, ..first })
    );
    assert_eq!(
        door.cloudflare_webhook(body("of-nobody").as_bytes()).await.unwrap(),
        WebhookOutcome::UnknownInput
    );
    assert_eq!(
        door.cloudflare_webhook(b"{\"text\":\"Hello World!\"}").await.unwrap(),
        WebhookOutcome::NotAboutALiveInput
    );
    let error = door.cloudflare_webhook(b"not json").await.unwrap_err();
    assert_eq!(error.code(), "malformed");
}

#[derive(Clone, Debug)]
enum Step {
    /// One of a few events, so that most are there already.
    Submit(u8),
    /// The same event several times at once.
    SubmitAtOnce(u8),
    Kill,
    KillAlerts,
    StopTree,
    StartTree,
    Settle,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..12_u8).prop_map(Step::Submit),
        3 => (0..12_u8).prop_map(Step::SubmitAtOnce),
        2 => Just(Step::Kill),
        1 => Just(Step::KillAlerts),
        1 => Just(Step::StopTree),
        2 => Just(Step::StartTree),
        2 => Just(Step::Settle),
    ];
    prop::collection::vec(step, 1..40)
}

async fn play(steps: Vec<Step>) {
    let house = House::open().await;
    let heard = Arc::new(Heard::default());
    let _subscription = house.services.pubsub.subscribe(&ada(), heard.clone());
    let door = door(&house);
    let mut cx = Some(tree(&house).await);
    let mut under_way = Vec::new();
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    let kill = |actor: Option<ractor::ActorCell>| {
        if let Some(actor) = actor {
            actor.kill();
        }
    };
    for step in steps {
        match step {
            Step::Submit(key) | Step::SubmitAtOnce(key) => {
                let times = if matches!(step, Step::SubmitAtOnce(_)) { 3 } else { 1 };
                expected.insert(key.to_string(), 1);
                for _ in 0..times {
                    let door = door.clone();
                    under_way.push(tokio::spawn(async move {
                        door.submit(&ada(), follow(&key.to_string())).await.unwrap()
                    }));
                }
            }
            Step::Kill => kill(cx.as_ref().and_then(|cx| cx.events().current())),
            Step::KillAlerts => kill(cx.as_ref().and_then(|cx| cx.alerts().current())),
            Step::StopTree => {
                if cx.take().is_some() {
                    house.users.terminate_child("ada").await.unwrap();
                }
            }
            Step::StartTree => {
                if cx.is_none() {
                    cx = Some(tree(&house).await);
                }
            }
            Step::Settle => settle().await,
        }
    }
    let mut first: BTreeMap<EventId, usize> = BTreeMap::new();
    for task in under_way {
        let receipt = task.await.unwrap();
        *first.entry(receipt.id).or_default() += usize::from(!receipt.duplicate);
    }
    let stored: BTreeMap<String, usize> =
        stored(&house).await.into_iter().map(|event| (event.report.dedupe_key.into(), 1)).collect();
    assert_eq!(stored, expected, "each event is stored");
    assert_eq!(first.len(), expected.len(), "one id for each");
    assert!(first.values().all(|times| *times <= 1), "at most one answer calls it new");
    settle().await;
    assert_eq!(heard.events(), expected, "each event is published once");
    let alerts = house.services.store.alerts(&ada(), 100).await.unwrap();
    assert_eq!(alerts.len(), expected.len(), "one alert each");
    let unique: std::collections::BTreeSet<_> = alerts.iter().map(|alert| alert.event).collect();
    assert_eq!(unique.len(), alerts.len());
    assert!(alerts.iter().all(|alert| alert.state != AlertState::Dropped));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn duplicates_crashes_and_restarts_in_any_order_give_the_same_events_and_one_alert_each(
        steps in steps(),
    ) {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(play(steps));
    }
}
