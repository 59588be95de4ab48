//! A token of our own, without a user (RFC 6749, section 4.4).

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::{sync::Mutex, time::Instant};

use super::{GrantError, OAuth};
use crate::{AccessToken, TokenError, TokenSource};

/// A token is fetched anew so long before its end.
const MARGIN: Duration = Duration::from_mins(1);

/// Our own token: fetched when it is first needed and when it ends, once for all who ask at the same time.
#[derive(Debug)]
pub(crate) struct AppToken {
    oauth: OAuth,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    version: i64,
    /// The last attempt to fetch one has failed: then, and why.
    failed: Option<(Instant, TokenError)>,
}

#[derive(Debug)]
struct Held {
    token: AccessToken,
    until: Option<Instant>,
}

impl AppToken {
    /// Of this client.
    pub(crate) fn new(oauth: OAuth) -> Self {
        Self { oauth, state: Mutex::default() }
    }

    /// One that is not this one.
    async fn other_than(&self, refused: Option<&AccessToken>) -> Result<AccessToken, TokenError> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(held) = &state.held
            && held.until.is_none_or(|until| until > Instant::now())
            && refused.is_none_or(|refused| refused.version < held.token.version)
        {
            return Ok(held.token.clone());
        }
        // Who waited for an attempt that failed has its answer: otherwise each would wait for one of their own.
        if let Some((at, error)) = &state.failed
            && *at >= asked
        {
            return Err(error.clone());
        }
        match self.oauth.client_credentials().await {
            Ok(grant) => {
                state.version += 1;
                let token = AccessToken { secret: grant.access, version: state.version };
                let until =
                    grant.expires_in.map(|lasts| Instant::now() + lasts.saturating_sub(MARGIN));
                state.held = Some(Held { token: token.clone(), until });
                state.failed = None;
                Ok(token)
            }
            Err(error) => {
                let reason = match error {
                    GrantError::Refused { reason } => reason,
                    GrantError::Unavailable { what } => what,
                };
                let error = TokenError::Unavailable { reason };
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

impl TokenSource for AppToken {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(self.other_than(None))
    }

    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async move { self.other_than(Some(&refused)).await })
    }
}
