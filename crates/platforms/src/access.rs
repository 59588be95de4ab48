//! With which tokens an account's calls are made.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use thiserror::Error;

/// An access token, and which of the account's tokens it is.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub secret: SecretString,
    /// Counts up with each refresh: of two tokens the one with the greater version is newer.
    pub version: i64,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The grant is gone: the user must authorise us again.
    #[error("the account must be connected again: {reason}")]
    NeedsReauth {
        /// The platform's words, without secrets.
        reason: Box<str>,
    },
    /// No account is connected any more.
    #[error("the account is not connected any more")]
    Disconnected,
    /// It cannot be had now; later it may be.
    #[error("no access token can be had now: {reason}")]
    Unavailable {
        /// Why, without secrets.
        reason: Box<str>,
    },
}

/// Where an account's tokens come from: see `TokenKeeper` in `stagedoor-stream`.
pub trait TokenSource: Send + Sync {
    /// The newest access token.
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>>;

    /// The platform has refused this one: answers a newer one. However many ask, it is refreshed once.
    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>>;
}

/// An account, with the means to make calls in its name. A clone costs two reference counts.
#[derive(Clone)]
pub struct AccountAccess {
    /// The platform's id of the account: of the channel, the page.
    pub external_id: Arc<str>,
    /// Where its tokens come from.
    pub tokens: Arc<dyn TokenSource>,
}

impl AccountAccess {
    /// The account that the platform knows by this id.
    #[must_use]
    pub fn new(external_id: impl Into<Arc<str>>, tokens: Arc<dyn TokenSource>) -> Self {
        Self { external_id: external_id.into(), tokens }
    }
}

impl fmt::Debug for AccountAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountAccess")
            .field("external_id", &self.external_id)
            .finish_non_exhaustive()
    }
}
