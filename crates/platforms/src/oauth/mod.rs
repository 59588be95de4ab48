//! How accounts are connected (RFC 6749 with PKCE, RFC 7636), and their tokens refreshed.
//!
//! ```text
//! authorize_url ──▶ the user agrees ──▶ code ── exchange ──▶ Grant ── refresh ──▶ Grant … revoke
//! ```
//!
//! Nothing is repeated here: a code is good once, and so is a refresh token where they rotate.

mod answer;
mod app_token;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod pkce;

use std::time::Duration;

use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use stagedoor_domain::Platform;
use thiserror::Error;

use crate::http::{Unread, describe, read};
use answer::{parse_grant, refusal};
pub(crate) use app_token::AppToken;
pub use pkce::Pkce;

/// The longest answer that is read, in bytes.
const LIMIT: usize = 64 * 1024;

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
    /// Whether the token that is given back stands in the address rather than in the body.
    pub revoke_in_query: bool,
    /// What is asked for.
    pub scopes: &'static [&'static str],
    /// What parts the scopes in the address: a space, but a comma on Facebook.
    pub scope_separator: &'static str,
    /// Whether it knows PKCE.
    pub pkce: bool,
    /// What else the address where users agree must say.
    pub authorize_extra: &'static [(&'static str, &'static str)],
    /// The grant type by which the first access token is exchanged for one that holds for long, which is then sent as a
    /// field of the same name: `fb_exchange_token` on Facebook.
    pub long_lived_by: Option<&'static str>,
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
    /// The platform cannot be reached now, fails, or does not know us. For a rotating refresh token it is not known
    /// whether it still holds.
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

    /// Where a user is sent to, who comes back to `redirect_uri` with `state` and a code. The challenge is that of a
    /// [`Pkce`], where [`OAuthConfig::pkce`] says so.
    #[must_use]
    pub fn authorize_url(&self, redirect_uri: &str, state: &str, challenge: Option<&str>) -> Url {
        let config = &self.config;
        let mut url = config.authorize_url.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &config.scopes.join(config.scope_separator))
            .append_pair("state", state);
        if let Some(challenge) = challenge {
            query
                .append_pair("code_challenge", challenge)
                .append_pair("code_challenge_method", "S256");
        }
        query.extend_pairs(config.authorize_extra);
        drop(query);
        url
    }

    /// The tokens for a code. The address and the verifier are those that the user was sent away with.
    ///
    /// # Errors
    /// See [`GrantError`]. Whichever it is, the code is used up: the user must be sent again.
    pub async fn exchange(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&SecretString>,
    ) -> Result<Grant, GrantError> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier.expose_secret())));
        let grant = self.token(&fields).await?;
        let Some(grant_type) = self.config.long_lived_by else { return Ok(grant) };
        let fields = [("grant_type", grant_type), (grant_type, grant.access.expose_secret())];
        let long_lived = self.token(&fields).await?;
        Ok(Grant { scopes: grant.scopes, ..long_lived })
    }

    /// Other tokens for a refresh token. Without a refresh token in the answer the old one goes on holding.
    ///
    /// # Errors
    /// See [`GrantError`].
    pub async fn refresh(&self, refresh: &SecretString) -> Result<Grant, GrantError> {
        let token = refresh.expose_secret();
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// A token of our own, without a user.
    pub(crate) async fn client_credentials(&self) -> Result<Grant, GrantError> {
        self.token(&[("grant_type", "client_credentials")]).await
    }

    /// Gives a token back, and what was agreed to with it. Where the platform has no such thing, nothing happens.
    ///
    /// # Errors
    /// See [`GrantError`]. A token that does not hold any more is no mistake.
    pub async fn revoke(&self, token: &SecretString) -> Result<(), GrantError> {
        let Some(url) = &self.config.revoke_url else { return Ok(()) };
        let fields = [("token", token.expose_secret()), ("client_id", &self.config.client_id)];
        let request = self.http.post(url.clone());
        let request = if self.config.revoke_in_query {
            request.query(&fields)
        } else {
            request.form(&fields)
        };
        match self.answer(request, &fields).await {
            Ok(_) | Err(GrantError::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks for tokens.
    async fn token(&self, fields: &[(&str, &str)]) -> Result<Grant, GrantError> {
        let config = &self.config;
        let mut form = fields.to_vec();
        form.push(("client_id", &config.client_id));
        form.push(("client_secret", config.client_secret.expose_secret()));
        let request = self.http.post(config.token_url.clone()).form(&form);
        let body = self.answer(request, &form).await?;
        let what = || "the answer lacks what it should have".into();
        parse_grant(&body).ok_or_else(|| GrantError::Unavailable { what: what() })
    }

    /// The body of a successful answer.
    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
        sent: &[(&str, &str)],
    ) -> Result<Vec<u8>, GrantError> {
        let unavailable = |what: String| GrantError::Unavailable { what: what.into() };
        let mut response = request.send().await.map_err(|error| unavailable(describe(error)))?;
        let status = response.status();
        let body = read(&mut response, LIMIT).await.map_err(|unread| match unread {
            Unread::TooLong => unavailable("the answer is too long".into()),
            Unread::Http(error) => unavailable(describe(error)),
        });
        if status.is_success() {
            return body;
        }
        if status == StatusCode::TOO_MANY_REQUESTS || !status.is_client_error() {
            return Err(unavailable(format!("HTTP {}", status.as_u16())));
        }
        Err(refusal(status, &body?, sent))
    }
}

#[cfg(test)]
mod tests;
