//! Accounts: a user's identities on the platforms.
//!
//! ```text
//! connect (by a backend), connect::finish (by a browser) ─▶ keep ─▶ store, destination ─▶ AccountsMsg::Changed
//! disconnect ─▶ store: gone ─▶ Changed ─▶ the manager stops ─▶ in the background: the grant is given back
//! ```

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Account, Platform, UserId};
use stagedoor_platforms::Capabilities;
use stagedoor_store::{BroadcastState, Tokens};
use stagedoor_stream::{AccountsMsg, LinkState, PlatformMsg, PlatformSnapshot, UserContext};
use tokio::time::{sleep, timeout};
use utoipa::ToSchema;

use super::{Desk, destinations, limits};
use crate::http::ApiError;

const MAX_EXTERNAL_ID_BYTES: usize = 256;
const MAX_NAME_CHARS: usize = 256;
const MAX_SCOPES: usize = 100;
const MAX_SCOPE_BYTES: usize = 256;
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How long a manager may take to tell of itself.
const LOOK_LIMIT: Duration = Duration::from_secs(1);
/// How long the platform's side of a livestream that is over may still take to end before its account goes.
const END_LIMIT: Duration = Duration::from_secs(3);
/// How long a manager may take to stop before its grant is given back.
const STOP_LIMIT: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The accounts of a user. Their tokens are never told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountList {
    /// By their platforms.
    pub(crate) accounts: Vec<AccountView>,
}

/// An account, and what becomes of it here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    #[serde(flatten)]
    account: Account,
    /// What the platform can do; absent where it is not configured here.
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<Capabilities>,
    /// The connection; absent when none is kept: no tree runs for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkView>,
}

/// A connection to a platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    #[serde(flatten)]
    link: LinkState,
    /// Since when.
    since: Timestamp,
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
    let accounts = desk.store().accounts(user).await?;
    let tree = desk.backstage().trees.get(user).filter(|_| !accounts.is_empty());
    let views = accounts.into_iter().map(|account| async {
        let client = desk.client(&account.platform).ok();
        let manager = match &tree {
            Some(tree) if client.is_some() => look(tree, &account.platform).await,
            _ => None,
        };
        // One of an account that was there before says nothing of this one.
        let manager = manager.filter(|manager| manager.account == account.external_id);
        AccountView {
            account,
            capabilities: client.map(|client| *client.capabilities()),
            link: manager.map(|PlatformSnapshot { link, since, .. }| LinkView { link, since }),
        }
    });
    Ok(AccountList { accounts: join_all(views).await })
}

/// What the platform's manager tells, if it runs.
async fn look(tree: &UserContext, platform: &Platform) -> Option<PlatformSnapshot> {
    let manager = tree.platform(platform).filter(|manager| manager.current().is_some())?;
    manager.call(PlatformMsg::GetSnapshot, LOOK_LIMIT).await.ok()
}

/// Connects the account, or connects it anew. Says too whether there was none.
pub(crate) async fn connect(
    desk: &Desk,
    user: &UserId,
    platform: Platform,
    body: Connect,
) -> Result<(Account, bool), ApiError> {
    let Connect { external_id, name, scopes, access_token, refresh_token, expires_at } = body;
    let account = Account {
        platform,
        external_id,
        name,
        scopes,
        needs_reauth: false,
        expires_at,
        connected_at: Timestamp::now(),
        version: 1,
    };
    keep(desk, user, account, Tokens { access: access_token, refresh: refresh_token }).await
}

fn check(account: &Account, tokens: &Tokens) -> limits::Checked {
    limits::platform(&account.platform)?;
    limits::key("external_id", &account.external_id, MAX_EXTERNAL_ID_BYTES)?;
    limits::name("name", &account.name, MAX_NAME_CHARS)?;
    limits::count("scopes", &account.scopes, MAX_SCOPES)?;
    for scope in &account.scopes {
        limits::key("scopes", scope, MAX_SCOPE_BYTES)?;
    }
    limits::key("access_token", tokens.access.expose_secret(), MAX_TOKEN_BYTES)?;
    tokens.refresh.as_ref().map_or(Ok(()), |token| {
        limits::key("refresh_token", token.expose_secret(), MAX_TOKEN_BYTES)
    })
}

/// Keeps an account, gives it a destination, and has its manager started. Says too whether there was none on the
/// platform.
pub(super) async fn keep(
    desk: &Desk,
    user: &UserId,
    mut account: Account,
    mut tokens: Tokens,
) -> Result<(Account, bool), ApiError> {
    check(&account, &tokens)?;
    let before = desk.store().account(user, &account.platform).await?;
    let is_new = before.is_none();
    if let Some((before, old)) = before {
        if before.external_id == account.external_id {
            // Some platforms give a refresh token only with the first agreement.
            tokens.refresh = tokens.refresh.or(old.refresh);
        } else {
            refuse_while_used(desk, user, &account.platform).await?;
            warn_of_open_broadcast(desk, user, &account.platform).await;
        }
        account.version = before.version.saturating_add(1);
    }
    account.version = desk.store().put_account(user, &account, &tokens).await?;
    if desk.client(&account.platform).is_ok() {
        destinations::add_of_account(desk, user, &account.platform).await;
    }
    changed(desk, user);
    tracing::info!(%user, platform = %account.platform, is_new, "account connected");
    Ok((account, is_new))
}

/// Ends what is done in the account's name, forgets it, and gives the grant back.
pub(crate) async fn disconnect(
    desk: &Desk,
    user: &UserId,
    platform: &Platform,
) -> Result<(), ApiError> {
    limits::platform(platform)?;
    let missing = || ApiError::missing(format!("no account on {platform} is connected"));
    let (account, tokens) = desk.store().account(user, platform).await?.ok_or_else(missing)?;
    refuse_while_used(desk, user, platform).await?;
    let tree = desk.backstage().trees.get(user);
    if let Some(tree) = &tree {
        // The broadcast of a livestream that has just ended needs the account to end too.
        let _ = timeout(END_LIMIT, ended(tree, platform)).await;
    }
    warn_of_open_broadcast(desk, user, platform).await;
    for destination in destinations::of_account(desk, user, platform).await? {
        desk.store().delete_destination(user, &destination).await?;
    }
    if !desk.store().delete_account(user, platform).await? {
        return Err(missing());
    }
    changed(desk, user);
    tracing::info!(%user, %platform, "account disconnected");
    if let Ok(client) = desk.client(platform) {
        let gone = Gone { user: user.clone(), external_id: account.external_id, tokens };
        tokio::spawn(give_back(desk.clone(), Arc::clone(client), gone, tree));
    }
    Ok(())
}

/// Says so when a broadcast is forgotten that may still be open on the platform: whoever has the account can end it there.
async fn warn_of_open_broadcast(desk: &Desk, user: &UserId, platform: &Platform) {
    let Ok(Some(record)) = desk.store().broadcast(user, platform).await else { return };
    if record.state != BroadcastState::Ended {
        let (livestream, state) = (record.livestream, record.state.as_str());
        tracing::warn!(%user, %platform, %livestream, state, "broadcast left open with its account");
    }
}

/// Waits until the platform's side of a livestream needs the account no more, or cannot do anything with it.
async fn ended(tree: &UserContext, platform: &Platform) {
    while let Some(manager) = look(tree, platform).await {
        let is_open = matches!(&*manager.broadcast.state, "open" | "intended");
        if !is_open || matches!(manager.link, LinkState::NeedsReauth { .. }) {
            return;
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Waits until no manager does anything in the account's name.
async fn stopped(tree: &UserContext, platform: &Platform) {
    while tree.platform(platform).is_some_and(|manager| manager.current().is_some()) {
        sleep(LOOK_AGAIN).await;
    }
}

/// An account that is connected no more.
struct Gone {
    user: UserId,
    external_id: Box<str>,
    tokens: Tokens,
}

/// Gives back what the user has granted, once nothing is done with it any more. Some platforms end with a token all that
/// was ever granted for the account, so an account that is connected again keeps its grant.
async fn give_back(
    desk: Desk,
    client: Arc<dyn stagedoor_platforms::Platform>,
    gone: Gone,
    tree: Option<UserContext>,
) {
    let Gone { user, external_id, tokens } = gone;
    let platform = client.id();
    if let Some(tree) = tree {
        let _ = timeout(STOP_LIMIT, stopped(&tree, &platform)).await;
    }
    match desk.store().user_of_account(&platform, &external_id).await {
        Ok(None) => {}
        Ok(Some(_)) => return,
        Err(error) => {
            tracing::warn!(%user, %platform, %error, "grant not given back");
            return;
        }
    }
    for token in [Some(tokens.access), tokens.refresh].into_iter().flatten() {
        if let Err(error) = client.oauth().revoke(&token).await {
            // Nothing knows the tokens any more; the user may end the grant on the platform.
            tracing::warn!(%user, %platform, %error, "grant not given back");
        }
    }
}

/// Has the user's tree look at the accounts. One that starts later looks by itself.
fn changed(desk: &Desk, user: &UserId) {
    if let Some(tree) = desk.backstage().trees.get(user) {
        // One that is between two lives looks when it is back.
        let _ = tree.accounts().cast(AccountsMsg::Changed);
    }
}

/// An account that a livestream is sent by stays as it is until the livestream ends.
async fn refuse_while_used(
    desk: &Desk,
    user: &UserId,
    platform: &Platform,
) -> Result<(), ApiError> {
    let Some(livestream) = desk.store().open_livestream(user).await? else { return Ok(()) };
    let of_account = destinations::of_account(desk, user, platform).await?;
    if of_account.iter().any(|id| livestream.destinations.contains(id)) {
        let message = format!("the stream is sent to {platform} by this account now");
        return Err(ApiError::new(StatusCode::CONFLICT, "account_in_use", message)
            .help("stop the stream first"));
    }
    Ok(())
}
