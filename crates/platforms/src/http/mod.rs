//! A call to a platform's HTTP API: its turn in the budget, its way there and back, and what its answer means.
//!
//! ```text
//! Call ── Turns::take ──▶ Dialect::authorize ──▶ HTTPS ──▶ 2xx: the answer
//!   ▲                         ▲ token                  ──▶ Dialect::failure ──▶ an Error that says whether the work
//!   └──────── once ───────────┴── TokenSource::renew ◀──── 401                  may have been done
//! ```
//!
//! No call but one whose token was refused is made twice: whoever asked knows what may be repeated. Of a call that
//! changes something and has no proper answer it is not known whether its work was done ([`Error::Unclear`]); one that
//! never left, or that changes nothing, was not ([`Error::Unavailable`]).

mod budgets;
mod call;
mod failure;
mod limits;
mod turns;
mod url;

use std::{error::Error as _, fmt, fmt::Write as _, sync::Arc, time::Duration};

use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use stagedoor_budget::RateLimits;

pub(crate) use budgets::PerAccount;
pub(crate) use call::{Auth, Body, Call};
pub(crate) use failure::{Failure, clean, words};
pub(crate) use limits::rate_limits;
pub(crate) use turns::{Claim, Held, Permit, Turns, Unlimited};
pub(crate) use url::{base, below};

use crate::{AccessToken, BuildError, Error, TokenSource};

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call may take in all, from when its turn has come.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The HTTP client for all platforms: one a process, so that connections are shared. A connection may take 5 s to make
/// and a call 15 s in all. It follows no redirects, so that tokens go where they are meant to and nowhere else.
///
/// # Errors
/// When there is no TLS.
pub fn http_client() -> Result<reqwest::Client, BuildError> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("stagedoor/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(BuildError::Http)
}

/// What a platform's HTTP is like.
pub(crate) trait Dialect: fmt::Debug + Send + Sync {
    /// Puts the token where the platform looks for it, and whatever else it wants to see.
    fn authorize(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        request.bearer_auth(token.expose_secret())
    }

    /// What an answer other than 2xx means. What it quotes of the answer is clipped and freed of secrets afterwards.
    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        Failure::usual(status, headers, words(body))
    }

    /// What an answer says of the limits.
    fn limits(&self, headers: &HeaderMap) -> RateLimits {
        rate_limits(headers)
    }
}

/// Makes calls. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    dialect: Arc<dyn Dialect>,
    turns: Arc<dyn Turns>,
    app: Option<Arc<dyn TokenSource>>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("dialect", &self.dialect)
            .field("turns", &self.turns)
            .finish_non_exhaustive()
    }
}

/// How one attempt went wrong.
enum Failed {
    /// Its token was not taken.
    Unauthorized { reason: Box<str> },
    /// Otherwise.
    For(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::For(error)
    }
}

impl Http {
    /// By these rules, and by turns.
    pub(crate) fn new(
        client: reqwest::Client,
        dialect: Arc<dyn Dialect>,
        turns: Arc<dyn Turns>,
    ) -> Self {
        Self { client, dialect, turns, app: None }
    }

    /// Where the tokens of [`Auth::App`] come from.
    pub(crate) fn with_app_token(self, app: Arc<dyn TokenSource>) -> Self {
        Self { app: Some(app), ..self }
    }

    /// Makes a call whose answer matters.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        let lost = Lost { changes_something: call.changes_something };
        let body = self.send(call).await?;
        // Why is not told: the words of a parser repeat what they trip over, and that may be a key.
        serde_json::from_slice(&body)
            .map_err(|_| lost.because("the answer lacks what it should have"))
    }

    /// Makes a call of which only the success matters.
    pub(crate) async fn tell(&self, call: Call<'_>) -> Result<(), Error> {
        self.send(call).await.map(drop)
    }

    /// Makes a call: the body of its answer, which is always a 2xx.
    async fn send(&self, call: Call<'_>) -> Result<Vec<u8>, Error> {
        let tokens: &dyn TokenSource = match call.auth {
            Auth::None => return self.attempt(&call, None).await.map_err(refused),
            Auth::Token(token) => return self.attempt(&call, Some(token)).await.map_err(gone),
            Auth::Account(account) => &*account.tokens,
            Auth::App => self.app.as_deref().expect("a platform that uses App gives its source"),
        };
        let token: AccessToken = tokens.token().await?;
        match self.attempt(&call, Some(&token.secret)).await {
            Err(Failed::Unauthorized { .. }) => {}
            other => return other.map_err(refused),
        }
        let token = tokens.renew(token).await?;
        self.attempt(&call, Some(&token.secret)).await.map_err(refused)
    }

    /// Makes a call once.
    async fn attempt(
        &self,
        call: &Call<'_>,
        token: Option<&SecretString>,
    ) -> Result<Vec<u8>, Failed> {
        let mut request = self.client.request(call.method.clone(), call.url.clone());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        request = match &call.body {
            Body::None => request,
            Body::Json(value) => request.json(value),
            Body::Form(fields) => request.form(fields),
        };
        if let Some(token) = token {
            request = self.dialect.authorize(request, token);
        }
        let permit = self.turns.take(call.claim()).await?;
        let lost = Lost { changes_something: call.changes_something };
        // A permit that is dropped was cut off: the call may yet arrive.
        let mut response = request.send().await.map_err(|error| lost.because_of(error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = read(&mut response, call.limit).await;
        let limits = self.dialect.limits(&headers);
        if status.is_success() {
            permit.answered(&limits, false);
            return body.map_err(|unread| {
                Failed::For(match unread {
                    Unread::TooLong => lost.because("the answer is too long"),
                    Unread::Http(error) => lost.because_of(error),
                })
            });
        }
        let failure = self.dialect.failure(status, &headers, &body.unwrap_or_default());
        permit.answered(&limits, matches!(failure, Failure::TooMany { .. }));
        Err(match failure.without(token) {
            Failure::Unauthorized { reason } => Failed::Unauthorized { reason },
            Failure::TooMany { retry_after } => {
                let retry_after = retry_after.or(limits.retry_after).or(limits.reset_in);
                Failed::For(Error::RateLimited { retry_after })
            }
            Failure::Lost { what } => Failed::For(lost.because(&what)),
            Failure::Error(error) => Failed::For(error),
        })
    }
}

/// A fresh token, or none, was not taken: that is not the grant's fault.
fn refused(failed: Failed) -> Error {
    match failed {
        Failed::Unauthorized { reason } => Error::Forbidden { reason },
        Failed::For(error) => error,
    }
}

/// The only token that there is was not taken.
fn gone(failed: Failed) -> Error {
    match failed {
        Failed::Unauthorized { reason } => Error::NeedsReauth { reason },
        Failed::For(error) => error,
    }
}

/// What a call without a proper answer means for its work.
#[derive(Clone, Copy)]
struct Lost {
    changes_something: bool,
}

impl Lost {
    fn because(self, what: &str) -> Error {
        let what = what.into();
        if self.changes_something { Error::Unclear { what } } else { Error::Unavailable { what } }
    }

    fn because_of(self, error: reqwest::Error) -> Error {
        let never_sent = error.is_connect() || error.is_builder();
        let words = describe(error);
        if never_sent { Error::Unavailable { what: words.into() } } else { self.because(&words) }
    }
}

/// An HTTP error with its causes, without its address: that may have a token in it.
pub(crate) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(words, ": {error}");
        cause = error.source();
    }
    words
}

pub(crate) enum Unread {
    TooLong,
    Http(reqwest::Error),
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Http)? {
        if body.len() + chunk.len() > limit {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
