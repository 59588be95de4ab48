//! OAuth, as each of the platforms speaks it: the page that agrees by itself, tokens that end, rotate and are revoked.
//!
//! ```text
//! browser ── authorize ──▶ 302 to the redirect address with code and state (or error=access_denied)
//! client  ── code, verifier ──▶ token ──▶ access and refresh token ── revoked, expired, used up ──▶ refused
//! the fake's API ── whose(access token)? ──▶ Session
//! ```
//!
//! Grants are kept by account: what `expire` and `revoke` do to one is what a user does on the platform's settings page.

mod pages;
mod server;
mod state;
mod style;

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;

use crate::lock;
pub use server::{FakeOAuth, OAuthCall};
use state::State;
pub use style::OAuthStyle;

/// Who the client is, and how the platform's tokens behave.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Whose OAuth it is.
    pub style: OAuthStyle,
    /// The client that it knows.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long access tokens hold.
    pub access_lifetime: Duration,
    /// Whether a refresh gives a new refresh token and ends the old one.
    pub rotates: bool,
    /// What [`Provider::grant`] agrees to. What a client asks for on the page is agreed to as it asks.
    pub scopes: Vec<String>,
}

impl ProviderConfig {
    /// A platform's ways, and a client.
    #[must_use]
    pub fn new(
        style: OAuthStyle,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        Self {
            style,
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            access_lifetime: Duration::from_hours(1),
            rotates: style == OAuthStyle::Kick,
            scopes: Vec::new(),
        }
    }
}

/// What the person at the authorisation page does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Agrees, logged in as the account with this id.
    As(Box<str>),
    /// Says no.
    Denied,
}

/// A pair of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// What calls are made with.
    pub access: String,
    /// What the next access token is fetched with. Facebook has none.
    pub refresh: Option<String>,
}

/// Whose an access token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The account; none for the client itself.
    pub account: Option<Box<str>>,
    /// What was agreed to.
    pub scopes: Vec<Box<str>>,
    /// How long it still holds.
    pub expires_in: Duration,
}

impl Session {
    /// Whether this was agreed to.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|agreed| **agreed == *scope)
    }
}

/// How often it was asked for what, successfully.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OAuthCounts {
    /// Codes that became tokens.
    pub exchanged: usize,
    /// Refreshes.
    pub refreshed: usize,
    /// Refreshes that were refused because their token had been used up already.
    pub reused: usize,
    /// Refreshes that were refused for whatever reason.
    pub refused: usize,
    /// Tokens of the client itself.
    pub app_tokens: usize,
    /// Tokens that were given back.
    pub revoked: usize,
}

/// A platform's OAuth.
#[derive(Debug)]
pub struct Provider {
    config: ProviderConfig,
    state: Mutex<State>,
}

impl Provider {
    /// One that knows no account.
    #[must_use]
    pub fn new(config: ProviderConfig) -> Self {
        let state = Mutex::new(State::new(config.access_lifetime, config.rotates));
        Self { config, state }
    }

    /// The pages, where the platform has them: see [`OAuthStyle`].
    pub(crate) fn routes(self: &Arc<Self>) -> Router {
        pages::routes(Arc::clone(self))
    }

    /// There is an account with this id. Whoever comes to the page is logged in as the first one, unless
    /// [`set_agreement`](Self::set_agreement) says otherwise.
    pub fn add_account(&self, id: &str) {
        let mut state = lock(&self.state);
        if state.agreement.is_none() {
            state.agreement = Some(Agreement::As(id.into()));
        }
    }

    /// What the next people at the page do.
    pub fn set_agreement(&self, agreement: Agreement) {
        lock(&self.state).agreement = Some(agreement);
    }

    /// Tokens of an account, without the page.
    #[must_use]
    pub fn grant(&self, account: &str) -> Tokens {
        let scopes = self.config.scopes.iter().map(|scope| (**scope).into()).collect();
        let has_refresh = self.config.style.has_refresh_tokens();
        lock(&self.state).grant(account, scopes, has_refresh)
    }

    /// A token of the client itself, without asking for it.
    #[must_use]
    pub fn app_token(&self) -> String {
        lock(&self.state).app_token()
    }

    /// Whose an access token is; none where it does not hold, or not any more.
    #[must_use]
    pub fn whose(&self, access: &str) -> Option<Session> {
        lock(&self.state).whose(access)
    }

    /// Ends all access tokens of an account; they can be refreshed.
    pub fn expire(&self, account: &str) {
        lock(&self.state).expire(Some(account));
    }

    /// Ends the client's own tokens.
    pub fn expire_app(&self) {
        lock(&self.state).expire(None);
    }

    /// The user takes the authorisation back: nothing of it holds any more.
    pub fn revoke(&self, account: &str) {
        lock(&self.state).revoke(account);
    }

    /// How long access tokens hold that are given from now on.
    pub fn set_access_lifetime(&self, lifetime: Duration) {
        lock(&self.state).access_lifetime = lifetime;
    }

    /// Whether a refresh gives a new refresh token from now on.
    pub fn set_rotates(&self, rotates: bool) {
        lock(&self.state).rotates = rotates;
    }

    /// How often it was asked for what.
    #[must_use]
    pub fn counts(&self) -> OAuthCounts {
        lock(&self.state).counts
    }
}
