use std::time::Duration;

use stagedoor_domain::Platform;
use thiserror::Error;

use crate::{Disconnect, Operation, TokenError};

/// Why a call failed, and what that says of its work. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The platform has no such thing.
    #[error("{platform} does not offer {operation}")]
    Unsupported {
        /// Which platform.
        platform: Platform,
        /// What was asked.
        operation: Operation,
    },
    /// It takes a broadcast, and none is under way.
    #[error("no broadcast is under way there")]
    NoBroadcast,
    /// What was given is beyond the platform's limits. Nothing was sent.
    #[error("{field} {problem}")]
    Invalid {
        /// What.
        field: Box<str>,
        /// What is wrong with it, as a predicate: `has 501 characters, more than the 500 allowed`.
        problem: Box<str>,
    },
    /// The user must authorise us again.
    #[error("the account must be connected again: {reason}")]
    NeedsReauth {
        /// The platform's words.
        reason: Box<str>,
    },
    /// The authorisation does not go that far: a scope or permission is missing.
    #[error("the account does not allow it: {reason}")]
    Forbidden {
        /// The platform's words.
        reason: Box<str>,
    },
    /// What it was about is not there. Nothing was done.
    #[error("there is no such thing there")]
    NotFound,
    /// There were too many calls. Nothing was done.
    #[error("too many calls: the platform refuses more for a while")]
    RateLimited {
        /// For how long, where the platform says.
        retry_after: Option<Duration>,
    },
    /// The day's quota is used up, or what is left of it is kept for greater things. Nothing was sent.
    #[error("the platform's quota is used up for now")]
    QuotaExhausted {
        /// Until when it is.
        retry_after: Duration,
    },
    /// The platform will not do it, however often it is asked. Nothing was done.
    #[error("the platform refused: {reason} ({code})")]
    Refused {
        /// Its code, or the HTTP status.
        code: Box<str>,
        /// Its words, at most 300 characters.
        reason: Box<str>,
    },
    /// The call went out and no proper answer came. The work may have been done: look before doing it again.
    #[error("the platform's answer got lost: {what}")]
    Unclear {
        /// What came instead of an answer.
        what: Box<str>,
    },
    /// The platform cannot be reached, or could not answer a question. Nothing was done.
    #[error("the platform is unavailable: {what}")]
    Unavailable {
        /// What came instead of an answer.
        what: Box<str>,
    },
}

impl Error {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported",
            Self::NoBroadcast => "no_broadcast",
            Self::Invalid { .. } => "invalid",
            Self::NeedsReauth { .. } => "needs_reauth",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExhausted { .. } => "quota_exhausted",
            Self::Refused { .. } => "refused",
            Self::Unclear { .. } => "unclear",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::QuotaExhausted { .. }
                | Self::Unclear { .. }
                | Self::Unavailable { .. }
        )
    }

    /// Whether it says that the platform does not work, rather than that it does not want to.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Unclear { .. } | Self::Unavailable { .. })
    }

    /// Whether the work may have been done all the same.
    #[must_use]
    pub const fn may_have_been_done(&self) -> bool {
        matches!(self, Self::Unclear { .. })
    }

    /// How long to wait before asking again, where the platform says.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            Self::QuotaExhausted { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NeedsReauth { reason } => Self::NeedsReauth { reason },
            TokenError::Disconnected => Self::NeedsReauth { reason: error.to_string().into() },
            TokenError::Unavailable { .. } => Self::Unavailable { what: error.to_string().into() },
        }
    }
}

impl From<Error> for Disconnect {
    fn from(error: Error) -> Self {
        match error {
            Error::NeedsReauth { reason } => Self::NeedsReauth { reason },
            error => {
                Self::Lost { retry_after: error.retry_after(), reason: error.to_string().into() }
            }
        }
    }
}
