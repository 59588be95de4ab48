use serde_json::{Value, json};

use super::*;

fn now() -> Timestamp {
    "2026-11-22T15:00:00Z".parse().unwrap()
}

/// A donation with a value put at a path of its JSON form, and what is said of it.
fn judged(path: &str, value: Value) -> Result<(), String> {
    let mut report = json!({
        "platform": "stagedoor", "kind": "donation", "occurred_at": "2026-11-22T15:00:00Z",
        "dedupe_key": "tip-1", "money": {"micros": 5_000_000, "currency": "EUR"},
        "actor": {"name": "Grace", "badges": [{"id": "vip"}]},
        "message": {"text": "hi", "fragments": [{"type": "text", "text": "hi"}], "reply_to": {"message_id": "m"}},
        "subscription": {"gift": {"count": 1, "recipient": {}}},
        "reward": {"id": "r", "title": "Hydrate", "cost": 100},
        "moderation": {"action": "ban", "target": {}},
        "stream": {},
    });
    *report.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    let report: EventReport = serde_json::from_value(report).unwrap();
    report.validate(now()).map_err(|invalid| invalid.to_string())
}

/// As [`judged`], where the field need not be there yet.
fn judged_with(parent: &str, field: &str, value: Value) -> Result<(), String> {
    let mut part = json!({
        "/actor": {"name": "Grace"},
        "/message": {"text": "hi"},
        "/subscription": {},
        "/moderation": {"action": "ban"},
        "/reward": {"id": "r", "title": "Hydrate", "cost": 100},
        "/stream": {},
    });
    let mut part = part[parent].take();
    part[field] = value;
    judged(parent, part)
}

#[test]
fn an_ordinary_donation_is_taken() {
    assert_eq!(judged("/message/text", json!("for the tea \u{1f375}\n")), Ok(()));
}

#[test]
fn what_is_too_long_is_refused_with_its_field_and_the_limit() {
    let refused = judged("/dedupe_key", json!("k".repeat(257))).unwrap_err();
    assert_eq!(refused, "dedupe_key has 257 bytes, more than the 256 allowed");
    let refused = judged("/message/fragments/0/text", json!("x".repeat(10_001))).unwrap_err();
    assert_eq!(
        refused,
        "message.fragments.0.text has 10001 characters, more than the 10000 allowed"
    );
    let refused = judged("/actor/badges", json!(vec![json!({"id": "b"}); 51])).unwrap_err();
    assert_eq!(refused, "actor.badges has 51 entries, more than the 50 allowed");
    let fragments = json!(vec![json!({"type": "text", "text": "x".repeat(10_000)}); 5]);
    let refused = judged("/message/fragments", fragments).unwrap_err();
    assert_eq!(refused, "message.fragments has 50000 bytes, more than the 40000 allowed");
    let recipient = judged("/subscription/gift/recipient", json!({"name": "n".repeat(257)}));
    let expected = "subscription.gift.recipient.name has 257 characters, more than the 256 allowed";
    assert_eq!(recipient.unwrap_err(), expected);
}

#[test]
fn each_limit_is_exact() {
    for (path, at_the_limit) in [
        ("/dedupe_key", json!("k".repeat(256))),
        ("/platform", json!("p".repeat(64))),
        ("/message/text", json!("\u{1f375}".repeat(10_000))),
        ("/actor/name", json!("ü".repeat(256))),
        ("/message/fragments", json!(vec![json!({"type": "text", "text": ""}); 500])),
        ("/actor/badges", json!(vec![json!({"id": "b"}); 50])),
        ("/money/micros", json!(MAX_MICROS)),
        ("/money/micros", json!(0)),
        ("/reward/cost", json!(MAX_NUMBER)),
        ("/occurred_at", json!("2000-01-01T00:00:00Z")),
        ("/occurred_at", json!("2026-11-23T15:00:00Z")),
    ] {
        assert_eq!(judged(path, at_the_limit), Ok(()), "{path}");
    }
    for (path, beyond) in [
        ("/dedupe_key", json!("k".repeat(257))),
        ("/platform", json!("p".repeat(65))),
        ("/message/text", json!("\u{1f375}".repeat(10_001))),
        ("/actor/name", json!("ü".repeat(257))),
        ("/message/fragments", json!(vec![json!({"type": "text", "text": ""}); 501])),
        ("/actor/badges", json!(vec![json!({"id": "b"}); 51])),
        ("/money/micros", json!(MAX_MICROS + 1)),
        ("/money/micros", json!(-1)),
        ("/reward/cost", json!(MAX_NUMBER + 1)),
        ("/occurred_at", json!("1999-12-31T23:59:59.999Z")),
        ("/occurred_at", json!("2026-11-23T15:00:00.001Z")),
    ] {
        let field = path.trim_start_matches('/').replace('/', ".");
        let refused = judged(path, beyond).unwrap_err();
        assert!(refused.starts_with(&format!("{field} ")), "{refused:?} names {field}");
    }
}

#[test]
fn every_text_has_a_limit() {
    let long = json!("x".repeat(20_000));
    for path in [
        "/kind",
        "/platform",
        "/dedupe_key",
        "/actor/name",
        "/actor/badges/0/id",
        "/message/text",
        "/message/fragments/0/type",
        "/message/fragments/0/text",
        "/message/reply_to/message_id",
        "/reward/id",
        "/reward/title",
        "/moderation/action",
    ] {
        judged(path, long.clone()).expect_err(path);
    }
    for (parent, fields) in [
        ("/actor", &["id", "login", "avatar_url", "color"][..]),
        ("/message", &["id"]),
        ("/subscription", &["tier", "level_name"]),
        ("/moderation", &["message_id"]),
        ("/reward", &["redemption_id", "status", "input"]),
        ("/stream", &["title", "category"]),
    ] {
        for field in fields {
            judged_with(parent, field, long.clone()).expect_err(field);
        }
    }
    for field in ["id", "url"] {
        let fragment = json!({"type": "emote", "text": "", field: long});
        judged("/message/fragments/0", fragment).expect_err(field);
    }
    for field in ["name", "text"] {
        let reply = json!({"message_id": "m", field: long});
        judged("/message/reply_to", reply).expect_err(field);
    }
    judged("/actor/badges/0", json!({"id": "b", "version": long})).expect_err("version");
    judged("/subscription/gift", json!({"count": 1, "batch_id": long})).expect_err("batch_id");
    let mut report = EventReport::new(crate::Platform::Kick, EventKind::LinkLost, now(), "k");
    report.reason = Some("x".repeat(20_000).into());
    assert_eq!(report.validate(now()).unwrap_err().field(), "reason");
    report.reason = None;
    report.units = Some(Units { kind: long.as_str().unwrap().into(), amount: 1 });
    assert_eq!(report.validate(now()).unwrap_err().field(), "units.kind");
}

#[test]
fn what_a_database_or_a_page_would_trip_over_is_refused() {
    let nul = judged("/message/text", json!("a\0b")).unwrap_err();
    assert_eq!(nul, "message.text has the character '\\0' at byte 1, which it must not have");
    judged("/dedupe_key", json!("a\nb")).unwrap_err();
    judged("/dedupe_key", json!("")).unwrap_err();
    for color in ["red", "#12345", "#1234567", "#12345g", "url(x)", "#é123"] {
        let refused = judged_with("/actor", "color", json!(color)).unwrap_err();
        assert_eq!(refused, "actor.color is not a colour such as #9146ff");
    }
    for address in ["javascript:alert(1)", "https://", "https://a b", "//host", "data:,x"] {
        judged_with("/actor", "avatar_url", json!(address)).expect_err(address);
    }
    assert_eq!(judged_with("/actor", "avatar_url", json!("https://a.example/b.png")), Ok(()));
    assert_eq!(judged_with("/actor", "color", json!("#9146FF")), Ok(()));
}

#[test]
fn a_payload_is_measured_as_json() {
    let mut report = EventReport::new(crate::Platform::Kick, EventKind::Follow, now(), "k");
    // Two more are the quotation marks.
    report.raw = Some(json!("x".repeat(MAX_RAW_BYTES - 2)));
    assert_eq!(report.validate(now()), Ok(()));
    report.raw = Some(json!("x".repeat(MAX_RAW_BYTES - 1)));
    let refused = report.validate(now()).unwrap_err();
    assert_eq!(refused.to_string(), "raw has more than the 65536 bytes allowed, written as JSON");
}

#[test]
fn an_event_has_the_part_that_it_is_about() {
    for (kind, field) in [
        (EventKind::ChatMessage, "message"),
        (EventKind::ChatAnnouncement, "message"),
        (EventKind::Donation, "money"),
        (EventKind::Cheer, "units"),
        (EventKind::Raid, "raid"),
        (EventKind::RewardRedeemed, "reward"),
        (EventKind::RewardUpdated, "reward"),
        (EventKind::Moderation, "moderation"),
        (EventKind::ViewersSample, "viewers"),
        (EventKind::OutputEnabled, "output"),
        (EventKind::OutputDisabled, "output"),
        (EventKind::OutputFailed, "output"),
    ] {
        let report = EventReport::new(crate::Platform::Kick, kind.clone(), now(), "k");
        let refused = report.validate(now()).unwrap_err();
        assert_eq!(refused.to_string(), format!("{field} is missing: every {kind} has one"));
    }
}

#[test]
fn money_and_units_exclude_each_other() {
    let mut report = EventReport::new(crate::Platform::Kick, EventKind::Cheer, now(), "k");
    report.units = Some(Units { kind: crate::UnitKind::Kicks, amount: 100 });
    assert_eq!(report.validate(now()), Ok(()));
    report.money = Some(Money { micros: 1, currency: "EUR".parse().unwrap() });
    let refused = report.validate(now()).unwrap_err().to_string();
    assert_eq!(refused, "units cannot be there together with money");
}

#[test]
fn words_of_tomorrow_are_taken() {
    assert_eq!(judged("/kind", json!("hype_train.begin")), Ok(()));
    assert_eq!(judged("/platform", json!("trovo")), Ok(()));
    assert_eq!(judged("/moderation/action", json!("warn")), Ok(()));
}
