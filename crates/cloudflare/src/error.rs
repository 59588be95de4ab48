use std::time::Duration;

use thiserror::Error;

/// Why a client could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The base URL is not one.
    #[error("{url:?} is no address of an API: an http or https URL without a query is needed")]
    BaseUrl {
        /// What was given.
        url: Box<str>,
    },
    /// The token has characters that a header cannot carry.
    #[error("the API token has characters that a header cannot carry")]
    Token,
    /// The HTTP client could not be made: no TLS certificates, for example.
    #[error("cannot make an HTTP client")]
    Http(#[source] reqwest::Error),
}

/// Why a call failed, and what that says of its work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// What it was about is not there. Nothing was done.
    #[error("cloudflare has no such thing")]
    NotFound,
    /// There were too many calls. Nothing was done; the budget holds all calls back for as long.
    #[error("cloudflare refuses all calls for a while: there were too many")]
    RateLimited {
        /// For how long, where Cloudflare says.
        retry_after: Option<Duration>,
    },
    /// Cloudflare will not do it. Nothing was done.
    #[error("cloudflare refused: {message} (HTTP {status}, code {code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Cloudflare's code; 0 where it gave none.
        code: i64,
        /// Its words, without secrets, at most 300 characters.
        message: Box<str>,
    },
    /// The call went out and no proper answer came: a timeout, a broken connection, a server's failure. The work may
    /// have been done: look before doing it again.
    #[error("cloudflare's answer got lost: {what}")]
    Unclear {
        /// What came instead of an answer.
        what: Box<str>,
    },
    /// Cloudflare cannot be reached, or could not answer a question. Nothing was done.
    #[error("cloudflare is unavailable: {what}")]
    Unavailable {
        /// What came instead of an answer.
        what: Box<str>,
    },
}

impl Error {
    /// Whether asking again is of no use: the same call will always be refused.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::NotFound => true,
            // Too slow, in conflict, too early: tomorrow it may be otherwise.
            Self::Refused { status, .. } => !matches!(*status, 408 | 409 | 425 | 500..),
            Self::RateLimited { .. } | Self::Unclear { .. } | Self::Unavailable { .. } => false,
        }
    }

    /// Whether the work may have been done all the same.
    #[must_use]
    pub const fn may_have_been_done(&self) -> bool {
        matches!(self, Self::Unclear { .. })
    }
}
