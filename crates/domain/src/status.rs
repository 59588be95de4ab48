use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a user's stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamStatus {
    /// Not on air.
    #[default]
    Offline,
    /// On air.
    Live,
}

impl fmt::Display for StreamStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::Live => "live",
        })
    }
}
