//! What the daemon of the tests knows of streams: Ada's, whose events can be added to.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use stagedoor_domain::{StreamEvent, StreamStatus, UserId};
use stagedoor_inspect::{
    AlertsOverview, Asked, Budget, EventQuery, PlatformsOverview, SourceError, StreamAction,
    StreamOverview,
};

/// How many events there are.
#[derive(Default)]
pub(crate) struct Streams(Mutex<u64>);

fn from<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn of<T: Send + 'static>(
    user: &UserId,
    answer: impl FnOnce() -> Result<T, SourceError>,
) -> Asked<'static, T> {
    let answer = if user.as_str() == "ada" { answer() } else { Err(SourceError::NoTree) };
    Box::pin(async { answer })
}

fn event(number: u64) -> StreamEvent {
    from(json!({
        "id": format!("019ac3f5-7010-7b2a-9c4d-{number:012x}"), "user": "ada",
        "received_at": "2026-11-22T15:00:00.412Z", "platform": "twitch",
        "kind": if number.is_multiple_of(2) { "follow" } else { "chat.message" },
        "occurred_at": "2026-11-22T15:00:00.25Z", "dedupe_key": number.to_string(),
        "actor": {"name": format!("viewer-{number}")}, "message": {"text": "hi \u{1b}[2J"},
    }))
}

impl Streams {
    pub(crate) fn add(&self, events: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += events;
    }

    pub(crate) fn events(&self, query: &EventQuery, limit: usize) -> Vec<StreamEvent> {
        let all = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = |event: &StreamEvent| {
            query.before.is_none_or(|before| event.id < before)
                && query.after.is_none_or(|after| event.id > after)
                && (query.kinds.is_empty() || query.kinds.contains(&event.report.kind))
        };
        let all = (1..=all).map(event);
        if query.after.is_some() {
            return all.filter(matches).take(limit).collect();
        }
        all.rev().filter(matches).take(limit).collect()
    }
}

pub(crate) fn overview() -> StreamOverview {
    from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "status": "live", "title": "Late night tea",
        "encoder": {"connected": true}, "destinations": [{"id": "twitch", "status": "live"}],
        "viewers": 431, "peak_viewers": 439,
    }))
}

pub(crate) fn act(action: &StreamAction) -> Result<StreamStatus, SourceError> {
    match action {
        StreamAction::Stop => Ok(StreamStatus::Ending),
        _ => Err(SourceError::Refused {
            code: "already_on_air".into(),
            reason: "the stream is live already".into(),
        }),
    }
}

pub(crate) fn alerts() -> AlertsOverview {
    from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "paused": false, "muted": false,
        "waiting": [], "recent": [],
    }))
}

pub(crate) fn platforms() -> PlatformsOverview {
    from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "platforms": [
            { "platform": "twitch", "account": "12826", "name": "ada_codes", "state": "not_running" },
        ],
    }))
}

pub(crate) fn budget() -> Budget {
    from(json!({
        "name": "cloudflare", "limit": 1_200, "used": 37, "window_ms": 300_000,
        "priorities": [{"name": "stop", "waiting": 0, "granted": 2}],
    }))
}
