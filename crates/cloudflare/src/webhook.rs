//! What Cloudflare's Notifications send when an encoder comes or goes
//! (<https://developers.cloudflare.com/stream/stream-live/webhooks/>).
//!
//! They carry no id of their own and no signature: a secret in the header `cf-webhook-auth` says that they are
//! genuine, and whoever takes them in must have compared it. The same notification may come more than once and later
//! than the next one: [`LiveWebhook::updated_at`] orders them.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use stagedoor_domain::{EventKind, EventReport, MAX_RAW_BYTES, Platform};
use thiserror::Error;

/// The largest body that is read, in bytes. Real ones have less than one KiB.
const MAX_BYTES: usize = 64 * 1024;

/// The longest text that is kept of a notification, in characters.
const MAX_CHARS: usize = 300;

/// The longest name of an event that is kept, in bytes.
const MAX_WORD_BYTES: usize = 64;

/// The longest id of a live input, in bytes; Cloudflare's have 32.
const MAX_UID_BYTES: usize = 64;

/// Why a notification was not understood.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The body is too large.
    #[error("the body has {bytes} bytes, more than {MAX_BYTES}")]
    TooLarge {
        /// How large.
        bytes: usize,
    },
    /// It is no JSON.
    #[error("the body is no JSON")]
    Json(#[source] serde_json::Error),
    /// It is about something else: a test of the webhook, another product. It is to be answered like the others, or
    /// Cloudflare holds the address for broken.
    #[error("not about a live input")]
    NotAboutALiveInput,
}

/// An encoder has come, gone, or is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveWebhook {
    /// The live input.
    pub input_uid: Box<str>,
    /// What happened.
    pub event: LiveEvent,
    /// When, by Cloudflare's clock.
    pub updated_at: Timestamp,
    /// Cloudflare's code of why the encoder is refused, such as `ERR_GOP_OUT_OF_RANGE`.
    pub error_code: Option<Box<str>>,
    /// The same in words.
    pub error_message: Option<Box<str>>,
    /// All of it, as it came.
    pub raw: Value,
}

/// What happened to a live input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveEvent {
    /// An encoder is connected.
    Connected,
    /// The encoder is gone.
    Disconnected,
    /// What the encoder sends is refused.
    Errored,
    /// Something else, in its own words.
    Unknown(Box<str>),
}

impl LiveEvent {
    fn kind(&self) -> EventKind {
        match self {
            Self::Connected => EventKind::InputConnected,
            Self::Disconnected => EventKind::InputDisconnected,
            Self::Errored => EventKind::InputErrored,
            Self::Unknown(text) => EventKind::Unknown(text.clone()),
        }
    }
}

#[derive(Deserialize)]
struct Wire {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    input_id: String,
    event_type: String,
    updated_at: Timestamp,
    #[serde(default)]
    live_input_errored: Value,
}

impl LiveWebhook {
    /// Reads the body of a notification.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn parse(body: &[u8]) -> Result<Self, WebhookError> {
        if body.len() > MAX_BYTES {
            return Err(WebhookError::TooLarge { bytes: body.len() });
        }
        let raw: Value = serde_json::from_slice(body).map_err(WebhookError::Json)?;
        let Ok(Wire { data }) = Wire::deserialize(&raw) else {
            return Err(WebhookError::NotAboutALiveInput);
        };
        let is_uid = data.input_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_uid || !(1..=MAX_UID_BYTES).contains(&data.input_id.len()) {
            return Err(WebhookError::NotAboutALiveInput);
        }
        let event = match &*data.event_type {
            "live_input.connected" => LiveEvent::Connected,
            "live_input.disconnected" => LiveEvent::Disconnected,
            "live_input.errored" => LiveEvent::Errored,
            other => LiveEvent::Unknown(word(other)),
        };
        let error = &data.live_input_errored["error"];
        Ok(Self {
            input_uid: data.input_id.into(),
            event,
            updated_at: data.updated_at,
            error_code: error["code"].as_str().map(short),
            error_message: error["message"].as_str().map(short),
            raw,
        })
    }

    /// The event that it reports. The same notification always has the same key.
    #[must_use]
    pub fn into_report(self) -> EventReport {
        let kind = self.event.kind();
        let key = format!("{}:{}:{}", self.input_uid, kind.as_str(), self.updated_at);
        let mut report = EventReport::new(Platform::Cloudflare, kind, self.updated_at, key);
        report.reason = match (self.error_code, self.error_message) {
            (Some(code), Some(message)) => Some(format!("{code}: {message}").into()),
            (code, message) => code.or(message),
        };
        let fits = self.raw.to_string().len() <= MAX_RAW_BYTES;
        report.raw = fits.then_some(self.raw);
        report
    }
}

/// What people can read of a text.
fn short(text: &str) -> Box<str> {
    text.chars().filter(|char| !char.is_control()).take(MAX_CHARS).collect::<String>().into()
}

/// What can be part of a name.
fn word(text: &str) -> Box<str> {
    let word: String = text.chars().filter(char::is_ascii_graphic).take(MAX_WORD_BYTES).collect();
    if word.is_empty() { "unknown".into() } else { word.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::fuzzing::cloudflare_webhook;

    fn parse(value: &Value) -> Result<LiveWebhook, WebhookError> {
        LiveWebhook::parse(value.to_string().as_bytes())
    }

    fn errored() -> Value {
        json!({
            "name": "Live Webhook Test",
            "text": "Notification type: Stream Live Input",
            "data": {
                "notification_name": "Stream Live Input",
                "input_id": "eb222fcca08eeb1ae84c981ebe8aeeb6",
                "event_type": "live_input.errored",
                "updated_at": "2026-11-22T18:00:00.855Z",
                "live_input_errored": {
                    "error": {"code": "ERR_GOP_OUT_OF_RANGE", "message": "input GOP size is too long"},
                    "video_codec": "h264",
                    "audio_codec": "aac",
                },
            },
            "ts": 1_795_370_400,
        })
    }

    #[test]
    fn a_notification_becomes_an_event_with_its_reason() {
        let report = parse(&errored()).unwrap().into_report();
        assert_eq!(report.kind, EventKind::InputErrored);
        assert_eq!(
            report.reason.as_deref(),
            Some("ERR_GOP_OUT_OF_RANGE: input GOP size is too long")
        );
        assert_eq!(
            &*report.dedupe_key,
            "eb222fcca08eeb1ae84c981ebe8aeeb6:input.errored:2026-11-22T18:00:00.855Z"
        );
    }

    #[test]
    fn an_event_that_nobody_here_knows_is_kept() {
        let mut value = errored();
        value["data"]["event_type"] = json!("live_input.paused");
        let webhook = parse(&value).unwrap();
        assert_eq!(webhook.event, LiveEvent::Unknown("live_input.paused".into()));
        assert_eq!(webhook.raw, value);
    }

    #[test]
    fn what_is_not_about_a_live_input_is_told_apart_from_nonsense() {
        let test = json!({"text": "Hello World! This is a test message sent from Cloudflare."});
        assert!(matches!(parse(&test), Err(WebhookError::NotAboutALiveInput)));
        assert!(matches!(LiveWebhook::parse(b"hello"), Err(WebhookError::Json(_))));
        let large = vec![b' '; MAX_BYTES + 1];
        assert!(matches!(LiveWebhook::parse(&large), Err(WebhookError::TooLarge { .. })));
    }

    /// What a field of a notification may say.
    fn odd() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            (0..500usize).prop_map(|length| "ä".repeat(length).into()),
            Just(json!({ "error": [], "code": {} })),
            prop::sample::select(vec!["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"])
                .prop_map(Value::from),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_breaks_it(
            body in prop::collection::vec(any::<u8>(), 0..200),
            fields in prop::collection::vec((0..6usize, odd()), 1..4),
            cut in prop::option::of(0..400usize),
        ) {
            cloudflare_webhook(&body);
            let mut value = errored();
            for (field, odd) in fields {
                let data = &mut value["data"];
                match field {
                    0 => data["input_id"] = odd,
                    1 => data["event_type"] = odd,
                    2 => data["updated_at"] = odd,
                    3 => data["live_input_errored"] = odd,
                    4 if data["live_input_errored"]["error"].is_object() => {
                        data["live_input_errored"]["error"]["code"] = odd;
                    }
                    _ => data["something"] = odd,
                }
            }
            let text = value.to_string();
            cloudflare_webhook(text.as_bytes());
            cloudflare_webhook(&text.as_bytes()[..cut.unwrap_or(text.len()).min(text.len())]);
        }
    }
}
