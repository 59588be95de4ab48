//! The streams that the small tree's daemon would have: Ada's.

use serde_json::{Value, json};
use stagedoor_domain::{StreamEvent, StreamStatus, UserId};
use stagedoor_inspect::{
    AlertsOverview, Asked, Budget, EventQuery, PlatformsOverview, SourceError, StreamAction,
    StreamOverview,
};

/// How many events there are. The third of them is as large as an event may be.
const EVENTS: u64 = 1_200;

fn from<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// What is Ada's, and that nobody else has any.
pub(super) fn of<T: Send + 'static>(
    user: &UserId,
    answer: impl FnOnce() -> T,
) -> Asked<'static, T> {
    let answer = match user.as_str() {
        "ada" => Ok(answer()),
        "slow" => return Box::pin(std::future::pending()),
        "lost" => Err(SourceError::Unavailable { reason: "the store does not answer".into() }),
        _ => Err(SourceError::NoTree),
    };
    Box::pin(async { answer })
}

pub(super) fn overview() -> StreamOverview {
    from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "status": "live", "title": "Late night tea",
        "encoder": {"connected": true, "since": "2026-11-22T14:58:11Z"},
        "livestream": "019ac3f0-5a00-7c3e-8a1d-2f6b9e0d4c71", "started_at": "2026-11-22T14:59:55Z",
        "destinations": [{"id": "twitch", "status": "live"}], "viewers": 431, "peak_viewers": 439,
    }))
}

pub(super) fn act(user: &UserId, action: &StreamAction) -> Result<StreamStatus, SourceError> {
    match action {
        StreamAction::Start { .. } if user.as_str() == "ada" => Err(SourceError::Refused {
            code: "already_on_air".into(),
            reason: "the stream is live already".into(),
        }),
        StreamAction::Stop if user.as_str() == "ada" => Ok(StreamStatus::Ending),
        _ => Err(SourceError::NoTree),
    }
}

fn event(number: u64) -> StreamEvent {
    let text = if number == 3 { "x".repeat(3_000_000) } else { format!("message {number}") };
    from(json!({
        "id": format!("019ac3f5-7010-7b2a-9c4d-{number:012x}"), "user": "ada",
        "received_at": "2026-11-22T15:00:00.412Z", "platform": "twitch",
        "kind": if number.is_multiple_of(10) { "follow" } else { "chat.message" },
        "occurred_at": "2026-11-22T15:00:00.25Z", "dedupe_key": number.to_string(), "message": {"text": text},
    }))
}

pub(super) fn events(query: &EventQuery, limit: usize) -> Vec<StreamEvent> {
    let matches = |event: &StreamEvent| {
        query.before.is_none_or(|before| event.id < before)
            && query.after.is_none_or(|after| event.id > after)
            && (query.kinds.is_empty() || query.kinds.contains(&event.report.kind))
    };
    let all = (1..=EVENTS).map(event).filter(matches);
    if query.after.is_some() {
        return all.take(limit).collect();
    }
    let mut newest: Vec<_> = all.collect();
    newest.reverse();
    newest.truncate(limit);
    newest
}

pub(super) fn alerts(recent: usize) -> AlertsOverview {
    let alert = |text: &str| {
        json!({
            "id": "019ac3f5-7200-7d10-8a4b-6c5d4e3f2a1b", "user": "ada", "kind": "donation",
            "platform": "stagedoor", "priority": "normal", "state": "queued", "name": "Grace", "text": text,
            "money": {"micros": 5_000_000, "currency": "EUR"}, "events": 1, "display_ms": 8_000,
            "created_at": "2026-11-22T15:00:00.412Z",
        })
    };
    from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "paused": false, "muted": false,
        "showing": {
            "alert": alert("hi"), "started_at": "2026-11-22T15:00:00.5Z", "ends_at": "2026-11-22T15:00:08.5Z",
        },
        "waiting": vec![alert(&"\u{1f375}".repeat(10_000)); 200],
        "recent": vec![alert("before"); recent],
    }))
}

pub(super) fn platforms() -> PlatformsOverview {
    from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "platforms": [
            { "platform": "twitch", "account": "12826", "name": "ada_codes", "state": "not_running" },
        ],
    }))
}

pub(super) fn budget() -> Budget {
    from(json!({
        "name": "cloudflare", "limit": 1_200, "used": 37, "window_ms": 300_000,
        "priorities": [{"name": "stop", "waiting": 0, "granted": 2}],
    }))
}
