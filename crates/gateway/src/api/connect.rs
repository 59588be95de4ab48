//! Connecting an account: the user is sent to the platform, agrees there, and comes back with a code.
//!
//! ```text
//! begin ── state, PKCE ──▶ platform ── code, state ──▶ finish ─▶ exchange ─▶ identify ─▶ accounts::keep
//! ```
//!
//! A code is good once, so what follows it goes on when the browser has hung up.

use http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use stagedoor_domain::{Account, Platform, UserId};
use stagedoor_platforms::{Grant, GrantError, Identity, Pkce};
use stagedoor_store::Tokens;
use tokio::time::timeout;

use super::{
    ANSWER_LIMIT, Desk, accounts, limits,
    pending::{Browser, Journey, NotWaiting},
};
use crate::http::ApiError;

/// What a platform gives is cut to these.
const MAX_NAME_CHARS: usize = 256;
const MAX_CODE_BYTES: usize = 4 * 1024;

/// What somebody comes back with.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    pub(crate) state: String,
    pub(crate) code: Option<SecretString>,
    /// The platform's word for what went wrong.
    pub(crate) error: Option<String>,
}

/// How it has ended, for somebody whose state was good.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The account is connected.
    Connected(Account),
    /// The user did not agree.
    Denied,
    /// It went wrong.
    Failed(ApiError),
}

/// Where to send the user.
pub(crate) fn begin(
    desk: &Desk,
    user: UserId,
    platform: &Platform,
    browser: &Browser,
) -> Result<String, ApiError> {
    let client = desk.client(platform)?;
    let pkce = client.oauth().config().pkce.then(Pkce::new);
    let (verifier, challenge) = pkce.map(|pkce| (pkce.verifier, pkce.challenge)).unzip();
    let journey = Journey { user, platform: platform.clone(), verifier };
    let state = desk.pending().begin(browser, journey)?;
    let redirect_uri = desk.redirect_uri(platform);
    let url = client.oauth().authorize_url(&redirect_uri, &state, challenge.as_deref());
    Ok(url.into())
}

/// Takes up who comes back. What is refused before the state is known to be good has changed nothing.
pub(crate) async fn finish(
    desk: &Desk,
    platform: &Platform,
    browser: Option<&Browser>,
    arrival: Arrival,
) -> Result<Ending, ApiError> {
    desk.client(platform)?;
    let journey = desk.pending().take(&arrival.state, platform, browser)?;
    let user = journey.user.clone();
    if let Some(error) = arrival.error {
        tracing::debug!(%user, %platform, %error, "account not connected: the platform says no");
        return Ok(match error.as_str() {
            "access_denied" | "user_denied" => Ending::Denied,
            _ => Ending::Failed(refused("it sent you back with an error")),
        });
    }
    let Some(code) = arrival.code else {
        return Ok(Ending::Failed(refused("it sent you back without a code")));
    };
    let connecting = tokio::spawn(connect(desk.clone(), journey, code));
    Ok(match timeout(ANSWER_LIMIT, connecting).await {
        Ok(Ok(Ok(account))) => Ending::Connected(account),
        Ok(Ok(Err(error))) => {
            tracing::info!(%user, %platform, code = error.code(), "account not connected");
            Ending::Failed(error)
        }
        Ok(Err(_)) => {
            let message = "something went wrong here";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Ending::Failed(ApiError::new(status, "connecting_failed", message))
        }
        Err(_) => {
            let message =
                "the platform has not answered yet; the account may still become connected";
            let refusal = ApiError::new(StatusCode::GATEWAY_TIMEOUT, "still_connecting", message);
            Ending::Failed(refusal.help("look at your accounts in a moment"))
        }
    })
}

async fn connect(desk: Desk, journey: Journey, code: SecretString) -> Result<Account, ApiError> {
    let Journey { user, platform, verifier } = journey;
    let client = desk.client(&platform)?.clone();
    limits::key("code", code.expose_secret(), MAX_CODE_BYTES)?;
    let redirect_uri = desk.redirect_uri(&platform);
    let exchanged =
        client.oauth().exchange(code.expose_secret(), &redirect_uri, verifier.as_ref()).await;
    let grant = exchanged.map_err(|error| ungranted(&user, &platform, &error))?;
    let identity = client.identify(&grant.access).await.map_err(|error| {
        tracing::warn!(%user, %platform, %error, "account not identified");
        ApiError::of_platform(&error)
    })?;
    let (account, tokens) = account(platform, identity, grant);
    let (account, _) = accounts::keep(&desk, &user, account, tokens).await?;
    Ok(account)
}

fn account(platform: Platform, identity: Identity, grant: Grant) -> (Account, Tokens) {
    let Identity { external_id, name, scopes, expires_at, token } = identity;
    let granted_until = || Timestamp::now().checked_add(grant.expires_in?).ok();
    // How long the grant holds says nothing of a token that is used in its stead.
    let expires_at = expires_at.or_else(|| granted_until().filter(|_| token.is_none()));
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    let account = Account {
        platform,
        name: if name.trim().is_empty() { external_id.clone() } else { name.into() },
        external_id,
        scopes: if scopes.is_empty() { grant.scopes } else { scopes },
        needs_reauth: false,
        expires_at,
        connected_at: Timestamp::now(),
        version: 1,
    };
    (account, Tokens { access: token.unwrap_or(grant.access), refresh: grant.refresh })
}

fn ungranted(user: &UserId, platform: &Platform, error: &GrantError) -> ApiError {
    tracing::warn!(%user, %platform, %error, "code not exchanged");
    if let GrantError::Refused { .. } = error {
        return refused("it does not take its own code");
    }
    let message = "the platform cannot be reached, or does not answer as it should";
    ApiError::new(StatusCode::BAD_GATEWAY, "platform_unavailable", message)
        .help("try again in a moment")
}

fn refused(what: &'static str) -> ApiError {
    let message = format!("the platform refused: {what}");
    ApiError::new(StatusCode::BAD_GATEWAY, "platform_refused", message).help("begin again")
}

impl From<NotWaiting> for ApiError {
    fn from(why: NotWaiting) -> Self {
        let bad = |code, message: &'static str| Self::new(StatusCode::BAD_REQUEST, code, message);
        match why {
            NotWaiting::Unknown => bad(
                "state_unknown",
                "this way back has been used already, has expired, or was not begun here",
            )
            .help("look whether the account is connected already; if not, begin again"),
            NotWaiting::OtherPlatform => {
                bad("state_of_another_platform", "this is the way back from another platform")
                    .help("begin again")
            }
            NotWaiting::OtherBrowser => bad(
                "state_of_another_browser",
                "this was begun in another browser, or at another address of this server",
            )
            .help("begin and end in the same browser, without opening links that others sent you"),
            NotWaiting::Full => {
                let message = "too many people are connecting accounts right now";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connecting", message)
                    .help("try again in a moment")
                    .retry_later()
            }
        }
    }
}
