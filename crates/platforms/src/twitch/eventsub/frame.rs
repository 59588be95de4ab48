//! What comes by a socket of EventSub.
//!
//! <https://dev.twitch.tv/docs/eventsub/websocket-reference/>

use std::{borrow::Cow, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::twitch::events::{
    Notification,
    fields::{id, number, text, time},
};

/// How long a socket may be silent if it does not say.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// A message of EventSub.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// A message that is sent again has the same one.
    pub(crate) message_id: Box<str>,
    /// When it was sent; none where that cannot be read.
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) says: Says,
}

/// What it says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Says {
    /// The socket has a session, to which events can be subscribed.
    Welcome {
        session_id: Box<str>,
        /// After so long a silence the socket is dead.
        keepalive: Duration,
    },
    /// Nothing happened.
    Keepalive,
    /// The session moves to this address.
    Reconnect { url: Box<str> },
    /// Something happened.
    Notification(Notification),
    /// A subscription is gone.
    Revocation { kind: Box<str>, status: Box<str> },
    /// Something that is not known.
    Other { kind: Box<str> },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    metadata: Value,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// Reads a message. None where it is none.
pub(crate) fn read(message: &str, now: Timestamp) -> Option<Frame> {
    let Envelope { metadata, payload } = serde_json::from_str(message).ok()?;
    let payload = || -> Value {
        payload.and_then(|payload| serde_json::from_str(payload.get()).ok()).unwrap_or_default()
    };
    let message_id = id(&metadata, "message_id")?;
    let sent_at = time(&metadata, "message_timestamp");
    let says = match text(&metadata, "message_type")? {
        "session_welcome" => welcome(&payload()["session"])?,
        "session_keepalive" => Says::Keepalive,
        "session_reconnect" => Says::Reconnect { url: id(&payload()["session"], "reconnect_url")? },
        "notification" => {
            let mut payload = payload();
            let kind = id(&metadata, "subscription_type")
                .or_else(|| id(&payload["subscription"], "type"))?;
            Says::Notification(Notification {
                kind,
                message_id: message_id.clone(),
                sent_at: sent_at.unwrap_or(now),
                event: payload["event"].take(),
            })
        }
        "revocation" => {
            let subscription = &payload()["subscription"];
            let unknown = || Cow::Borrowed("unknown").into();
            Says::Revocation {
                kind: id(subscription, "type").unwrap_or_else(unknown),
                status: id(subscription, "status").unwrap_or_else(unknown),
            }
        }
        other => Says::Other { kind: other.into() },
    };
    Some(Frame { message_id, sent_at, says })
}

fn welcome(session: &Value) -> Option<Says> {
    let keepalive = number(session, "keepalive_timeout_seconds").filter(|seconds| *seconds > 0);
    // Out of 10 to 600 the number is not Twitch's, but what it says still holds.
    let keepalive = keepalive.map_or(KEEPALIVE, |seconds| Duration::from_secs(seconds.min(600)));
    Some(Says::Welcome { session_id: id(session, "id")?, keepalive })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

    fn says(message: &str) -> Option<Says> {
        read(message, NOW).map(|frame| frame.says)
    }

    #[test]
    fn a_welcome_tells_its_session_and_how_long_silence_may_be() {
        // The example of the reference.
        let welcome = r#"{"metadata":{"message_id":"96a3f3b5-5dec-4eed-908e-e11ee657416c",
            "message_type":"session_welcome","message_timestamp":"2023-07-19T14:56:51.634234626Z"},
            "payload":{"session":{"id":"AQoQILE98gtqShGmLD7AM6yJThAB","status":"connected",
            "connected_at":"2023-07-19T14:56:51.616329898Z","keepalive_timeout_seconds":10,"reconnect_url":null}}}"#;
        let frame = read(welcome, NOW).unwrap();
        assert_eq!(&*frame.message_id, "96a3f3b5-5dec-4eed-908e-e11ee657416c");
        assert_eq!(frame.sent_at, Some("2023-07-19T14:56:51.634234626Z".parse().unwrap()));
        let session_id = "AQoQILE98gtqShGmLD7AM6yJThAB".into();
        assert_eq!(frame.says, Says::Welcome { session_id, keepalive: Duration::from_secs(10) });
    }

    #[test]
    fn a_reconnect_tells_its_address_as_it_is() {
        let url = "wss://eventsub.wss.twitch.tv?challenge=a%2Fb&id=x";
        let message = format!(
            r#"{{"metadata":{{"message_id":"1","message_type":"session_reconnect"}},
            "payload":{{"session":{{"id":"x","status":"reconnecting","keepalive_timeout_seconds":null,"reconnect_url":"{url}"}}}}}}"#
        );
        assert_eq!(says(&message), Some(Says::Reconnect { url: url.into() }));
    }

    #[test]
    fn a_revocation_tells_what_is_gone_and_why() {
        let message = r#"{"metadata":{"message_id":"1","message_type":"revocation","subscription_type":"channel.follow"},
            "payload":{"subscription":{"type":"channel.follow","status":"authorization_revoked"}}}"#;
        let (kind, status) = ("channel.follow".into(), "authorization_revoked".into());
        assert_eq!(says(message), Some(Says::Revocation { kind, status }));
    }

    #[test]
    fn what_is_not_known_is_named_and_what_is_no_message_is_nothing() {
        let message =
            r#"{"metadata":{"message_id":"1","message_type":"session_party"},"payload":{}}"#;
        assert_eq!(says(message), Some(Says::Other { kind: "session_party".into() }));
        for garbage in [
            "",
            "{}",
            "[]",
            r#"{"metadata":{}}"#,
            "\0",
            r#"{"metadata":{"message_id":"1","message_type":"session_welcome"}}"#,
        ] {
            assert_eq!(says(garbage), None, "{garbage}");
        }
    }
}
