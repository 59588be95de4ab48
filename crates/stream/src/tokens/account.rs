//! The tokens of one account.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use stagedoor_domain::{Platform, UserId};
use stagedoor_platforms::{AccessToken, TokenError, TokenSource};
use stagedoor_store::StoreError;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{Keeper, refresh};
use crate::jitter::full_jitter;

/// How long a call waits for a token.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long before its end a token is refreshed, where the platform tells its end.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);

/// How long to wait before a platform is asked again that could not answer: this and by chance as much more, which
/// doubles to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A platform that refuses whatever it has just given is not asked more often than this.
const BETWEEN_REFRESHES: Duration = Duration::from_secs(1);

/// The tokens of one account. It lives as long as somebody has access to the account or a refresh is under way.
pub(super) struct AccountTokens {
    pub(super) keeper: Arc<Keeper>,
    pub(super) user: UserId,
    pub(super) platform: Platform,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flight: Option<Flight>,
    trouble: Option<Trouble>,
    latest: Option<Latest>,
}

/// A refresh under way.
struct Flight {
    /// Of the tokens of which version.
    version: i64,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// Refreshes have failed in a row, for reasons that may pass.
struct Trouble {
    version: i64,
    failures: u32,
    error: TokenError,
    until: Instant,
}

/// The last refresh that succeeded.
#[derive(Clone, Copy)]
struct Latest {
    version: i64,
    at: Instant,
    /// How long before the end of these tokens the next refresh is due: they may be short-lived.
    margin: SignedDuration,
}

/// What a refresh comes to.
pub(super) type Outcome = Result<Current, TokenError>;

/// An access token, and whose it is.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) token: AccessToken,
    pub(super) external_id: Arc<str>,
    pub(super) expires_at: Option<Timestamp>,
}

/// What the store has.
pub(super) struct Stored {
    pub(super) current: Current,
    pub(super) refresh: Option<SecretString>,
}

impl Stored {
    pub(super) const fn version(&self) -> i64 {
        self.current.token.version
    }
}

/// How it stands with a token.
enum Validity {
    Good,
    EndsSoon,
    Over,
}

impl AccountTokens {
    pub(super) fn new(keeper: Arc<Keeper>, user: UserId, platform: Platform) -> Self {
        Self { keeper, user, platform, state: Mutex::default() }
    }

    /// The newest token.
    async fn token(self: &Arc<Self>) -> Outcome {
        let stored = self.read().await?;
        match self.validity(&stored) {
            // It was refused, or there would be no refresh.
            Validity::Good => match self.flight_of(stored.version()) {
                Some(outcome) => wait(outcome).await,
                None => Ok(stored.current),
            },
            Validity::EndsSoon => {
                // Nobody has to wait for it, and its failure is told when the token is over.
                let _ = self.refresh(stored.version());
                Ok(stored.current)
            }
            Validity::Over => wait(self.refresh(stored.version())?).await,
        }
    }

    /// A newer token than the one that was refused.
    async fn renew(self: &Arc<Self>, refused: i64) -> Outcome {
        let outcome = if let Some(outcome) = self.flight_of(refused) {
            outcome
        } else {
            let stored = self.read().await?;
            if stored.version() != refused {
                return Ok(stored.current);
            }
            self.refresh(refused)?
        };
        let current = wait(outcome).await?;
        if current.token.version != refused {
            return Ok(current);
        }
        // It was the refresh of what the account had before it was connected again.
        wait(self.refresh(refused)?).await
    }

    /// What the store has.
    pub(super) async fn read(&self) -> Result<Stored, TokenError> {
        let found = self.keeper.store.account(&self.user, &self.platform).await;
        let Some((account, tokens)) = found.map_err(|error| unavailable(&error))? else {
            return Err(TokenError::Disconnected);
        };
        if account.needs_reauth {
            let reason = "its authorisation has ended".into();
            return Err(TokenError::NeedsReauth { reason });
        }
        let token = AccessToken { secret: tokens.access, version: account.version };
        let (external_id, expires_at) = (account.external_id.into(), account.expires_at);
        Ok(Stored { current: Current { token, external_id, expires_at }, refresh: tokens.refresh })
    }

    fn validity(&self, stored: &Stored) -> Validity {
        let Some(expires_at) = stored.current.expires_at else { return Validity::Good };
        // Without a refresh token there is nothing better, and the platform may still take it.
        if stored.refresh.is_none() || !is_refreshed_early(&self.platform) {
            return Validity::Good;
        }
        let latest = self.state().latest.filter(|latest| latest.version == stored.version());
        let margin = latest.map_or(MARGIN, |latest| latest.margin);
        let left = expires_at.duration_since(Timestamp::now());
        if left > margin {
            Validity::Good
        } else if left.is_positive() {
            Validity::EndsSoon
        } else {
            Validity::Over
        }
    }

    /// The refresh of this version that is under way.
    fn flight_of(&self, version: i64) -> Option<watch::Receiver<Option<Outcome>>> {
        let state = self.state();
        let flight = state.flight.as_ref().filter(|flight| flight.version == version)?;
        Some(flight.outcome.clone())
    }

    /// Starts a refresh, or joins the one that is under way. Refuses where the last one has just failed.
    fn refresh(
        self: &Arc<Self>,
        version: i64,
    ) -> Result<watch::Receiver<Option<Outcome>>, TokenError> {
        let mut state = self.state();
        if let Some(flight) = &state.flight {
            return Ok(flight.outcome.clone());
        }
        let trouble = state.trouble.as_ref().filter(|trouble| trouble.version == version);
        if let Some(trouble) = trouble.filter(|trouble| Instant::now() < trouble.until) {
            return Err(trouble.error.clone());
        }
        let (sender, outcome) = watch::channel(None);
        state.flight = Some(Flight { version, outcome: outcome.clone() });
        let latest = state.latest;
        drop(state);
        let landing = Landing::new(Arc::clone(self));
        // Not in the future of whoever asks: that may be dropped at any moment, and the tokens would be lost.
        tokio::spawn(async move {
            if let Some(latest) = latest {
                sleep_until(latest.at + BETWEEN_REFRESHES).await;
            }
            let outcome = refresh::run(&landing.0, version).await;
            landing.0.note(version, &outcome);
            drop(landing);
            sender.send_replace(Some(outcome));
        });
        Ok(outcome)
    }

    /// Learns from a refresh.
    fn note(&self, version: i64, outcome: &Outcome) {
        let mut state = self.state();
        match outcome {
            Ok(current) => {
                let left = current.expires_at.map(|end| end.duration_since(Timestamp::now()));
                let margin = left.map_or(MARGIN, |left| MARGIN.min(left / 4));
                let version = current.token.version;
                state.latest = Some(Latest { version, at: Instant::now(), margin });
                state.trouble = None;
            }
            Err(error @ TokenError::Unavailable { .. }) => {
                let before = state.trouble.take().filter(|trouble| trouble.version == version);
                let failures = before.map_or(0, |trouble| trouble.failures).saturating_add(1);
                let until =
                    Instant::now() + FIRST_WAIT + full_jitter(FIRST_WAIT, LONGEST_WAIT, failures);
                state.trouble = Some(Trouble { version, failures, error: error.clone(), until });
            }
            Err(_) => state.trouble = None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AccountTokens {
    fn drop(&mut self) {
        self.keeper.forget(&self.user, &self.platform);
    }
}

/// However a refresh ends, it is not under way any more.
struct Landing(Arc<AccountTokens>);

impl Landing {
    fn new(account: Arc<AccountTokens>) -> Self {
        account.keeper.under_way.send_modify(|under_way| *under_way += 1);
        Self(account)
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.state().flight = None;
        self.0.keeper.under_way.send_modify(|under_way| *under_way -= 1);
    }
}

/// Twitch asks for refreshes only after a refusal: <https://dev.twitch.tv/docs/authentication/refresh-tokens>.
fn is_refreshed_early(platform: &Platform) -> bool {
    *platform != Platform::Twitch
}

async fn wait(mut outcome: watch::Receiver<Option<Outcome>>) -> Outcome {
    let unavailable = |reason: &str| TokenError::Unavailable { reason: reason.into() };
    match timeout(PATIENCE, outcome.wait_for(Option::is_some)).await {
        Ok(Ok(outcome)) => outcome.clone().expect("it was waited for"),
        Ok(Err(_)) => Err(unavailable("the refresh was cut off")),
        Err(_) => Err(unavailable("the refresh takes too long")),
    }
}

/// The causes of a failure of the store are none of a platform's business.
pub(super) fn unavailable(error: &StoreError) -> TokenError {
    TokenError::Unavailable { reason: error.to_string().into() }
}

/// The tokens of an account, as long as the user has this very account connected.
pub(super) struct TokensOf {
    account: Arc<AccountTokens>,
    external_id: Box<str>,
}

impl TokensOf {
    pub(super) fn new(account: Arc<AccountTokens>, external_id: &str) -> Self {
        Self { account, external_id: external_id.into() }
    }

    fn own(&self, current: Current) -> Result<AccessToken, TokenError> {
        if *current.external_id == *self.external_id {
            Ok(current.token)
        } else {
            Err(TokenError::Disconnected)
        }
    }
}

impl TokenSource for TokensOf {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async { self.own(self.account.token().await?) })
    }

    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async move { self.own(self.account.renew(refused.version).await?) })
    }
}
