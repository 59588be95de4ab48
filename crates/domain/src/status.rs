use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a user's stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamStatus {
    /// Not on air, and no encoder is connected.
    #[default]
    Offline,
    /// Not on air; the encoder is connected.
    Ready,
    /// On its way on air: destinations are being attached.
    Starting,
    /// On air on at least one destination.
    Live,
    /// On air, but the encoder is lost: waits for it until a deadline.
    Interrupted,
    /// On its way off air: destinations are being detached.
    Ending,
    /// The start failed on every destination; nothing of it is left behind.
    Failed,
}

impl StreamStatus {
    /// Whether there is a livestream: something is, or may still be, sent to destinations.
    #[must_use]
    pub const fn is_on_air(self) -> bool {
        matches!(self, Self::Starting | Self::Live | Self::Interrupted | Self::Ending)
    }

    /// Its name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
            Self::Ending => "ending",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for StreamStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
