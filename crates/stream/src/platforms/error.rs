use std::time::Duration;

use stagedoor_domain::Platform;
use stagedoor_platforms::Error;
use stagedoor_supervision::AddressError;
use thiserror::Error as ThisError;

/// Why a platform did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum PlatformCommandError {
    /// No account is connected there, or its manager does not run.
    #[error("no account on {platform} is connected")]
    NotConnected {
        /// Which platform.
        platform: Platform,
    },
    /// The platform, or what it demands, stands against it.
    #[error(transparent)]
    Platform(#[from] Error),
    /// The platform has not answered for a while and is left alone for a moment.
    #[error("{platform} does not answer; it is left alone for {} s", retry_after.as_secs().max(1))]
    CircuitOpen {
        /// Which platform.
        platform: Platform,
        /// For how long.
        retry_after: Duration,
    },
    /// Too many commands are under way.
    #[error("too many commands to {platform} are under way")]
    Busy {
        /// Which platform.
        platform: Platform,
    },
    /// There was no answer in time. It may have been done.
    #[error("{platform} has not answered in time; it may have been done")]
    TimedOut {
        /// Which platform.
        platform: Platform,
    },
}

impl PlatformCommandError {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotConnected { .. } => "not_connected",
            Self::Platform(error) => error.code(),
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Busy { .. } => "busy",
            Self::TimedOut { .. } => "timed_out",
        }
    }

    /// When to ask again, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Platform(error) => error.retry_after(),
            Self::CircuitOpen { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    pub(super) fn from_address(error: &AddressError, platform: Platform) -> Self {
        match error {
            AddressError::TimedOut(_) | AddressError::Lost => Self::TimedOut { platform },
            _ => Self::NotConnected { platform },
        }
    }
}
