//! Golden files of every recorded payload, and payloads that nobody should send.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

fn notification(kind: &str, event: Value) -> Notification {
    let message_id = "befa7b53-d79d-478f-86b9-120f112b044e".into();
    Notification { kind: kind.into(), message_id, sent_at: NOW, event }
}

fn parsed(kind: &str, event: Value) -> Option<EventReport> {
    report(notification(kind, event), NOW)
}

#[test]
fn every_recorded_payload_becomes_the_right_event() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/twitch");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 36, "{}", files.len());
    for file in files {
        let payload: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let kind = payload["subscription"]["type"].as_str().unwrap();
        let report = parsed(kind, payload["event"].clone());
        if let Some(report) = &report {
            assert_eq!(report.validate(NOW), Ok(()), "{file:?}");
        }
        // The payload is in the fixture already.
        let shown = report.map(|mut report| {
            let has_raw = report.raw.take().is_some();
            json!({ "event": report, "has_raw": has_raw })
        });
        insta::assert_json_snapshot!(file.file_stem().unwrap().to_str().unwrap(), shown);
    }
}

#[test]
fn what_is_not_known_is_kept_as_it_is() {
    let event = json!({ "poll": { "title": "tea?" } });
    let report = parsed("channel.poll.begin", event.clone()).unwrap();
    assert_eq!(report.kind, EventKind::Unknown("channel.poll.begin".into()));
    assert_eq!(report.raw, Some(event));
    let odd = parsed("channel.cheer", json!({ "bits": "many" })).unwrap();
    assert_eq!(odd.kind, EventKind::Unknown("channel.cheer".into()));
    assert_eq!(odd.raw, Some(json!({ "bits": "many" })));
}

#[test]
fn the_same_fact_by_two_subscriptions_has_one_key() {
    let event = json!({ "user_id": "7", "user_login": "x", "bits": 5, "message": "hi" });
    let first = notification("channel.cheer", event);
    let mut second = first.clone();
    second.message_id = "another".into();
    let key = |notification| report(notification, NOW).unwrap().dedupe_key;
    assert_eq!(key(first.clone()), key(second.clone()));
    second.event["message"] = "ho".into();
    assert_ne!(key(first), key(second));
}

#[test]
fn gifts_of_nobody_in_the_same_second_are_two() {
    let event = json!({ "total": 5, "tier": "1000", "is_anonymous": true, "user_id": null });
    let first = notification("channel.subscription.gift", event);
    let second = Notification { message_id: "another".into(), ..first.clone() };
    let key = |notification| report(notification, NOW).unwrap().dedupe_key;
    assert_ne!(key(first), key(second));
}

#[test]
fn a_follow_has_the_same_key_however_finely_its_time_is_told() {
    let follow = |at: &str| json!({ "user_id": "7", "user_name": "X", "followed_at": at });
    let live = super::follow(&follow("2020-07-15T18:16:11.17106713Z"), NOW).unwrap();
    let listed = super::follow(&follow("2020-07-15T18:16:11Z"), NOW).unwrap();
    assert_eq!(live.dedupe_key, listed.dedupe_key);
}

#[test]
fn the_emote_of_a_stranger_leads_nowhere_else() {
    let emote = json!({ "type": "emote", "text": "x", "emote": { "id": "../../evil?x=" } });
    let event = json!({ "message_id": "1", "message": { "text": "x", "fragments": [emote] } });
    let message = parsed("channel.chat.message", event).unwrap().message.unwrap();
    assert_eq!(message.fragments[0].url, None);
}

/// Any JSON, with fields that are looked for among its names.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just("2020-07-15T18:16:11.1Z".into()),
        Just("\0".into()),
    ];
    let names = proptest::sample::select(vec![
        "user_id",
        "chatter_user_id",
        "message_id",
        "message",
        "text",
        "fragments",
        "type",
        "emote",
        "id",
        "bits",
        "total",
        "reward",
        "cost",
        "title",
        "viewers",
        "from_broadcaster_user_id",
        "followed_at",
        "banned_at",
        "ends_at",
        "started_at",
        "notice_type",
        "badges",
        "set_id",
        "level",
        "target_user_id",
        "color",
        "reply",
        "parent_message_id",
    ]);
    leaf.prop_recursive(3, 40, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..12).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_taken_and_fits(
        kind in proptest::sample::select(crate::twitch::eventsub::TYPES.iter().map(|kind| kind.name).collect::<Vec<_>>()),
        event in any_json(),
    ) {
        if let Some(report) = parsed(kind, event) {
            prop_assert_eq!(report.validate(NOW), Ok(()));
        }
    }
}
