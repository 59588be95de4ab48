//! One refresh, from the right to do it until its tokens are durable.

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_platforms::{AccessToken, Grant, GrantError, TokenError};
use stagedoor_store::Tokens;
use tokio::time::{Instant, sleep, timeout};

use super::account::{AccountTokens, Current, Outcome, Stored, unavailable};
use crate::jitter::full_jitter;

/// How long the platform may take.
const LIMIT: Duration = Duration::from_secs(20);

/// For how long the right to refresh is taken: longer than the platform may take.
const LEASE: Duration = Duration::from_secs(30);

/// How often to look whether another daemon has refreshed the tokens.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// How long to wait before tokens are written again that could not be: this at first, doubling to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Replaces the tokens of this version, unless there are others already.
pub(super) async fn run(account: &AccountTokens, version: i64) -> Outcome {
    let (keeper, platform) = (&account.keeper, &account.platform);
    let Some(turns) = keeper.endpoint.turns(platform) else {
        return Err(TokenError::Unavailable { reason: "the platform is not configured".into() });
    };
    let _turn = turns.acquire().await.expect("nobody closes it");
    let stored = match claim(account, version).await? {
        Claim::Ours(stored) => stored,
        Claim::Done(current) => return Ok(current),
    };
    let Some(refresh) = &stored.refresh else {
        return give_up(account, version, "the platform gave no refresh token".into()).await;
    };
    let asked_at = Timestamp::now();
    let what = match timeout(LIMIT, keeper.endpoint.refresh(platform, refresh)).await {
        Ok(Ok(grant)) => return keep(account, stored, grant, asked_at).await,
        Ok(Err(GrantError::Refused { reason })) => return give_up(account, version, reason).await,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer came within {LIMIT:?}"),
    };
    let user = &account.user;
    tracing::warn!(%user, %platform, what, "could not refresh the tokens of an account");
    // Where this fails, it ends by itself.
    let _ = keeper.store.release_refresh(user, platform, version).await;
    Err(TokenError::Unavailable { reason: what.into() })
}

enum Claim {
    /// The right to refresh is ours.
    Ours(Stored),
    /// The tokens are other ones now.
    Done(Current),
}

/// Gets the right to refresh. Where another daemon has it, waits for what it gets.
async fn claim(account: &AccountTokens, version: i64) -> Result<Claim, TokenError> {
    let AccountTokens { keeper, user, platform, .. } = account;
    let until = Instant::now() + LEASE;
    loop {
        let stored = account.read().await?;
        if stored.version() != version {
            return Ok(Claim::Done(stored.current));
        }
        let claimed = keeper.store.claim_refresh(user, platform, version, LEASE).await;
        if claimed.map_err(|error| unavailable(&error))? {
            return Ok(Claim::Ours(stored));
        }
        if Instant::now() >= until {
            let reason = "another daemon is refreshing it".into();
            return Err(TokenError::Unavailable { reason });
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Makes the new tokens durable, however long that takes: where the platform has replaced the refresh token, there is no
/// way back to the old one.
async fn keep(
    account: &AccountTokens,
    stored: Stored,
    grant: Grant,
    asked_at: Timestamp,
) -> Outcome {
    let AccountTokens { keeper, user, platform, .. } = account;
    let version = stored.version();
    // None: they hold until they are refused.
    let lifetime = grant.expires_in.filter(|lifetime| !lifetime.is_zero());
    let expires_at = lifetime.and_then(|lifetime| asked_at.checked_add(lifetime).ok());
    let tokens = Tokens { access: grant.access, refresh: grant.refresh.or(stored.refresh) };
    let mut failures = 0;
    loop {
        match keeper.store.swap_tokens(user, platform, version, &tokens, expires_at).await {
            Ok(true) => {
                tracing::debug!(%user, %platform, "refreshed the tokens of an account");
                let token = AccessToken { secret: tokens.access, version: version + 1 };
                return Ok(Current { token, expires_at, external_id: stored.current.external_id });
            }
            // Disconnected or connected again in between, or written by an attempt whose answer was lost.
            Ok(false) => return Ok(account.read().await?.current),
            Err(error) => {
                if failures == 0 {
                    tracing::warn!(%user, %platform, %error, "could not store fresh tokens yet");
                }
                failures += 1;
                sleep(full_jitter(FIRST_WAIT, LONGEST_WAIT, failures)).await;
            }
        }
    }
}

/// The grant is gone, unless the account was connected again in between.
async fn give_up(account: &AccountTokens, version: i64, reason: Box<str>) -> Outcome {
    let AccountTokens { keeper, user, platform, .. } = account;
    match keeper.store.set_needs_reauth(user, platform, version).await {
        Ok(false) => return Ok(account.read().await?.current),
        Ok(true) => tracing::warn!(%user, %platform, %reason, "an account must be connected again"),
        // The next to ask finds out again.
        Err(error) => {
            tracing::warn!(%user, %platform, %reason, %error, "an account must be connected again");
        }
    }
    Err(TokenError::NeedsReauth { reason })
}
