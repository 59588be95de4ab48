//! What is told of the alerts.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::Alert;
use utoipa::ToSchema;

/// News of a user's alerts: all that an overlay needs to be in step with the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertNews {
    /// What has changed.
    pub change: AlertChange,
    /// The alert that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alert: Option<Arc<Alert>>,
    /// Since when it is shown, with `show`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    /// Until when it is shown, with `show`. An overlay takes it off then, also when it hears nothing more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ends_at: Option<Timestamp>,
    /// How many wait.
    pub waiting: usize,
    /// Whether nothing new is shown for now.
    pub paused: bool,
    /// Whether alerts are shown without their sound.
    pub muted: bool,
}

/// What has changed of the alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertChange {
    /// The alert is on the overlays from now on.
    Show,
    /// The alert is off the overlays.
    Hide,
    /// The alert waits.
    Queued,
    /// A later alert of the same person went into this one, which waits.
    Merged,
    /// The alert will not be shown: too many waited, or it waited for too long.
    Dropped,
    /// None waits any more.
    Cleared,
    /// Nothing of an alert: paused, resumed, muted, or how things are for one who has just come.
    Queue,
}
