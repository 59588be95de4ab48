//! One call: its turn in the budget, its way there and back, and what its answer means.

use std::{error::Error as _, fmt::Write as _};

use reqwest::{
    Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Budget, Error, Turn, rate_headers::rate_limits};

/// The longest answer that is read, in bytes, where it is about one thing.
pub(crate) const ONE: usize = 1024 * 1024;

/// The longest answer that is read, in bytes, where it lists all live inputs of an account: some 100,000 of them.
pub(crate) const ALL: usize = 32 * 1024 * 1024;

/// The longest message of Cloudflare that is kept, in characters.
const MAX_MESSAGE: usize = 300;

/// A call of the API.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    pub(crate) turn: Turn,
    /// The longest answer, in bytes.
    pub(crate) limit: usize,
    /// What the call carries and no message may repeat.
    pub(crate) secret: Option<&'a SecretString>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(url: Url, turn: impl Into<Turn>) -> Self {
        Self::new(Method::GET, url, turn)
    }

    pub(crate) fn new(method: Method, url: Url, turn: impl Into<Turn>) -> Self {
        Self { method, url, body: None, turn: turn.into(), limit: ONE, secret: None }
    }

    pub(crate) fn with_body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(crate) fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn hiding(self, secret: &'a SecretString) -> Self {
        Self { secret: Some(secret), ..self }
    }
}

#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) authorization: HeaderValue,
    pub(crate) budget: Budget,
}

/// What an answer of the API is wrapped in.
#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default = "yes")]
    success: bool,
    #[serde(default = "Vec::new")]
    errors: Vec<Complaint>,
    result: Option<T>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Complaint {
    code: Value,
    message: Value,
}

const fn yes() -> bool {
    true
}

impl Transport {
    /// Makes a call whose answer matters.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        let lost = Lost::of(&call.method);
        let body = self.send(call).await?;
        match serde_json::from_slice::<Envelope<T>>(&body) {
            Ok(Envelope { result: Some(result), .. }) => Ok(result),
            // Why is not told: the words of a parser repeat what they trip over, and that may be a key.
            Ok(_) | Err(_) => Err(lost.because("the answer lacks what it should have")),
        }
    }

    /// Makes a call of which only the success matters.
    pub(crate) async fn tell(&self, call: Call<'_>) -> Result<(), Error> {
        self.send(call).await.map(drop)
    }

    /// Makes a call and hands its body out when it succeeded.
    async fn send(&self, call: Call<'_>) -> Result<Vec<u8>, Error> {
        let lost = Lost::of(&call.method);
        let mut request = self
            .http
            .request(call.method.clone(), call.url)
            .header(AUTHORIZATION, self.authorization.clone());
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let permit = call.turn.take(&self.budget).await;
        let answer = request.send().await;
        let mut response = match answer {
            Ok(response) => response,
            Err(error) => return Err(lost.because_of(error)),
        };
        let status = response.status();
        let limits = rate_limits(response.headers());
        let body = read(&mut response, call.limit).await;
        let too_many = status == StatusCode::TOO_MANY_REQUESTS;
        permit.answered_with(&limits, too_many);
        if too_many {
            return Err(Error::RateLimited { retry_after: limits.retry_after.or(limits.reset_in) });
        }
        if status == StatusCode::NOT_FOUND {
            return Err(Error::NotFound);
        }
        if status.is_server_error() {
            return Err(lost.because(&format!("HTTP {}", status.as_u16())));
        }
        if !status.is_success() {
            return Err(refused(status, &body.unwrap_or_default(), call.secret));
        }
        let body = body.map_err(|unread| match unread {
            Unread::TooLong => lost.because("the answer is too long"),
            Unread::Http(error) => lost.because_of(error),
        })?;
        match serde_json::from_slice::<Envelope<Value>>(&body) {
            Ok(Envelope { success: false, .. }) => Err(refused(status, &body, call.secret)),
            _ => Ok(body),
        }
    }
}

/// What a call without a proper answer means for its work.
#[derive(Clone, Copy)]
struct Lost {
    changes_something: bool,
}

impl Lost {
    fn of(method: &Method) -> Self {
        Self { changes_something: *method != Method::GET }
    }

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

/// An HTTP error with its causes, without its address.
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

/// What Cloudflare gives as its reason.
fn refused(status: StatusCode, body: &[u8], secret: Option<&SecretString>) -> Error {
    let complaint = serde_json::from_slice::<Envelope<Value>>(body)
        .ok()
        .and_then(|envelope| envelope.errors.into_iter().next())
        .unwrap_or_default();
    let mut message = complaint.message.as_str().unwrap_or("no reason given").to_owned();
    if let Some(secret) = secret.filter(|secret| !secret.expose_secret().is_empty()) {
        message = message.replace(secret.expose_secret(), "[REDACTED]");
    }
    Error::Refused {
        status: status.as_u16(),
        code: complaint.code.as_i64().unwrap_or(0),
        message: message.chars().take(MAX_MESSAGE).collect::<String>().into(),
    }
}
