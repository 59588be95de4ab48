//! What is different from platform to platform.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::Tokens;

/// Whose OAuth it is.
///
/// | | authorize | token | revoke |
/// |---|---|---|---|
/// | Twitch | `/oauth2/authorize` | `/oauth2/token` | `/oauth2/revoke` |
/// | Google | `/o/oauth2/v2/auth` | `/token` | `/revoke` |
/// | Kick | `/oauth/authorize` | `/oauth/token` | `/oauth/revoke` |
/// | Facebook | `/<version>/dialog/oauth` | `/<version>/oauth/access_token` | |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthStyle {
    /// Scopes come as an array; a refresh answers with the refresh token that holds.
    Twitch,
    /// A refresh token only on the first exchange, and only if access is asked for offline.
    Google,
    /// PKCE is a must, refresh tokens rotate, and `expires_in` is a string.
    Kick,
    /// No refresh tokens: a token is exchanged for one that holds longer.
    Facebook,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Client,
    Code,
    Refresh,
    Token,
    Request,
    GrantType,
}

impl Wrong {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Client => ("invalid_client", "invalid client secret"),
            Self::Code => ("invalid_grant", "Invalid authorization code"),
            Self::Refresh => ("invalid_grant", "Invalid refresh token"),
            Self::Token => ("invalid_token", "Invalid token"),
            Self::Request => ("invalid_request", "missing parameter"),
            Self::GrantType => ("unsupported_grant_type", "unsupported grant type"),
        }
    }
}

impl OAuthStyle {
    pub(super) const fn has_refresh_tokens(self) -> bool {
        !matches!(self, Self::Facebook)
    }

    /// Where authorize, token and revoke are.
    pub(super) const fn paths(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Twitch => ("/oauth2/authorize", "/oauth2/token", Some("/oauth2/revoke")),
            Self::Google => ("/o/oauth2/v2/auth", "/token", Some("/revoke")),
            Self::Kick => ("/oauth/authorize", "/oauth/token", Some("/oauth/revoke")),
            Self::Facebook => ("/{version}/dialog/oauth", "/{version}/oauth/access_token", None),
        }
    }

    pub(super) const fn separator(self) -> char {
        if matches!(self, Self::Facebook) { ',' } else { ' ' }
    }

    /// The answer with tokens.
    pub(super) fn tokens(
        self,
        tokens: &Tokens,
        scopes: &[Box<str>],
        lifetime: Duration,
        refreshed: bool,
    ) -> Response {
        let seconds = lifetime.as_secs();
        let mut answer = json!({ "access_token": tokens.access, "token_type": "bearer" });
        let refresh = tokens.refresh.as_deref().filter(|_| !(refreshed && self == Self::Google));
        if let Some(refresh) = refresh {
            answer["refresh_token"] = refresh.into();
        }
        answer["expires_in"] =
            if self == Self::Kick { seconds.to_string().into() } else { seconds.into() };
        match self {
            Self::Twitch => answer["scope"] = scopes.iter().map(|scope| &**scope).collect(),
            Self::Google | Self::Kick => answer["scope"] = scopes.join(" ").into(),
            Self::Facebook => {}
        }
        Json(answer).into_response()
    }

    /// The answer with a token of the client itself.
    pub(super) fn app_token(self, token: &str, lifetime: Duration) -> Response {
        let expires_in: Value = match self {
            Self::Kick => lifetime.as_secs().to_string().into(),
            _ => lifetime.as_secs().into(),
        };
        Json(json!({ "access_token": token, "expires_in": expires_in, "token_type": "bearer" }))
            .into_response()
    }

    /// The answer without tokens.
    pub(super) fn refuse(self, wrong: Wrong) -> Response {
        let (word, words) = wrong.words();
        let status = match (self, wrong) {
            (Self::Twitch, Wrong::Client) => StatusCode::FORBIDDEN,
            (Self::Google | Self::Kick, Wrong::Client) => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let code = if wrong == Wrong::Client { 1 } else { 100 };
        self.error(status, word, words, code)
    }

    /// An error, by the word of RFC 6749, in words, and by Facebook's number.
    pub(super) fn error(self, status: StatusCode, word: &str, words: &str, code: i64) -> Response {
        let body = match self {
            Self::Twitch => json!({ "status": status.as_u16(), "message": words }),
            Self::Google => json!({ "error": word, "error_description": words }),
            Self::Kick => json!({ "error": word }),
            Self::Facebook => {
                let trace = "AbCdEfGhIjKlMnOp";
                json!({ "error": {
                    "message": words,
                    "type": "OAuthException",
                    "code": code,
                    "fbtrace_id": trace,
                } })
            }
        };
        (status, Json(body)).into_response()
    }
}
