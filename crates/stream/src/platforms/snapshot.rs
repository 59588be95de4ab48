use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{LivestreamId, Platform};
use utoipa::ToSchema;

use super::{BreakerState, LinkState};

/// What [`PlatformManager`](super::PlatformManager) shows of itself. No token or key is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlatformSnapshot {
    /// Which platform.
    pub platform: Platform,
    /// The platform's id of the account.
    pub account: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// The connection.
    pub link: LinkState,
    /// Since when it is so.
    pub since: Timestamp,
    /// How often it was made.
    pub connected: u64,
    /// Failures in a row.
    pub failures: u32,
    /// Events received.
    pub received: u64,
    /// When the last one was.
    pub received_at: Option<Timestamp>,
    /// Whether it is on air there, as far as the platform has told.
    pub live: Option<bool>,
    /// How many watched when they were last counted.
    pub viewers: Option<u32>,
    /// Its side of the livestream.
    pub broadcast: BroadcastView,
    /// Whether commands are carried out.
    pub circuit: BreakerState,
    /// Commands under way.
    pub commands: usize,
}

/// The platform's side of the livestream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastView {
    /// Which livestream.
    pub livestream: Option<LivestreamId>,
    /// Where it stands: `none`, `intended`, `open`, `ended`; `unknown` before the store was read.
    pub state: Box<str>,
    /// The platform's id of it.
    pub id: Option<Box<str>>,
    /// Whether something is being done about it.
    pub busy: bool,
    /// What keeps it.
    pub obstacle: Option<Box<str>>,
}

/// What pages are told of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkNews {
    /// To which platform.
    pub platform: Platform,
    /// Where it stands.
    #[serde(flatten)]
    pub link: LinkState,
    /// Since when.
    pub since: Timestamp,
}

/// A chat message that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentMessage {
    /// The platform's id of it.
    pub message_id: Box<str>,
}

/// A moderator's act that was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModeratedView {
    /// How long the timeout is in seconds, where the platform rounds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_s: Option<u64>,
}
