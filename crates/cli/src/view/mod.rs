//! How answers look: pure functions from an answer to text, one file a kind of answer.

mod actor;
mod events;
mod life;
mod numbers;
mod overview;
mod people;
mod platforms;
mod stream;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use actor::{acted, children, snapshot};
pub(crate) use events::{events, stream_event};
pub(crate) use life::{event, history, missed};
pub(crate) use numbers::{count, metrics, summary};
pub(crate) use overview::overview;
pub(crate) use people::{presence, users};
pub(crate) use platforms::platforms;
pub(crate) use stream::{alerts, budgets, stream, stream_acted};
pub(crate) use tree::tree;

use jiff::Timestamp;

/// A time to the millisecond, in UTC: what logs have, too.
fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The longest reason that is shown; `--json` has it whole.
const REASON: usize = 160;

/// `text`, cut when it is longer than anybody reads in a table.
fn brief(text: &str) -> String {
    match text.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `5.00 EUR: For the next pot of tea`
fn with_text(facts: &[String], text: Option<&str>) -> String {
    let facts = facts.join(", ");
    match text.filter(|text| !text.is_empty()) {
        Some(text) if facts.is_empty() => text.into(),
        Some(text) => format!("{facts}: {text}"),
        None => facts,
    }
}
