//! `mode`: how careful the daemon is.

use clap::ValueEnum;
use serde::Serialize;

/// How careful the daemon is, and which defaults hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Runs with nothing prepared: makes its own secret, takes `?user=ada` on a loopback listener.
    Development,
    /// Refuses to start without a secret or a public key.
    Production,
}

impl Mode {
    /// As it is written in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}
