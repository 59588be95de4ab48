use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{
    DestinationId, DestinationStatus, LivestreamId, Metadata, Statistics, StreamStatus,
};
use utoipa::ToSchema;

/// What is known of the encoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Encoder {
    /// Whether it is connected; none while nobody has told.
    pub connected: Option<bool>,
    /// Since when, by Cloudflare's clock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Timestamp>,
    /// What the live input does not like about what it sends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<Box<str>>,
}

/// Where one destination of the livestream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestinationState {
    /// Which.
    pub id: DestinationId,
    /// Where it stands.
    #[serde(flatten)]
    pub status: DestinationStatus,
}

/// What [`StreamStateServer`](crate::StreamStateServer) shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamStateSnapshot {
    /// Where the stream stands.
    pub status: StreamStatus,
    /// What was before is still being read from the store; the rest says nothing yet.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub loading: bool,
    /// What the stream is called and about.
    pub metadata: Metadata,
    /// What is known of the encoder.
    pub encoder: Encoder,
    /// The livestream that is under way, or the last one since the tree started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub livestream: Option<LivestreamId>,
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// For how long it has been, or was, under way, in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uptime_s: Option<u64>,
    /// When it ends by itself unless the encoder comes back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auto_stop_at: Option<Timestamp>,
    /// Its destinations.
    pub destinations: Vec<DestinationState>,
    /// Its counts.
    pub statistics: Statistics,
    /// Why the last start failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<Box<str>>,
}
