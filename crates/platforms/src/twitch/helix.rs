//! What calls of Helix are like.
//!
//! <https://dev.twitch.tv/docs/api/guide/>

use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    Error,
    http::{Dialect, Failure, words},
};

/// Helix: a bearer token, and whose application it is of.
#[derive(Debug)]
pub(crate) struct Helix {
    pub(crate) client_id: Box<str>,
}

impl Dialect for Helix {
    fn authorize(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        request.bearer_auth(token.expose_secret()).header("Client-Id", &*self.client_id)
    }

    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let reason = words(body);
        match status.as_u16() {
            // The token holds, but was not given for this.
            401 if reason.starts_with("Missing scope") => {
                Failure::Error(Error::Forbidden { reason })
            }
            // While there are points left, it is about one channel's bans or one subscription, not about all calls.
            429 if self.limits(headers).remaining.is_some_and(|remaining| remaining > 0) => {
                Failure::Error(Error::RateLimited { retry_after: None })
            }
            _ => Failure::usual(status, headers, reason),
        }
    }
}

/// What answers are wrapped in.
#[derive(Deserialize)]
pub(crate) struct Data<T> {
    pub(crate) data: Vec<T>,
}

impl<T> Data<T> {
    /// The only one.
    pub(crate) fn one(self) -> Result<T, Error> {
        self.data.into_iter().next().ok_or(Error::NotFound)
    }
}

/// An id of Twitch's, as it stands in an address. There is none that is empty, which to Twitch means all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    /// # Errors
    /// [`Error::Invalid`] where it is none.
    pub(crate) fn new(field: &str, id: &'a str) -> Result<Self, Error> {
        let is_id = !id.is_empty()
            && id.len() <= 256
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if is_id {
            return Ok(Self(id));
        }
        Err(Error::Invalid { field: field.into(), problem: "is no id of Twitch's".into() })
    }

    pub(crate) const fn get(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_means_all_is_an_id() {
        for wrong in ["", " ", "a b", "a&message_id=", "ä", "\n"] {
            assert!(Id::new("message_id", wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(Id::new("x", "cc106a89-1814-919d").unwrap().get(), "cc106a89-1814-919d");
    }
}
