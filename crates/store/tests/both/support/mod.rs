//! A database of the test's own, and the events to fill it with.

mod house;
mod proxy;

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_domain::{
    Alert, AlertId, AlertKind, AlertPriority, AlertState, EventKind, EventReport, Livestream,
    LivestreamId, Metadata, Money, Platform, StreamStatus, UserId,
};
use stagedoor_store::{Appended, NewEvent, Store};
use uuid::Uuid;

pub(crate) use house::{House, Running, in_schema};
pub(crate) use proxy::Proxy;

/// How long a test waits for what must happen.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Runs each test on SQLite and on PostgreSQL, in a module of the test's name.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($house:ident: House) $body:block)+) => {
        $(
            async fn $name($house: &$crate::support::House) $body

            mod $name {
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    let house = $crate::support::House::sqlite();
                    super::$name(&house).await;
                }

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    let Some(house) = $crate::support::House::postgres().await else { return };
                    super::$name(&house).await;
                    house.drop_schema().await;
                }
            }
        )+
    };
}

pub(crate) use on_both;

pub(crate) fn ada() -> UserId {
    UserId::new("ada").unwrap()
}

pub(crate) fn bob() -> UserId {
    UserId::new("bob").unwrap()
}

pub(crate) fn report(kind: EventKind, key: &str) -> EventReport {
    EventReport::new(Platform::Twitch, kind, Timestamp::now(), key)
}

/// An event of Ada's.
pub(crate) fn event(kind: EventKind, key: &str) -> NewEvent {
    NewEvent {
        user: ada(),
        livestream: None,
        received_at: Timestamp::now(),
        report: report(kind, key),
        alert: None,
    }
}

pub(crate) fn chat(key: &str) -> NewEvent {
    event(EventKind::ChatMessage, key)
}

pub(crate) fn donation(key: &str, euros: i64) -> NewEvent {
    let mut event = event(EventKind::Donation, key);
    event.report.money =
        Some(Money { micros: euros * 1_000_000, currency: "EUR".parse().unwrap() });
    event
}

pub(crate) fn viewers(platform: Platform, viewers: u32, key: &str) -> NewEvent {
    let mut event = event(EventKind::ViewersSample, key);
    event.report.platform = platform;
    event.report.viewers = Some(viewers);
    event
}

/// An alert of Ada's.
pub(crate) fn alert(name: &str) -> Alert {
    Alert {
        id: AlertId::from_uuid(Uuid::now_v7()),
        user: ada(),
        event: None,
        kind: AlertKind::Donation,
        platform: Platform::Stagedoor,
        priority: AlertPriority::Normal,
        state: AlertState::Queued,
        name: name.into(),
        text: None,
        money: None,
        units: None,
        count: None,
        events: 1,
        display_ms: 8_000,
        created_at: Timestamp::now(),
    }
}

/// A livestream of Ada's.
pub(crate) fn livestream() -> Livestream {
    Livestream {
        id: LivestreamId::from_uuid(Uuid::now_v7()),
        user: ada(),
        status: StreamStatus::Live,
        metadata: Metadata { title: "Hello".into(), ..Metadata::default() },
        destinations: Vec::new(),
        started_at: Timestamp::now(),
        ended_at: None,
        auto_stop_at: None,
    }
}

/// Appends an event that must be new.
pub(crate) async fn append_new(
    store: &Store,
    event: NewEvent,
) -> std::sync::Arc<stagedoor_domain::StreamEvent> {
    match store.append_and_wait(event).await {
        Ok(Appended::New { event, .. }) => event,
        other => panic!("must be new, is {other:?}"),
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = tokio::time::timeout(LIMIT, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waiting.await.is_ok(), "waited in vain: {what}");
}
