//! How accounts are connected (RFC 6749 with PKCE, RFC 7636), and their tokens refreshed.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use stagedoor_domain::Platform;
use thiserror::Error;

/// What a platform's OAuth is like, and who we are to it.
#[derive(Clone, Debug)]
pub struct OAuthConfig {
    /// Which platform.
    pub platform: Platform,
    /// Our id there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: SecretString,
    /// Where users agree.
    pub authorize_url: Url,
    /// Where tokens are fetched.
    pub token_url: Url,
    /// Where tokens are given back, if anywhere.
    pub revoke_url: Option<Url>,
    /// What is asked for.
    pub scopes: &'static [&'static str],
    /// What parts the scopes in the address: a space, but a comma on Facebook.
    pub scope_separator: &'static str,
    /// Whether it knows PKCE.
    pub pkce: bool,
    /// What else the address where users agree must say.
    pub authorize_extra: &'static [(&'static str, &'static str)],
}

/// Connects accounts and refreshes their tokens. A clone is the same one.
#[derive(Clone, Debug)]
pub struct OAuth {
    config: OAuthConfig,
    http: reqwest::Client,
}

/// Tokens, as a platform gives them.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What calls are made with.
    pub access: SecretString,
    /// What the next access token is fetched with; none where there is no other than before.
    pub refresh: Option<SecretString>,
    /// How long the access token holds, where the platform says.
    pub expires_in: Option<Duration>,
    /// What the user has agreed to, where the platform says.
    pub scopes: Vec<Box<str>>,
}

/// Why there are no tokens.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GrantError {
    /// The grant is gone, or was never given: the user must agree again.
    #[error("the platform refused: {reason}")]
    Refused {
        /// The platform's words, without secrets.
        reason: Box<str>,
    },
    /// The platform cannot be reached now, or fails. For a rotating refresh token it is not known whether it still holds.
    #[error("the platform is unavailable: {what}")]
    Unavailable {
        /// What came instead of an answer.
        what: Box<str>,
    },
}

impl OAuth {
    /// By these rules and this HTTP client.
    #[must_use]
    pub const fn new(config: OAuthConfig, http: reqwest::Client) -> Self {
        Self { config, http }
    }

    /// What it goes by.
    #[must_use]
    pub const fn config(&self) -> &OAuthConfig {
        &self.config
    }
}
