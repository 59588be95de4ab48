//! `[stream]`: what runs in a user's tree.

use serde::{Deserialize, Serialize};

/// `[stream]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    /// Whether each tree has a `ConsoleLogger`, which writes one line a second.
    pub console_logger: bool,
}
