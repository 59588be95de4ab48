use stagedoor_domain::{DestinationId, Invalid, StreamStatus};
use thiserror::Error;

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StreamCommandError {
    /// There is nothing to stream.
    #[error("no encoder is connected: start streaming to the live input first")]
    EncoderNotConnected,
    /// It was not said where to.
    #[error("no destination is chosen")]
    NoDestinations,
    /// There is no such destination.
    #[error("there is no destination {id}")]
    UnknownDestination {
        /// Its id.
        id: DestinationId,
    },
    /// A livestream is under way already.
    #[error("the stream is {status} already")]
    AlreadyOnAir {
        /// Where it stands.
        status: StreamStatus,
    },
    /// No livestream is under way.
    #[error("the stream is {status}: there is nothing to stop")]
    NotOnAir {
        /// Where it stands.
        status: StreamStatus,
    },
    /// A part of the metadata cannot be.
    #[error(transparent)]
    InvalidMetadata(#[from] Invalid),
    /// It cannot be saved, and what is not saved is not begun.
    #[error("the store does not answer: try again later")]
    StoreUnavailable,
    /// The daemon has no Cloudflare account to stream through.
    #[error("Cloudflare is not configured: set [cloudflare] in the daemon's configuration")]
    CloudflareNotConfigured,
    /// What was before is still being read from the store.
    #[error("the stream's state is still being read: try again in a moment")]
    Loading,
}

impl StreamCommandError {
    /// A name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EncoderNotConnected => "encoder_not_connected",
            Self::NoDestinations => "no_destinations",
            Self::UnknownDestination { .. } => "unknown_destination",
            Self::AlreadyOnAir { .. } => "already_on_air",
            Self::NotOnAir { .. } => "not_on_air",
            Self::InvalidMetadata(_) => "invalid_metadata",
            Self::StoreUnavailable => "store_unavailable",
            Self::CloudflareNotConfigured => "cloudflare_not_configured",
            Self::Loading => "loading",
        }
    }

    /// Which field of the command it is about, if it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NoDestinations | Self::UnknownDestination { .. } => Some("destinations"),
            Self::InvalidMetadata(invalid) => Some(invalid.field()),
            _ => None,
        }
    }
}
