use proptest::prelude::*;

use super::*;
use crate::facebook::video::LiveVideo;

const NOW: Timestamp = Timestamp::constant(1_793_390_000, 0);

fn events(fixture: &str) -> Vec<EventReport> {
    let mut events = parse(fixture.as_bytes(), "104071652217317", NOW);
    for event in &mut events {
        event.validate(NOW).expect("reports fit into the limits");
        assert!(event.raw.take().is_some(), "what was sent is kept");
    }
    events
}

#[test]
fn comments_become_chat_messages() {
    insta::assert_json_snapshot!(events(include_str!("../../../fixtures/facebook/comments.json")));
}

#[test]
fn odd_comments_are_kept_as_far_as_they_go() {
    let odd = include_str!("../../../fixtures/facebook/comments_odd.json");
    insta::assert_json_snapshot!(events(odd));
}

#[test]
fn a_live_video_tells_that_it_is_on_air_and_what_viewers_express() {
    let body = include_str!("../../../fixtures/facebook/live_video.json");
    let video: LiveVideo = serde_json::from_str(body).unwrap();
    let mut events = vec![video.online(NOW)];
    events.extend(video.reactions(NOW));
    for event in &events {
        event.validate(NOW).unwrap();
    }
    assert_eq!(video.viewers(), Some(128));
    insta::assert_json_snapshot!(events);
}

#[test]
fn the_same_odd_comment_has_the_same_key_and_another_one_another() {
    let odd = include_str!("../../../fixtures/facebook/comments_odd.json");
    let keys = |events: Vec<EventReport>| {
        events.into_iter().map(|event| event.dedupe_key).collect::<std::collections::BTreeSet<_>>()
    };
    let (once, again) = (events(odd), events(odd));
    assert_eq!(keys(once.clone()).len(), once.len());
    assert_eq!(keys(once), keys(again));
}

#[test]
fn what_is_no_answer_has_no_events() {
    for body in ["", "[]", "{}", "null", r#"{"data":17}"#, r#"{"data":{}}"#, "{\"data\":[", "\u{0}"]
    {
        assert_eq!(parse(body.as_bytes(), "9", NOW), [], "{body}");
    }
}

#[test]
fn the_longest_comments_are_cut_to_what_is_kept() {
    let long = "🎉".repeat(200_000);
    let body = serde_json::json!({ "data": [{
        "id": "1_2", "created_time": "2026-10-30T18:47:02+0000", "message": long,
        "from": { "id": "7".repeat(10_000), "name": long },
        "parent": { "id": "8".repeat(10_000), "message": long, "from": { "id": "1", "name": long } },
    }] });
    let events = parse(body.to_string().as_bytes(), "9", NOW);
    events[0].validate(NOW).unwrap();
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "(id|name|message|offset|2026-10-30T18:47:02\\+0000)".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let names = "(id|created_time|message|message_tags|from|name|attachment|type|url|media|image|src|parent|offset)";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_becomes_a_report_that_can_be_kept(comments in prop::collection::vec(json(), 0..5)) {
        let count = comments.len();
        let body = serde_json::json!({ "data": comments }).to_string();
        let events = parse(body.as_bytes(), "9", NOW);
        prop_assert_eq!(events.len(), count);
        for event in events {
            prop_assert_eq!(event.validate(NOW), Ok(()));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, "9", NOW);
    }
}
