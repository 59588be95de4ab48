//! Accounts: a user's identities on the platforms.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Account, Platform, UserId};
use stagedoor_store::Tokens;
use utoipa::ToSchema;

use super::{Desk, limits};
use crate::http::ApiError;

const MAX_EXTERNAL_ID_BYTES: usize = 256;
const MAX_NAME_CHARS: usize = 256;
const MAX_SCOPES: usize = 100;
const MAX_SCOPE_BYTES: usize = 256;
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The accounts of a user. Their tokens are never told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountList {
    /// By their platforms.
    pub(crate) accounts: Vec<Account>,
}

/// An account, as OAuth gave it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Connect {
    /// The platform's id of it.
    external_id: Box<str>,
    /// Its name there.
    name: Box<str>,
    /// What it lets us do, in the platform's words.
    #[serde(default)]
    scopes: Vec<Box<str>>,
    /// What calls are made with.
    #[schema(value_type = String, write_only)]
    access_token: SecretString,
    /// What the next access token is fetched with.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    refresh_token: Option<SecretString>,
    /// When the access token ends, if it does.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// An account by its platform.
#[derive(Debug, Deserialize)]
pub(crate) struct PlatformPath {
    pub(crate) platform: Platform,
}

pub(crate) async fn list(desk: &Desk, user: &UserId) -> Result<AccountList, ApiError> {
    Ok(AccountList { accounts: desk.store().accounts(user).await? })
}

/// Connects the account, or connects it anew. Says too whether there was none.
pub(crate) async fn connect(
    desk: &Desk,
    user: &UserId,
    platform: Platform,
    body: Connect,
) -> Result<(Account, bool), ApiError> {
    let Connect { external_id, name, scopes, access_token, refresh_token, expires_at } = body;
    limits::platform(&platform)?;
    limits::key("external_id", &external_id, MAX_EXTERNAL_ID_BYTES)?;
    limits::name("name", &name, MAX_NAME_CHARS)?;
    limits::count("scopes", &scopes, MAX_SCOPES)?;
    for scope in &scopes {
        limits::key("scopes", scope, MAX_SCOPE_BYTES)?;
    }
    limits::key("access_token", access_token.expose_secret(), MAX_TOKEN_BYTES)?;
    if let Some(token) = &refresh_token {
        limits::key("refresh_token", token.expose_secret(), MAX_TOKEN_BYTES)?;
    }
    let before = desk.store().accounts(user).await?.into_iter().find(|a| a.platform == platform);
    let account = Account {
        platform,
        external_id,
        name,
        scopes,
        needs_reauth: false,
        expires_at,
        connected_at: Timestamp::now(),
        version: before.as_ref().map_or(1, |before| before.version.saturating_add(1)),
    };
    let tokens = Tokens { access: access_token, refresh: refresh_token };
    desk.store().put_account(user, &account, &tokens).await?;
    Ok((account, before.is_none()))
}

pub(crate) async fn disconnect(
    desk: &Desk,
    user: &UserId,
    platform: &Platform,
) -> Result<(), ApiError> {
    if desk.store().delete_account(user, platform).await? {
        Ok(())
    } else {
        Err(ApiError::missing(format!("no account on {platform} is connected")))
    }
}
