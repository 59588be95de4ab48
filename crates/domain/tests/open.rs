//! What comes from outside may know more than we do: words and fields that we do not know never fail.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use stagedoor_domain::{
    Account, Alert, AlertKind, AlertSettings, Destination, EventKind, EventReport, FragmentKind,
    Livestream, LivestreamSummary, Metadata, ModerationAction, Platform, SeriesPoint, Statistics,
    StreamEvent, UnitKind,
};

/// Reads a text in the place of an open enum and writes it again.
fn again<T: Serialize + DeserializeOwned>(word: &str) -> Value {
    let word: T = serde_json::from_value(json!(word)).unwrap();
    serde_json::to_value(word).unwrap()
}

/// Words that are known, words that are nearly so, and anything at all.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<String> = EventKind::KNOWN.iter().map(ToString::to_string).collect();
    prop_oneof![
        1 => prop::sample::select(known.clone()),
        1 => (prop::sample::select(known), ".").prop_map(|(word, more)| word + &more),
        3 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_the_place_of_a_word_is_kept(word in word()) {
        let same = json!(word);
        prop_assert_eq!(&again::<EventKind>(&word), &same);
        prop_assert_eq!(&again::<Platform>(&word), &same);
        prop_assert_eq!(&again::<FragmentKind>(&word), &same);
        prop_assert_eq!(&again::<ModerationAction>(&word), &same);
        prop_assert_eq!(&again::<UnitKind>(&word), &same);
        prop_assert_eq!(&again::<AlertKind>(&word), &same);
    }

    #[test]
    fn an_event_of_any_words_is_kept_whole(kind in word(), platform in word(), action in word(), unit in word(), raw in any::<i64>()) {
        let report = json!({
            "platform": platform, "kind": kind, "occurred_at": "2026-11-22T15:00:00Z", "dedupe_key": "k",
            "units": {"kind": unit, "amount": 1}, "moderation": {"action": action}, "raw": {"any": [raw]},
        });
        let read: EventReport = serde_json::from_value(report.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(read).unwrap(), report);
    }

    #[test]
    fn words_are_the_same_when_their_texts_are(a in word(), b in word()) {
        let (kind, other) = (EventKind::from(a.as_str()), EventKind::from(b.as_str()));
        // As a key of a map, a word is told from others by its text alone.
        prop_assert_eq!(kind == other, a == b);
        prop_assert_eq!(kind.as_str(), a.as_str());
    }
}

/// Puts a field that nobody knows into every object.
fn stuff(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(stuff);
            fields.insert("invented_tomorrow".into(), json!({"by": ["somebody"]}));
        }
        Value::Array(values) => values.iter_mut().for_each(stuff),
        _ => {}
    }
}

/// Reads a golden file with unknown fields everywhere but below `but`, where keys are data.
fn passes_over<T: Serialize + DeserializeOwned>(golden: &str, but: &[&str]) {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let mut stuffed = golden.clone();
    stuff(&mut stuffed);
    for path in but {
        *stuffed.pointer_mut(path).unwrap() = golden.pointer(path).unwrap().clone();
    }
    let read: T = serde_json::from_value(stuffed).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), golden);
}

#[test]
fn fields_that_nobody_knows_do_not_fail() {
    passes_over::<StreamEvent>(include_str!("golden/event/chat.message.json"), &["/raw"]);
    passes_over::<StreamEvent>(include_str!("golden/event/subscription.gift_received.json"), &[]);
    passes_over::<StreamEvent>(include_str!("golden/event/moderation.json"), &[]);
    passes_over::<StreamEvent>(include_str!("golden/event/reward.redeemed.json"), &[]);
    passes_over::<Alert>(include_str!("golden/alert.json"), &[]);
    passes_over::<AlertSettings>(include_str!("golden/alert_settings.json"), &["/kinds"]);
    passes_over::<Livestream>(include_str!("golden/livestream.json"), &[]);
    let counts = &["/donated"][..];
    passes_over::<LivestreamSummary>(include_str!("golden/livestream_summary.json"), counts);
    passes_over::<SeriesPoint>(include_str!("golden/series_point.json"), counts);
    let by_platform = &["/donated", "/platforms"][..];
    passes_over::<Statistics>(include_str!("golden/statistics.json"), by_platform);
    passes_over::<Account>(include_str!("golden/account.json"), &[]);
    passes_over::<Destination>(include_str!("golden/destination.json"), &[]);
}

#[test]
fn what_is_absent_has_its_default() {
    let settings: AlertSettings = serde_json::from_str("{}").unwrap();
    assert_eq!(settings, AlertSettings::default());
    let settings: AlertSettings = serde_json::from_str(r#"{"kinds": {"raid": {}}}"#).unwrap();
    assert!(settings.kinds[&AlertKind::Raid].enabled, "what is not forbidden is shown");
    let metadata: Metadata = serde_json::from_str(r#"{"title": "Tea"}"#).unwrap();
    assert_eq!(metadata, Metadata { title: "Tea".into(), ..Metadata::default() });
    let statistics: Statistics = serde_json::from_str("{}").unwrap();
    assert_eq!(statistics, Statistics::default());
}
