//! Each body that was recorded or is documented becomes these events.

use std::{fs, path::Path};

use jiff::Timestamp;
use serde_json::{Value, json};
use stagedoor_domain::{EventKind, EventReport};

use crate::kick::reports::{Delivery, reports};

/// When everything here is read.
const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

/// When Kick made the deliveries.
const SENT: Timestamp = Timestamp::constant(1_764_748_800, 0);

fn read(event_type: &str, body: Value) -> Vec<EventReport> {
    let delivery = Delivery { message_id: "01KBHE78QE4HZY1617DK5FC7YD", event_type, sent_at: SENT };
    let reports = reports(&delivery, body, NOW);
    for report in &reports {
        assert_eq!(report.validate(NOW), Ok(()), "{event_type}");
    }
    reports
}

#[test]
fn every_recorded_body_becomes_its_event() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kick/webhooks");
    let known = [
        ("ChannelFollowedEventPayload", "channel.followed"),
        ("ChannelGiftedSubscriptionEventPayload_Anonymous", "channel.subscription.gifts"),
        ("ChannelNewSubscriptionEventPayload", "channel.subscription.new"),
        ("ChatMessageSentEventPayload", "chat.message.sent"),
        ("KicksGiftedEventPayload", "kicks.gifted"),
        ("LivestreamStatusUpdatedEventPayload_Live", "livestream.status.updated"),
        ("ModerationUserTimedOutEventPayload", "moderation.banned"),
        ("ValidationPayload", "livestream.status.updated"),
    ];
    assert_eq!(fs::read_dir(&folder).unwrap().count(), known.len());
    for (name, event_type) in known {
        let body = fs::read(folder.join(name).with_extension("json")).unwrap();
        let mut reports = read(event_type, serde_json::from_slice(&body).unwrap());
        for report in &mut reports {
            assert!(!matches!(report.kind, EventKind::Unknown(_)), "{name}");
            // It stands in the fixture.
            report.raw = None;
        }
        insta::assert_json_snapshot!(name, reports);
    }
}

fn person(id: u64, name: &str) -> Value {
    json!({
        "is_anonymous": false,
        "user_id": id,
        "username": name,
        "is_verified": false,
        "profile_picture": "",
        "channel_slug": name.to_lowercase(),
        "identity": null,
    })
}

#[test]
fn what_is_documented_but_was_not_recorded_becomes_its_event() {
    let bodies = [
        (
            "reply",
            "chat.message.sent",
            json!({
                "message_id": "m2",
                "replies_to": {
                    "message_id": "m1",
                    "content": "anyone [emote:1:tea]?",
                    "sender": person(1, "Ada"),
                },
                "broadcaster": person(1, "Ada"),
                "sender": person(1, "Ada"),
                "content": "yes",
                "emotes": null,
                "created_at": "2025-12-03T08:00:00Z",
            }),
        ),
        (
            "renewal",
            "channel.subscription.renewal",
            json!({
                "broadcaster": person(1, "Ada"),
                "subscriber": person(2, "Bob"),
                "duration": 3,
                "created_at": "2025-12-03T08:00:00Z",
                "expires_at": "2026-01-03T08:00:00Z",
            }),
        ),
        (
            "gifts",
            "channel.subscription.gifts",
            json!({
                "broadcaster": person(1, "Ada"),
                "gifter": person(2, "Bob"),
                "giftees": [person(4, "Dan"), person(3, "Cyd")],
                "created_at": "2025-12-03T08:00:00Z",
                "expires_at": "2026-01-03T08:00:00Z",
            }),
        ),
        (
            "ended",
            "livestream.status.updated",
            json!({
                "broadcaster": person(1, "Ada"),
                "is_live": false,
                "title": "Tea",
                "started_at": "2025-12-03T18:00:00+11:00",
                "ended_at": "2025-12-03T19:00:00+11:00",
            }),
        ),
        (
            "metadata",
            "livestream.metadata.updated",
            json!({
                "broadcaster": person(1, "Ada"),
                "metadata": {
                    "title": "Tea",
                    "language": "en",
                    "has_mature_content": false,
                    "category": { "id": 15, "name": "Just Chatting", "thumbnail": "x" },
                },
            }),
        ),
        (
            "ban",
            "moderation.banned",
            json!({
                "broadcaster": person(1, "Ada"),
                "moderator": person(1, "Ada"),
                "banned_user": person(2, "Bob"),
                "metadata": {
                    "reason": null,
                    "created_at": "2025-12-03T08:00:00Z",
                    "expires_at": null,
                },
            }),
        ),
        ("redeemed", "channel.reward.redemption.updated", redemption("pending")),
        ("accepted", "channel.reward.redemption.updated", redemption("accepted")),
        ("rejected", "channel.reward.redemption.updated", redemption("rejected")),
    ];
    for (name, event_type, body) in bodies {
        let mut reports = read(event_type, body);
        for report in &mut reports {
            report.raw = None;
        }
        insta::assert_json_snapshot!(name, reports);
    }
}

fn redemption(status: &str) -> Value {
    json!({
        "id": "01KBHE78QE4HZY1617DK5FC7YE",
        "user_input": "the blue one",
        "status": status,
        "redeemed_at": "2025-12-03T07:58:30.323Z",
        "reward": { "id": "01KBHE7R", "title": "Choose a cup", "cost": 1000, "description": "" },
        "redeemer": person(2, "Bob"),
        "broadcaster": person(1, "Ada"),
    })
}

#[test]
fn a_redemption_is_redeemed_once_whichever_of_its_deliveries_comes() {
    let key = |status: &str| {
        let reports = read("channel.reward.redemption.updated", redemption(status));
        let redeemed = |report: &&EventReport| report.kind == EventKind::RewardRedeemed;
        reports.iter().find(redeemed).map(|report| report.dedupe_key.clone())
    };
    assert_eq!(key("pending"), key("accepted"));
    assert!(key("pending").is_some() && key("rejected").is_none());
}

#[test]
fn a_redemption_that_waited_long_raises_no_late_alert() {
    let mut body = redemption("accepted");
    body["redeemed_at"] = json!("2025-12-02T08:00:00Z");
    assert!(read("channel.reward.redemption.updated", body)[0].replayed);
}

#[test]
fn what_nobody_here_knows_is_kept_as_it_came() {
    let body = json!({ "broadcaster": person(1, "Ada"), "host": { "viewers": 7 } });
    let [report] = &read("channel.hosted", body.clone())[..] else { panic!("one event") };
    assert_eq!(report.kind, EventKind::Unknown("channel.hosted".into()));
    assert_eq!(&*report.dedupe_key, "kick:01KBHE78QE4HZY1617DK5FC7YD");
    assert_eq!(report.raw, Some(body));
}

#[test]
fn a_body_that_does_not_fit_its_type_raises_nothing() {
    let bodies = [json!({}), json!([]), json!(null), json!({ "sender": 7, "gift": [], "id": {} })];
    let types = [
        "chat.message.sent",
        "channel.followed",
        "channel.subscription.new",
        "channel.subscription.renewal",
        "channel.subscription.gifts",
        "channel.reward.redemption.updated",
        "livestream.status.updated",
        "livestream.metadata.updated",
        "moderation.banned",
        "kicks.gifted",
    ];
    for event_type in types {
        for body in &bodies {
            let [report] = &read(event_type, body.clone())[..] else { panic!("one event") };
            assert_eq!(report.kind, EventKind::Unknown(event_type.into()), "{body}");
        }
    }
}
