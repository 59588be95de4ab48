//! What one sees of a user's stream, of its events and alerts, and of the quotas that all streams share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{
    Alert, DestinationId, DestinationStatus, EventId, LivestreamId, StreamEvent, StreamStatus,
    UserId,
};

use crate::message::StreamAction;

/// Where a user's stream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOverview {
    /// When it was read.
    pub observed_at: Timestamp,
    /// Whose stream.
    pub user: UserId,
    /// Where it stands.
    pub status: StreamStatus,
    /// What it is called.
    pub title: Box<str>,
    /// What is known of the encoder.
    pub encoder: EncoderView,
    /// The livestream that is under way, or the last one that the user's tree knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub livestream: Option<LivestreamId>,
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
    /// When it ends by itself unless the encoder comes back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auto_stop_at: Option<Timestamp>,
    /// Where it is sent to.
    pub destinations: Vec<DestinationView>,
    /// Viewers now, on all platforms.
    pub viewers: u64,
    /// The most viewers at a time.
    pub peak_viewers: u64,
    /// Why the last start failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<Box<str>>,
}

/// What is known of a user's encoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderView {
    /// Whether it is connected; none while nobody has told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connected: Option<bool>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Timestamp>,
    /// What the live input does not like about what it sends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<Box<str>>,
}

/// Where one destination of a livestream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationView {
    /// Which.
    pub id: DestinationId,
    /// Where it stands.
    #[serde(flatten)]
    pub status: DestinationStatus,
}

/// What was done to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamActed {
    /// Whose stream.
    pub user: UserId,
    /// What was done.
    #[serde(flatten)]
    pub action: StreamAction,
    /// Where it stands now: a start and a stop go on after they have begun.
    pub status: StreamStatus,
}

/// One page of a user's events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRows {
    /// When it was read.
    pub observed_at: Timestamp,
    /// The events, without what the platform sent word for word.
    pub rows: Vec<StreamEvent>,
    /// What `before`, or `after` when it was asked with one, must be for the next page; none when this is the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<EventId>,
}

/// A user's alerts: what is on the overlays, what waits, what was. Long texts are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsOverview {
    /// When it was read.
    pub observed_at: Timestamp,
    /// Whose alerts.
    pub user: UserId,
    /// Nothing is shown while this holds; alerts wait.
    pub paused: bool,
    /// Alerts are shown without their sound.
    pub muted: bool,
    /// What is on the overlays now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub showing: Option<ShownAlert>,
    /// What waits, in the order in which it will be shown.
    pub waiting: Vec<Alert>,
    /// What was, the newest first.
    pub recent: Vec<Alert>,
}

/// An alert that is on the overlays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAlert {
    /// The alert.
    pub alert: Alert,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// A quota that all users share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// What it is of: `cloudflare`.
    pub name: String,
    /// How much there is in a window.
    pub limit: u64,
    /// How much of it is used.
    pub used: u64,
    /// The window, in milliseconds.
    pub window_ms: u64,
    /// For how long nobody is let through, in milliseconds, because the other side said that it was too much.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub blocked_for_ms: Option<u64>,
    /// Who takes of it, the greatest priority first.
    pub priorities: Vec<BudgetPriority>,
}

/// What is taken of a quota with one priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetPriority {
    /// Its name: `stop`, `start`, `confirm`, `poll`.
    pub name: String,
    /// How many wait.
    pub waiting: u64,
    /// How many were let through since the daemon's start.
    pub granted: u64,
}
