//! What happens around a stream, in one form for all platforms.
//!
//! ```text
//! a platform's payload ──▶ EventReport ── the one door ──▶ StreamEvent { id, livestream, received_at, report }
//! ```

mod kind;
mod parts;
mod validate;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use kind::EventKind;
pub use parts::{
    Actor, Badge, Fragment, FragmentKind, Gift, Message, Moderation, ModerationAction, Output,
    Raid, Reply, Reward, Roles, StreamFacts, Subscription,
};
pub use validate::{MAX_DEDUPE_KEY_BYTES, MAX_RAW_BYTES};

use crate::{LivestreamId, Money, Platform, Units, UserId, key::key};

key! {
    /// An event's id: a UUID of version 7. Later events have greater ids, also within a millisecond, so an id is the
    /// place in a user's history from which reading goes on.
    EventId
}

/// An event, as it is stored and published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamEvent {
    /// Ours.
    pub id: EventId,
    /// Whose stream it concerns.
    pub user: UserId,
    /// The livestream during which it was received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub livestream: Option<LivestreamId>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// What its source reports.
    #[serde(flatten)]
    pub report: EventReport,
}

/// What a source reports: everything of an event but what we add to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventReport {
    /// Where it happened.
    pub platform: Platform,
    /// What happened.
    pub kind: EventKind,
    /// When it happened, by the platform's clock; by ours where the platform does not say.
    pub occurred_at: Timestamp,
    /// What makes it the same event when it is delivered again, by whatever way: unique per user.
    pub dedupe_key: Box<str>,
    /// Counts up where a platform sends the same event again with other content; the greatest is kept.
    #[serde(skip_serializing_if = "is_default", default)]
    pub revision: u32,
    /// It is older than the connection that delivered it: history, which raises no alert.
    #[serde(skip_serializing_if = "is_default", default)]
    pub replayed: bool,
    /// We sent it ourselves: a chat message of the streamer that went out through us.
    #[serde(skip_serializing_if = "is_default", default)]
    pub sent_by_us: bool,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<Actor>,
    /// What they wrote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<Message>,
    /// What they paid.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub money: Option<Money>,
    /// What they gave that is not money.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub units: Option<Units>,
    /// Their subscription.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subscription: Option<Subscription>,
    /// Their raid.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raid: Option<Raid>,
    /// What they redeemed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reward: Option<Reward>,
    /// What a moderator did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moderation: Option<Moderation>,
    /// What became of the stream on its platform.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stream: Option<StreamFacts>,
    /// Which output of the live input it is about, and what became of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<Output>,
    /// How many watch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub viewers: Option<u32>,
    /// Why, where the kind alone does not say: a platform's code or words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Box<str>>,
    /// What the platform sent, word for word. Kept for a shorter time than the rest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<Object>)]
    pub raw: Option<serde_json::Value>,
}

impl EventReport {
    /// The key of a chat message, by the platform's id of it: the same for its echo and for the answer to whoever sent
    /// it.
    #[must_use]
    pub fn chat_key(platform: &Platform, message_id: &str) -> Box<str> {
        format!("{platform}:chat:{message_id}").into()
    }

    /// A report with nothing but the necessary.
    #[must_use]
    pub fn new(
        platform: Platform,
        kind: EventKind,
        occurred_at: Timestamp,
        dedupe_key: impl Into<Box<str>>,
    ) -> Self {
        Self {
            platform,
            kind,
            occurred_at,
            dedupe_key: dedupe_key.into(),
            revision: 0,
            replayed: false,
            sent_by_us: false,
            actor: None,
            message: None,
            money: None,
            units: None,
            subscription: None,
            raid: None,
            reward: None,
            moderation: None,
            stream: None,
            output: None,
            viewers: None,
            reason: None,
            raw: None,
        }
    }
}

/// For serde: a value that says nothing is not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
