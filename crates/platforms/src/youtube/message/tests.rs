//! Messages and what they come to.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::youtube::proto::{
    self, LiveChatMessage, LiveChatMessageSnippet, live_chat_message_snippet::DisplayedContent,
};

const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

fn report(message: Value) -> EventReport {
    match parse(message, NOW) {
        Item::Report(report) => *report,
        Item::Ended => panic!("the chat has not ended"),
    }
}

#[test]
fn each_message_becomes_the_event_that_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/youtube");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|its| its == "json"));
    files.sort();
    assert!(files.len() > 20, "the fixtures are not where they should be");
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let message: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let mut report = report(message.clone());
        assert_eq!(report.validate(NOW), Ok(()), "{name}");
        assert_eq!(report.raw.take(), Some(message), "{name}");
        insta::assert_json_snapshot!(name, report);
    }
}

#[test]
fn the_end_of_the_chat_is_no_message() {
    let end = json!({ "id": "1", "snippet": { "type": "chatEndedEvent" } });
    assert_eq!(parse(end, NOW), Item::Ended);
}

#[test]
fn a_gift_that_goes_on_is_the_same_event_with_more_of_it() {
    let gift = |combo: u32| {
        let details = json!({ "jewelsAmount": 50, "comboCount": combo });
        report(json!({ "id": "1", "snippet": { "type": "giftEvent", "giftDetails": details } }))
    };
    let (first, third) = (gift(1), gift(3));
    assert_eq!(first.dedupe_key, third.dedupe_key);
    assert_eq!((first.revision, third.revision), (1, 3));
    assert_eq!((first.units.unwrap().amount, third.units.unwrap().amount), (50, 150));
}

#[test]
fn both_wires_come_to_the_same_event() {
    let details = DisplayedContent::SuperChatDetails(proto::SuperChat {
        amount_micros: Some(5_000_000),
        currency: Some("EUR".into()),
        user_comment: Some("keep going!".into()),
        tier: Some(2),
    });
    let message = LiveChatMessage {
        id: Some("1".into()),
        snippet: Some(LiveChatMessageSnippet {
            r#type: Some(15),
            published_at: Some("2026-11-22T20:15:30Z".into()),
            displayed_content: Some(details),
            ..LiveChatMessageSnippet::default()
        }),
        author_details: None,
    };
    let rest = json!({
        "id": "1",
        "snippet": {
            "type": "superChatEvent",
            "publishedAt": "2026-11-22T20:15:30Z",
            "superChatDetails": {
                "amountMicros": "5000000", "currency": "EUR", "userComment": "keep going!", "tier": 2,
            },
        },
    });
    assert_eq!(json(message), rest);
}

#[test]
fn a_type_that_has_no_name_yet_is_kept_with_its_number() {
    let snippet =
        LiveChatMessageSnippet { r#type: Some(4711), ..LiveChatMessageSnippet::default() };
    let message =
        LiveChatMessage { id: Some("1".into()), snippet: Some(snippet), author_details: None };
    assert_eq!(report(json(message)).kind.as_str(), "youtube.type4711");
}

#[test]
fn a_message_without_an_id_is_told_by_what_it_says() {
    let said = |text: &str| {
        let details = json!({ "messageText": text });
        report(json!({ "snippet": { "type": "textMessageEvent", "textMessageDetails": details } }))
    };
    assert_eq!(said("a").dedupe_key, said("a").dedupe_key);
    assert_ne!(said("a").dedupe_key, said("b").dedupe_key);
}

/// Any JSON, with the words of the API here and there.
fn anything() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "textMessageEvent",
        "superChatEvent",
        "giftEvent",
        "userBannedEvent",
        "tombstone",
        "EUR",
        "giftMembershipReceivedEvent",
        "membershipGiftingEvent",
        "-1",
        "18446744073709551615",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        words.prop_map(Value::from),
        "\\PC{0,300}".prop_map(Value::from),
        "[\0\n\u{1b}a]{0,9}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "id",
        "snippet",
        "type",
        "publishedAt",
        "authorDetails",
        "superChatDetails",
        "amountMicros",
        "currency",
        "giftDetails",
        "jewelsAmount",
        "comboCount",
        "userBannedDetails",
        "banDurationSeconds",
        "channelId",
        "displayName",
        "profileImageUrl",
        "textMessageDetails",
        "messageText",
        "giftMembershipReceivedDetails",
        "membershipGiftingDetails",
        "giftMembershipsCount",
        "displayMessage",
    ]);
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_becomes_a_report_that_is_taken(message in anything()) {
        if let Item::Report(report) = parse(message, NOW) {
            prop_assert_eq!(report.validate(NOW), Ok(()));
        }
    }
}
