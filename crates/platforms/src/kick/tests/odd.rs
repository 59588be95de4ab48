//! Bodies with anything in them.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kick::parse;

const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

/// A fixture, and a type that it may be given.
fn fixtures() -> impl Strategy<Value = (Value, &'static str)> {
    let bodies: [&str; 7] = [
        include_str!("../../../fixtures/kick/webhooks/ChannelFollowedEventPayload.json"),
        include_str!(
            "../../../fixtures/kick/webhooks/ChannelGiftedSubscriptionEventPayload_Anonymous.json"
        ),
        include_str!("../../../fixtures/kick/webhooks/ChannelNewSubscriptionEventPayload.json"),
        include_str!("../../../fixtures/kick/webhooks/ChatMessageSentEventPayload.json"),
        include_str!("../../../fixtures/kick/webhooks/KicksGiftedEventPayload.json"),
        include_str!(
            "../../../fixtures/kick/webhooks/LivestreamStatusUpdatedEventPayload_Live.json"
        ),
        include_str!("../../../fixtures/kick/webhooks/ModerationUserTimedOutEventPayload.json"),
    ];
    let types = [
        "channel.followed",
        "channel.subscription.gifts",
        "channel.subscription.new",
        "chat.message.sent",
        "kicks.gifted",
        "livestream.status.updated",
        "moderation.banned",
    ];
    let at = (0..bodies.len(), prop::sample::select(types.to_vec()), 0..4_u8);
    at.prop_map(move |(at, other, odd)| {
        let event_type = if odd == 0 { other } else { types[at] };
        (serde_json::from_str(bodies[at]).unwrap(), event_type)
    })
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC{0,40}".prop_map(Into::into),
        prop::collection::vec(0..32_u8, 0..9)
            .prop_map(|bytes| String::from_utf8(bytes).unwrap().into()),
        (0..12_000_usize).prop_map(|length| "\u{f6}".repeat(length).into()),
        prop::sample::select(vec!["9999-12-31T23:59:59Z", "-009999-01-01T00:00:00Z", "now"])
            .prop_map(Into::into),
        Just(json!([])),
        Just(json!({})),
    ]
}

/// Puts it in the place of the value of that number.
fn replace(value: &mut Value, left: &mut usize, by: &Value) {
    if *left == 0 {
        *value = by.clone();
        *left = usize::MAX;
        return;
    }
    *left -= 1;
    match value {
        Value::Array(list) => {
            for value in list {
                replace(value, left, by);
            }
        }
        Value::Object(fields) => {
            for value in fields.values_mut() {
                replace(value, left, by);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn whatever_stands_in_a_body_its_reports_are_taken(
        (mut body, event_type) in fixtures(),
        odd in prop::collection::vec((0..40_usize, odd_value()), 1..4),
    ) {
        for (mut at, value) in odd {
            replace(&mut body, &mut at, &value);
        }
        let body = body.to_string();
        let reports = parse(event_type, "01KBHE78QE4HZY1617DK5FC7YD", body.as_bytes(), NOW);
        prop_assert!(!reports.is_empty());
        for report in reports {
            prop_assert_eq!(report.validate(NOW), Ok(()));
        }
    }
}
