//! Deliveries, from Kick to what is reported.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};
use stagedoor_domain::EventKind;
use stagedoor_fakes::{
    Effect,
    kick::{Call, Mischief, Viewer},
};
use tokio::{task::JoinSet, time::timeout};

use super::stage::{ADA, LIMIT, Stage, Taken, until, webhook};
use crate::{
    ChatMessage, Link, ModerationAct, Place, Platform, Resume,
    kick::{Kick, WebhookError},
};

/// A stage whose account is subscribed to everything, with a webhook that acknowledges.
pub(super) async fn delivering(refusing: usize) -> (Stage, Taken, JoinSet<()>) {
    let stage = Stage::new().await;
    let (url, taken, tasks) = webhook(&stage.kick, refusing).await;
    stage.fake.set_webhook(Some(url));
    let mut connection = stage.kick.connect(&stage.ada, Resume::default());
    let batch = timeout(LIMIT, connection.next()).await.unwrap().unwrap();
    assert_eq!(batch.link, Some(Link::Connected));
    (stage, taken, tasks)
}

pub(super) async fn delivered(stage: &Stage) {
    stage.fake.release();
    until("all is delivered", || stage.fake.pending() == 0).await;
}

pub(super) fn bob() -> Viewer {
    Viewer::new(7, "bob").with_badge("subscriber")
}

#[tokio::test]
async fn everything_that_happens_is_delivered_and_understood() {
    let (stage, taken, _tasks) = delivering(0).await;
    let fake = &stage.fake;
    fake.go_live(ADA);
    fake.chat(ADA, &bob(), "hi [emote:37226:KEKW]");
    fake.follow(ADA, &bob());
    fake.subscribe(ADA, &bob(), 1);
    fake.subscribe(ADA, &bob(), 7);
    fake.gift(ADA, None, &[Viewer::new(8, "cyd"), Viewer::new(9, "dan")]);
    fake.kicks(ADA, &bob(), 500, "take this");
    fake.redeem(ADA, "r1", &bob(), "pending");
    fake.redeem(ADA, "r1", &bob(), "rejected");
    fake.set_title(ADA, "More tea");
    fake.emit(ADA, "kicks.gifted", serde_json::json!({ "nonsense": [] }));
    fake.end_stream(ADA);
    delivered(&stage).await;
    let reports = taken.genuine().into_iter().flat_map(|webhook| {
        assert_eq!(&*webhook.broadcaster_id, "4809577");
        webhook.reports
    });
    let kinds: Vec<_> = reports.map(|report| report.kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::StreamOnline,
            EventKind::ChatMessage,
            EventKind::Follow,
            EventKind::SubscriptionNew,
            EventKind::SubscriptionRenewed,
            EventKind::SubscriptionGiftBatch,
            EventKind::SubscriptionGiftReceived,
            EventKind::SubscriptionGiftReceived,
            EventKind::Cheer,
            EventKind::RewardRedeemed,
            EventKind::RewardUpdated,
            EventKind::StreamUpdated,
            EventKind::Unknown("kicks.gifted".into()),
            EventKind::StreamOffline,
        ]
    );
}

#[tokio::test]
async fn a_message_that_was_sent_comes_back_under_its_id() {
    let (stage, taken, _tasks) = delivering(0).await;
    let place = Place { account: &stage.ada, broadcast: None };
    let message = ChatMessage { text: "hello".into(), reply_to: None };
    let sent = stage.kick.send_chat(place, &message).await.unwrap();
    delivered(&stage).await;
    let report = &taken.genuine()[0].reports[0];
    assert_eq!(report.message.as_ref().unwrap().id, Some(sent.message_id.clone()));
    assert_eq!(*report.dedupe_key, *format!("kick:chat:{}", sent.message_id));
    let actor = report.actor.as_ref().unwrap();
    assert!(actor.roles.owner && actor.name.as_deref() == Some("ada"));
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again() {
    let (stage, taken, _tasks) = delivering(3).await;
    for number in 0..5 {
        stage.fake.chat(ADA, &bob(), &format!("message {number}"));
    }
    delivered(&stage).await;
    assert_eq!(taken.keys().len(), 5);
    assert_eq!(stage.fake.deliveries(), (5, 3, 0));
}

#[tokio::test]
async fn forgeries_are_refused_and_what_is_genuine_is_not() {
    let (stage, taken, _tasks) = delivering(0).await;
    for forgery in [Mischief::BadSignature, Mischief::ChangedByte, Mischief::WrongKey] {
        stage.fake.script(forgery, 1);
        stage.fake.chat(ADA, &bob(), "hello");
    }
    delivered(&stage).await;
    let forged = taken.all().into_iter().filter(|read| *read == Err(WebhookError::Forged)).count();
    assert_eq!((forged, taken.genuine().len()), (3, 3));
}

#[tokio::test]
async fn the_key_is_fetched_once_and_again_when_kick_has_another_one() {
    let (stage, taken, _tasks) = delivering(0).await;
    for _ in 0..20 {
        stage.fake.chat(ADA, &bob(), "hello");
    }
    delivered(&stage).await;
    assert_eq!(stage.fake.count(Call::PublicKey), 1);
    // A key that was fetched just now is not asked for again so soon; a configured one would be.
    let initial = stage.fake.public_key();
    let other = Stage::with(|config| config.public_key = Some(initial)).await;
    let (url, others, _other_tasks) = webhook(&other.kick, 0).await;
    other.fake.set_webhook(Some(url));
    timeout(LIMIT, other.kick.connect(&other.ada, Resume::default()).next())
        .await
        .unwrap()
        .unwrap();
    other.fake.chat(ADA, &bob(), "signed by a key that is not the configured one");
    delivered(&other).await;
    assert_eq!((others.genuine().len(), other.fake.count(Call::PublicKey)), (1, 1));
    assert_eq!(taken.genuine().len(), 20);
}

#[tokio::test]
async fn a_key_that_rotates_is_found_after_the_interval() {
    let stage = Stage::with(|config| config.public_key_interval = Duration::ZERO).await;
    let (url, taken, _tasks) = webhook(&stage.kick, 0).await;
    stage.fake.set_webhook(Some(url));
    timeout(LIMIT, stage.kick.connect(&stage.ada, Resume::default()).next())
        .await
        .unwrap()
        .unwrap();
    stage.fake.chat(ADA, &bob(), "by the first key");
    delivered(&stage).await;
    stage.fake.rotate_key().await;
    stage.fake.chat(ADA, &bob(), "by the second key");
    delivered(&stage).await;
    assert_eq!((taken.genuine().len(), stage.fake.count(Call::PublicKey)), (2, 2));
}

#[tokio::test]
async fn what_comes_under_two_ids_is_one_event_all_the_same() {
    let (stage, taken, _tasks) = delivering(0).await;
    let fake = &stage.fake;
    fake.script(Mischief::Twin, 8);
    fake.go_live(ADA);
    fake.chat(ADA, &bob(), "hello");
    fake.subscribe(ADA, &bob(), 1);
    fake.gift(ADA, None, &[Viewer::new(8, "cyd"), Viewer::new(9, "dan")]);
    fake.kicks(ADA, &bob(), 5, "");
    fake.redeem(ADA, "r1", &bob(), "pending");
    let ban = ModerationAct::Ban { viewer_id: "7".into(), reason: None };
    stage.kick.moderate(Place { account: &stage.ada, broadcast: None }, &ban).await.unwrap();
    fake.end_stream(ADA);
    delivered(&stage).await;
    assert_eq!((taken.genuine().len(), taken.keys().len()), (16, 10));
}

#[tokio::test]
async fn prepared_messages_are_delivered_like_others() {
    let (stage, taken, _tasks) = delivering(0).await;
    let prepare = |number| stage.fake.prepare_chat(ADA, &bob(), &format!("message {number}"));
    let (ids, prepared): (Vec<_>, Vec<_>) = (0..20).map(|number| prepare(number).unwrap()).unzip();
    for prepared in prepared {
        stage.fake.play(prepared);
    }
    delivered(&stage).await;
    let told = taken.genuine();
    let told: Vec<_> = told.iter().map(|webhook| &*webhook.reports[0].dedupe_key).collect();
    assert_eq!(told, ids.iter().map(|id| format!("kick:chat:{id}")).collect::<Vec<_>>());
}

fn forged() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("kick-event-message-id", "01JQR5KV0QC94HMETWYNBWRW4Z"),
        ("kick-event-message-timestamp", "2025-04-01T07:56:19Z"),
        ("kick-event-signature", "AAAA"),
        ("kick-event-type", "channel.followed"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

#[tokio::test]
async fn a_flood_of_forgeries_is_no_flood_of_questions() {
    let stage = Stage::new().await;
    let mut flood = JoinSet::new();
    for _ in 0..200 {
        let kick = Arc::clone(&stage.kick);
        flood.spawn(async move { kick.read_webhook(&forged(), b"{}").await });
    }
    for read in flood.join_all().await {
        assert_eq!(read, Err(WebhookError::Forged));
    }
    assert_eq!(stage.fake.count(Call::PublicKey), 1);
}

#[tokio::test]
async fn without_a_key_nothing_is_taken_and_nothing_refused_for_good() {
    let stage = Stage::new().await;
    stage.fake.set_outage(Some(Effect::status(503)));
    let read = async |kick: &Kick| kick.read_webhook(&forged(), b"{}").await;
    for _ in 0..20 {
        assert!(matches!(read(&stage.kick).await, Err(WebhookError::NoKey(_))));
    }
    assert_eq!(stage.fake.count(Call::PublicKey), 1);
    let nothing = stage.kick.read_webhook(&HeaderMap::new(), b"{}").await;
    assert!(matches!(nothing, Err(WebhookError::Header { .. })));
}
