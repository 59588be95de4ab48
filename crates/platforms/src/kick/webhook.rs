//! A delivery of Kick's: known by its signature first, understood afterwards.
//!
//! ```text
//! headers, raw body ── sizes ──▶ signature ──▶ JSON ──▶ whose channel, and what happened there
//! ```
//!
//! Old ones are taken: Kick delivers hours late at times, and at least once. What makes a delivery harmless when it
//! comes again is the key of what it reports, not its age. The type is told by a header that is not signed, so a body
//! that does not fit it becomes an event that nobody knows, and raises nothing.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;
use stagedoor_domain::EventReport;
use thiserror::Error;

use super::{PublicKey, reports};
use crate::Error;

/// The longest header that is read, in bytes, but for the signature.
const MAX_HEADER_BYTES: usize = 128;

/// The longest signature that is read, in bytes: one by a key of 8192 bits has 1,368.
const MAX_SIGNATURE_BYTES: usize = 1_400;

const MESSAGE_ID: &str = "kick-event-message-id";
const TIMESTAMP: &str = "kick-event-message-timestamp";
const SIGNATURE: &str = "kick-event-signature";
const EVENT_TYPE: &str = "kick-event-type";

/// Why a delivery was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A header is missing, given twice or out of its limits: it is not Kick's.
    #[error("the header {name} is missing or not as it must be")]
    Header {
        /// Which.
        name: &'static str,
    },
    /// Its signature does not fit: somebody else has made or changed it.
    #[error("the signature does not fit")]
    Forged,
    /// The key cannot be had now: whether it is Kick's cannot be told. It is to be delivered again.
    #[error("the public key cannot be had now")]
    NoKey(#[source] Error),
    /// It is Kick's, but no JSON. It is to be acknowledged: it will be no better the next time.
    #[error("the body is no JSON")]
    NotJson,
    /// It is Kick's, but does not say about whose channel. It is to be acknowledged.
    #[error("the body does not say about whose channel it is")]
    NoChannel,
}

/// A delivery that is Kick's.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The delivery's id: the same when it comes again.
    pub message_id: Box<str>,
    /// What it is about, in Kick's words: `chat.message.sent`.
    pub event_type: Box<str>,
    /// When Kick made it.
    pub sent_at: Timestamp,
    /// Whose channel it is about: Kick's id of the account.
    pub broadcaster_id: Box<str>,
    /// What happened: one report or more.
    pub reports: Vec<EventReport>,
}

impl Webhook {
    /// Reads a delivery, if it is Kick's by this key. The body is at most as long as whoever took it allows.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn read(headers: &HeaderMap, body: &[u8], key: &PublicKey) -> Result<Self, WebhookError> {
        Self::read_at(headers, body, key, Timestamp::now())
    }

    pub(crate) fn read_at(
        headers: &HeaderMap,
        body: &[u8],
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<Self, WebhookError> {
        let message_id = header(headers, MESSAGE_ID, MAX_HEADER_BYTES)?;
        let timestamp = header(headers, TIMESTAMP, MAX_HEADER_BYTES)?;
        let signature = header(headers, SIGNATURE, MAX_SIGNATURE_BYTES)?;
        let event_type = header(headers, EVENT_TYPE, MAX_HEADER_BYTES)?;
        key.verify(message_id, timestamp, body, signature.as_bytes())
            .map_err(|_| WebhookError::Forged)?;
        let body: Value = serde_json::from_slice(body).map_err(|_| WebhookError::NotJson)?;
        let broadcaster_id = reports::broadcaster_id(&body).ok_or(WebhookError::NoChannel)?;
        let sent_at = timestamp.parse().unwrap_or(now);
        let delivery = reports::Delivery { message_id, event_type, sent_at };
        Ok(Self {
            reports: reports::reports(&delivery, body, now),
            message_id: message_id.into(),
            event_type: event_type.into(),
            sent_at,
            broadcaster_id,
        })
    }

    /// Whether it has what every delivery has, so that its signature is worth a look.
    pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), WebhookError> {
        for name in [MESSAGE_ID, TIMESTAMP, EVENT_TYPE] {
            header(headers, name, MAX_HEADER_BYTES)?;
        }
        header(headers, SIGNATURE, MAX_SIGNATURE_BYTES).map(drop)
    }
}

/// What a delivery reports whose body is known to be Kick's: [`Webhook::read`] makes sure of that first. Whatever the
/// body is, nothing panics and every report is one that is taken at `now`. Without JSON there is none.
#[must_use]
pub fn parse(event_type: &str, message_id: &str, body: &[u8], now: Timestamp) -> Vec<EventReport> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let delivery = reports::Delivery { message_id, event_type, sent_at: now };
    reports::reports(&delivery, body, now)
}

/// A header that is there once, with visible characters only.
fn header<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    limit: usize,
) -> Result<&'a str, WebhookError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let text = value.and_then(|value| value.to_str().ok());
    text.filter(|text| {
        (1..=limit).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    })
    .ok_or(WebhookError::Header { name })
}
