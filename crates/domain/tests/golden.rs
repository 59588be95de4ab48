//! The JSON forms are stable: golden files hold them, one for each type, and for events one for each kind.
//!
//! A file is read and written again, and what comes out is what was in it, to the byte: a field that is renamed,
//! dropped or written otherwise fails. After a change that is meant, run with `UPDATE_GOLDEN=1` and look at the diff.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

use std::{collections::BTreeSet, fmt::Debug, fs, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};
use stagedoor_domain::{
    Account, Alert, AlertSettings, Destination, DestinationStatus, EventKind, Livestream,
    LivestreamSummary, SeriesPoint, Statistics, StreamEvent,
};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Reads a golden file and compares it with how the value in it is written.
fn held<T: Serialize + DeserializeOwned + Debug + PartialEq>(name: &str) -> T {
    let path = directory().join(name).with_added_extension("json");
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let value: T = serde_json::from_str(&golden).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = serde_json::to_string_pretty(&value).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &written).unwrap();
    } else {
        assert_eq!(written, golden, "{name}");
    }
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), value, "{name}");
    value
}

fn event(kind: &str) -> StreamEvent {
    let event: StreamEvent = held(&format!("event/{kind}"));
    assert_eq!(event.report.kind.as_str(), kind);
    event
}

#[test]
fn an_event_of_every_kind_has_its_form() {
    for kind in EventKind::KNOWN {
        let event = event(kind.as_str());
        let words = format!("{event:?}");
        assert!(!words.contains("Unknown("), "{kind} has only words that are known: {words}");
        assert_eq!(event.report.validate(event.received_at), Ok(()), "{kind}");
    }
}

#[test]
fn words_that_nobody_knows_are_kept() {
    let event = event("hype_train.begin");
    assert_eq!(event.report.kind, EventKind::Unknown("hype_train.begin".into()));
    let units = event.report.units.as_ref().unwrap();
    assert_eq!((units.kind.as_str(), units.amount), ("steam", 1));
    assert_eq!(event.report.message.as_ref().unwrap().fragments[0].kind.as_str(), "sticker");
}

#[test]
fn every_field_of_an_event_is_in_a_file() {
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(directory().join("event")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        names(&serde_json::from_str(&text).unwrap(), &mut seen);
    }
    let missing: Vec<_> = fields().into_iter().filter(|field| !seen.contains(field)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_other_type_has_its_form() {
    held::<Alert>("alert");
    held::<Alert>("alert_merged");
    held::<AlertSettings>("alert_settings");
    held::<Livestream>("livestream");
    held::<LivestreamSummary>("livestream_summary");
    held::<Statistics>("statistics");
    held::<SeriesPoint>("series_point");
    held::<Account>("account");
    held::<Destination>("destination");
    held::<DestinationStatus>("destination_status");
}

/// `docs/events.md` tells readers the same.
mod documented {
    use serde_json::Value;

    use super::*;

    const DOCUMENT: &str = include_str!("../../../docs/events.md");

    #[test]
    fn every_kind_has_a_section_with_an_example_which_is_that_of_its_file() {
        for kind in EventKind::KNOWN {
            let heading = format!("\n### {kind}\n");
            let mut sections = DOCUMENT.split(&heading).skip(1);
            let section = sections.next().unwrap_or_else(|| panic!("{kind} has a section"));
            let section = section.split("\n#").next().unwrap();
            let mut examples = section.split("```json\n").skip(1);
            let example = examples.next().unwrap_or_else(|| panic!("{kind} has an example"));
            let example: Value =
                serde_json::from_str(example.split("```").next().unwrap()).unwrap();
            let mut event = event(kind.as_str());
            event.report.raw = None;
            assert_eq!(serde_json::to_value(event).unwrap(), example, "{kind}");
            assert!(examples.next().is_none() && sections.next().is_none(), "{kind} has one");
        }
        let sections = DOCUMENT.matches("\n### ").count();
        assert_eq!(sections, EventKind::KNOWN.len(), "no section without a kind");
    }

    #[test]
    fn every_field_is_told() {
        let told = |field: &String| DOCUMENT.contains(&format!("`{field}`"));
        let missing: Vec<_> = fields().into_iter().filter(|field| !told(field)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// The names of all fields of an event and of its parts, as its schema has them.
fn fields() -> BTreeSet<String> {
    use stagedoor_domain as domain;
    use utoipa::{PartialSchema, openapi::RefOr, openapi::schema::Schema};

    fn own<T: PartialSchema>(fields: &mut BTreeSet<String>) {
        match T::schema() {
            RefOr::T(Schema::Object(object)) => fields.extend(object.properties.keys().cloned()),
            RefOr::T(Schema::AllOf(parts)) => {
                for part in parts.items {
                    if let RefOr::T(Schema::Object(object)) = part {
                        fields.extend(object.properties.keys().cloned());
                    }
                }
            }
            _ => panic!("an object"),
        }
    }

    let mut fields = BTreeSet::new();
    own::<StreamEvent>(&mut fields);
    own::<domain::EventReport>(&mut fields);
    own::<domain::Actor>(&mut fields);
    own::<domain::Roles>(&mut fields);
    own::<domain::Badge>(&mut fields);
    own::<domain::Message>(&mut fields);
    own::<domain::Fragment>(&mut fields);
    own::<domain::Reply>(&mut fields);
    own::<domain::Money>(&mut fields);
    own::<domain::Units>(&mut fields);
    own::<domain::Subscription>(&mut fields);
    own::<domain::Gift>(&mut fields);
    own::<domain::Raid>(&mut fields);
    own::<domain::Reward>(&mut fields);
    own::<domain::Moderation>(&mut fields);
    own::<domain::StreamFacts>(&mut fields);
    own::<domain::Output>(&mut fields);
    assert!(fields.len() > 60, "the schemas have properties: {fields:?}");
    fields
}

/// All names of objects' fields in a value.
fn names(value: &serde_json::Value, seen: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                seen.insert(name.clone());
                names(value, seen);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| names(value, seen)),
        _ => {}
    }
}
