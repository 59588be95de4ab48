//! Whose a token is, and whether it still holds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{RequestBuilder, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Inner, helix::Data};
use crate::{
    AccountAccess, Error, Identity, Priority,
    http::{Auth, Call, Dialect, below},
};

/// How often tokens are to be validated: <https://dev.twitch.tv/docs/authentication/validate-tokens/>.
pub(super) const VALIDATE_EVERY: Duration = Duration::from_hours(1);

/// The validation, which wants its token otherwise than Helix.
#[derive(Debug)]
pub(crate) struct Validation;

impl Dialect for Validation {
    fn authorize(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        request.header(AUTHORIZATION, format!("OAuth {}", token.expose_secret()))
    }
}

#[derive(Deserialize)]
struct Validated {
    client_id: Box<str>,
    user_id: Option<Box<str>>,
    login: Option<Box<str>>,
    #[serde(default)]
    scopes: Option<Vec<Box<str>>>,
    #[serde(default)]
    expires_in: u32,
}

#[derive(Deserialize)]
struct User {
    id: Box<str>,
    #[serde(default)]
    display_name: Box<str>,
}

pub(super) async fn identify(inner: &Inner, token: &SecretString) -> Result<Identity, Error> {
    let call = Call::get(inner.validate.clone(), Auth::Token(token), Priority::Metadata);
    let validated: Validated = inner.validation.ask(call).await?;
    if *validated.client_id != *inner.oauth.config().client_id {
        return Err(Error::Forbidden { reason: "the token is another application's".into() });
    }
    let Some(id) = validated.user_id else {
        return Err(Error::Forbidden { reason: "the token is no user's".into() });
    };
    let users = below(&inner.helix, &["users"]);
    let call = Call::get(users, Auth::Token(token), Priority::Metadata);
    let user: User = inner.http.ask::<Data<User>>(call).await?.one()?;
    let name = if user.id == id { user.display_name } else { Box::default() };
    // A token of before 2016 may hold for ever, which is told as 0.
    let lasts = Some(validated.expires_in).filter(|seconds| *seconds > 0);
    let expires_at = lasts.and_then(|seconds| {
        Timestamp::now().checked_add(SignedDuration::from_secs(seconds.into())).ok()
    });
    Ok(Identity {
        name: if name.is_empty() { validated.login.unwrap_or_else(|| id.clone()) } else { name },
        external_id: id,
        scopes: validated.scopes.unwrap_or_default(),
        expires_at,
        token: None,
    })
}

/// A token that does not hold is renewed by the call itself.
pub(super) async fn validate(inner: &Inner, account: &AccountAccess) -> Result<(), Error> {
    let call = Call::get(inner.validate.clone(), account, Priority::Metadata);
    let validated: Validated = inner.validation.ask(call).await?;
    if validated.user_id.as_deref() == Some(&*account.external_id) {
        return Ok(());
    }
    Err(Error::NeedsReauth { reason: "the token is another account's".into() })
}
