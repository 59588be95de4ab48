//! What stands for a connection.

use std::time::Duration;

use stagedoor_domain::EventKind;
use stagedoor_fakes::{Effect, kick::Call};
use tokio::time::timeout;

use super::stage::{ADA, LIMIT, Stage};
use crate::{Batch, Connection, Disconnect, Link, Platform, Resume};

const EVENTS: usize = 10;

async fn next(connection: &mut dyn Connection) -> Result<Batch, Disconnect> {
    timeout(LIMIT, connection.next()).await.expect("something comes in time")
}

impl Stage {
    fn connect(&self, cursor: Option<&str>) -> Box<dyn Connection> {
        let resume = Resume { broadcast: None, cursor: cursor.map(Into::into) };
        self.kick.connect(&self.ada, resume)
    }
}

#[tokio::test]
async fn nothing_is_sent_before_anybody_waits() {
    let stage = Stage::new().await;
    let _connection = stage.connect(None);
    assert_eq!(stage.fake.calls(), 0);
}

#[tokio::test]
async fn all_events_are_subscribed_to_once() {
    let stage = Stage::new().await;
    let mut connection = stage.connect(None);
    assert_eq!(next(&mut *connection).await.unwrap().link, Some(Link::Connected));
    assert_eq!(stage.fake.subscriptions(ADA).len(), EVENTS);
    let mut again = stage.connect(None);
    assert_eq!(next(&mut *again).await.unwrap().link, Some(Link::Connected));
    assert_eq!(stage.fake.count(Call::Subscribe), 1);
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_named_and_tried_again() {
    let stage = Stage::with(|config| config.resubscribe = Duration::from_millis(50)).await;
    stage.fake.refuse_event("chat.message.sent", Some("limit reached"));
    stage.fake.refuse_event("kicks.gifted", Some(""));
    let mut connection = stage.connect(None);
    let link = next(&mut *connection).await.unwrap().link;
    let reason = "Kick does not deliver chat.message.sent (limit reached), \
                  kicks.gifted (no reason given)";
    assert_eq!(link, Some(Link::Degraded { reason: reason.into() }));
    assert_eq!(stage.fake.subscriptions(ADA).len(), EVENTS - 2);
    stage.fake.refuse_event("chat.message.sent", None);
    stage.fake.refuse_event("kicks.gifted", None);
    let link = loop {
        if let Some(link) = next(&mut *connection).await.unwrap().link {
            break link;
        }
    };
    assert_eq!(link, Link::Connected);
    assert_eq!(stage.fake.subscriptions(ADA).len(), EVENTS);
}

#[tokio::test]
async fn subscriptions_that_kick_has_ended_are_made_again_without_a_word() {
    let stage = Stage::with(|config| config.resubscribe = Duration::from_millis(20)).await;
    let mut connection = stage.connect(None);
    next(&mut *connection).await.unwrap();
    stage.fake.unsubscribe(ADA);
    // Whoever waits keeps it going.
    let again = async {
        while stage.fake.subscriptions(ADA).len() < EVENTS {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waits = async {
        loop {
            assert_eq!(next(&mut *connection).await.unwrap().link, None);
        }
    };
    tokio::select! {
        () = again => {}
        () = waits => {}
        () = tokio::time::sleep(LIMIT) => panic!("they are not made again"),
    }
}

#[tokio::test]
async fn without_the_scope_all_is_missing_but_the_channel_is_still_looked_at() {
    let stage = Stage::new().await;
    stage.fake.fail(Call::Subscriptions, Effect::refuse(403, "Forbidden", "Forbidden"), 1);
    let mut connection = stage.connect(None);
    let Some(Link::Degraded { reason }) = next(&mut *connection).await.unwrap().link else {
        panic!("it is degraded")
    };
    assert!(reason.contains("livestream.status.updated (Forbidden)"), "{reason}");
    stage.fake.go_live(ADA);
    let batch = loop {
        let batch = next(&mut *connection).await.unwrap();
        if !batch.reports.is_empty() {
            break batch;
        }
    };
    assert_eq!(batch.reports[0].kind, EventKind::StreamOnline);
}

#[tokio::test]
async fn a_stream_that_no_delivery_told_of_is_seen_to_come_and_go() {
    let stage = Stage::new().await;
    let mut connection = stage.connect(None);
    next(&mut *connection).await.unwrap();
    let since = stage.fake.go_live(ADA).unwrap();
    let reports = async |connection: &mut dyn Connection| loop {
        let batch = next(connection).await.unwrap();
        if !batch.reports.is_empty() {
            break batch;
        }
    };
    let online = reports(&mut *connection).await;
    let key = |kind: &str| format!("kick:stream.{kind}:{ADA}:{}", since.as_second());
    assert_eq!(*online.reports[0].dedupe_key, *key("online"));
    let facts = online.reports[0].stream.as_ref().unwrap();
    assert_eq!((facts.started_at, facts.title.as_deref()), (Some(since), Some("ada is live")));
    drop(connection);
    stage.fake.end_stream(ADA);
    let mut connection = stage.connect(online.cursor.as_deref());
    assert_eq!(next(&mut *connection).await.unwrap().link, Some(Link::Connected));
    let offline = reports(&mut *connection).await;
    assert_eq!(*offline.reports[0].dedupe_key, *key("offline"));
    let mut later = stage.connect(offline.cursor.as_deref());
    next(&mut *later).await.unwrap();
    stage.fake.go_live(ADA);
    assert_eq!(reports(&mut *later).await.reports[0].kind, EventKind::StreamOnline);
}

#[tokio::test]
async fn a_short_outage_is_sat_out_and_a_long_one_ends_the_connection() {
    let stage = Stage::new().await;
    let mut connection = stage.connect(None);
    next(&mut *connection).await.unwrap();
    next(&mut *connection).await.unwrap();
    stage.fake.fail(Call::Channels, Effect::status(503), 2);
    stage.fake.go_live(ADA);
    assert_eq!(next(&mut *connection).await.unwrap().reports.len(), 1);
    stage.fake.set_outage(Some(Effect::status(503)));
    let lost = next(&mut *connection).await.unwrap_err();
    assert!(matches!(lost, Disconnect::Lost { .. }), "{lost:?}");
    let lost = next(&mut *stage.connect(None)).await.unwrap_err();
    assert!(matches!(lost, Disconnect::Lost { .. }), "{lost:?}");
}

#[tokio::test]
async fn too_many_calls_are_told_with_when_to_come_again() {
    let stage = Stage::new().await;
    stage.fake.fail(Call::Subscriptions, Effect::too_many(Some(30)), 1);
    let lost = next(&mut *stage.connect(None)).await.unwrap_err();
    let Disconnect::Lost { retry_after, .. } = lost else { panic!("{lost:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn a_grant_that_was_taken_back_ends_it_at_once() {
    let stage = Stage::new().await;
    let mut connection = stage.connect(None);
    next(&mut *connection).await.unwrap();
    stage.fake.oauth().revoke(&ADA.to_string());
    let over = loop {
        if let Err(over) = next(&mut *connection).await {
            break over;
        }
    };
    assert!(matches!(over, Disconnect::NeedsReauth { .. }), "{over:?}");
}

#[tokio::test]
async fn whoever_stops_waiting_loses_nothing() {
    let stage = Stage::new().await;
    let mut connection = stage.connect(None);
    let mut links = 0;
    let mut reports = 0;
    stage.fake.go_live(ADA);
    for millis in 0..200 {
        let wait = Duration::from_millis(millis % 7);
        if let Ok(batch) = timeout(wait, connection.next()).await {
            let batch = batch.unwrap();
            links += usize::from(batch.link.is_some());
            reports += batch.reports.len();
        }
    }
    while reports == 0 {
        reports += next(&mut *connection).await.unwrap().reports.len();
    }
    assert_eq!((links, reports), (1, 1));
}
