//! Chat messages as a platform sends them.

use jiff::Timestamp;
use serde_json::{Value, json};
use stagedoor_domain::{Actor, EventKind, EventReport, LivestreamId, Message, Platform};
use stagedoor_store::NewEvent;

use crate::users::user;

/// Message number `number`: another key and another author each time. What the platform sent, about `raw` bytes of
/// JSON, is there where `raw` is not 0.
pub(super) fn report(number: usize, raw: usize) -> EventReport {
    let id = format!("{:08x}-7c15-4e9b-b9f4-{number:012x}", number.wrapping_mul(0x9e37_79b9) >> 4);
    let author = 100_000_000 + number % 5_000;
    let text = "that last jump was clean, do it again without the rope";
    let mut report = EventReport::new(
        Platform::Twitch,
        EventKind::ChatMessage,
        Timestamp::now(),
        format!("chat:{id}"),
    );
    if raw > 0 {
        report.raw = Some(notification(&id, author, text, raw));
    }
    report.actor = Some(Actor { id: Some(author.to_string().into()), ..Actor::default() });
    report.message = Some(Message { id: Some(id.into()), text: text.into(), ..Message::default() });
    report
}

/// Which number a message of [`report`] has, by its key.
pub(super) fn number_of(dedupe_key: &str) -> Option<usize> {
    usize::from_str_radix(dedupe_key.strip_prefix("chat:")?.rsplit('-').next()?, 16).ok()
}

/// The same for the store.
pub(super) fn event(number: usize, users: usize, raw: usize, livestream: LivestreamId) -> NewEvent {
    NewEvent {
        user: user(number % users),
        livestream: Some(livestream),
        received_at: Timestamp::now(),
        report: report(number, raw),
        alert: None,
    }
}

/// What Twitch sends of a chat message, filled up to the size.
fn notification(id: &str, author: usize, text: &str, size: usize) -> Value {
    const REST: usize = 640;
    let login = format!("viewer_{author}");
    json!({
        "broadcaster_user_id": "1971641",
        "broadcaster_user_login": "streamer",
        "broadcaster_user_name": "streamer",
        "chatter_user_id": author.to_string(),
        "chatter_user_login": login,
        "chatter_user_name": login,
        "message_id": id,
        "message": {
            "text": text,
            "fragments": [
                { "type": "text", "text": text, "cheermote": null, "emote": null, "mention": null }
            ],
        },
        "color": "#00FF7F",
        "badges": [{ "set_id": "subscriber", "id": "16", "info": "16" }],
        "message_type": "text",
        "cheer": null,
        "reply": null,
        "channel_points_custom_reward_id": null,
        "padding": "x".repeat(size.saturating_sub(REST)),
    })
}

/// How large the parts of an event are, in bytes of JSON.
pub(super) fn sizes(raw: usize) -> Value {
    let mut report = report(1, raw);
    let raw = report.raw.take().map_or(0, |raw| raw.to_string().len());
    // The store writes when it was received beside it.
    let received_at = r#""received_at":"2026-01-01T00:00:00.000000000Z","#.len();
    let body = serde_json::to_string(&report).map_or(0, |body| body.len()) + received_at;
    json!({ "body": body, "raw": raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_as_large_as_in_a_chat() {
        let sizes = sizes(800);
        let of = |part: &str| sizes[part].as_u64().unwrap();
        assert!((310..=350).contains(&of("body")), "{sizes}");
        assert!((780..=820).contains(&of("raw")), "{sizes}");
    }

    #[test]
    fn keys_differ() {
        let keys: std::collections::HashSet<_> =
            (0..1000).map(|number| report(number, 0).dedupe_key).collect();
        assert_eq!(keys.len(), 1000);
        assert_eq!(number_of(&report(4711, 0).dedupe_key), Some(4711));
    }
}
