//! `docs/inspect.md` shows forms: they are those of the types.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use stagedoor_inspect::{
    Acted, AlertsOverview, Budget, ChildCount, ChildInfo, HistoryRecord, LifecycleEvent,
    MetricsSummary, Overview, PlatformsOverview, PresentUser, Snapshot, StreamActed,
    StreamOverview, TreeRow, UserMetrics,
};

const DOCUMENT: &str = include_str!("../../../docs/inspect.md");

/// The JSON blocks of a section.
fn examples(form: &str) -> Vec<Value> {
    let section =
        DOCUMENT.split(&format!("\n### {form}\n")).nth(1).expect("the form has a section");
    let section = section.split("\n#").next().unwrap();
    let blocks = section.split("```json\n").skip(1);
    let examples: Vec<Value> = blocks
        .map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap())
        .collect();
    assert!(!examples.is_empty(), "{form} has an example");
    examples
}

/// Reads and writes the examples: what comes out is what went in, neither more nor less.
fn is_form_of<T: Serialize + DeserializeOwned>(form: &str) {
    for example in examples(form) {
        let value: T = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(serde_json::to_value(value).unwrap(), example, "{form}");
    }
}

#[test]
fn every_documented_form_is_what_the_types_read_and_write() {
    is_form_of::<Overview>("overview");
    is_form_of::<PresentUser>("present_user");
    is_form_of::<UserMetrics>("user_metrics");
    is_form_of::<MetricsSummary>("metrics_summary");
    is_form_of::<TreeRow>("tree_row");
    is_form_of::<ChildInfo>("child");
    is_form_of::<ChildCount>("count");
    is_form_of::<Snapshot>("snapshot");
    is_form_of::<HistoryRecord>("history_record");
    is_form_of::<LifecycleEvent>("lifecycle_event");
    is_form_of::<Acted>("acted");
    is_form_of::<StreamOverview>("stream_overview");
    is_form_of::<StreamActed>("stream_acted");
    is_form_of::<AlertsOverview>("alerts_overview");
    is_form_of::<PlatformsOverview>("platforms_overview");
    is_form_of::<Budget>("budget");
}
