//! What an answer means that is none.

use std::{borrow::Cow, time::Duration};

use reqwest::{StatusCode, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::rate_limits;
use crate::Error;

/// The most that is kept of a platform's words, in characters.
const MAX_WORDS: usize = 300;

/// What an answer means that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The token is not taken: another one is fetched and the call made once more.
    Unauthorized { reason: Box<str> },
    /// There were too many calls: none goes out for a while, if the budget has it so. A refusal that is about one
    /// channel only is an `Error(RateLimited)` instead.
    TooMany { retry_after: Option<Duration> },
    /// It is no proper answer: the work may have been done.
    Lost { what: Box<str> },
    /// Anything else.
    Error(Error),
}

impl Failure {
    /// What it usually means.
    pub(crate) fn usual(status: StatusCode, headers: &HeaderMap, reason: Box<str>) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized { reason },
            403 => Self::Error(Error::Forbidden { reason }),
            404 | 410 => Self::Error(Error::NotFound),
            429 => Self::TooMany { retry_after: rate_limits(headers).retry_after },
            // Redirects are not followed, and whoever sends one has not done the work: but it is not what was expected.
            code @ (408 | 425 | 300..=399 | 500..=599) => {
                Self::Lost { what: format!("HTTP {code}").into() }
            }
            code => Self::refused(code.to_string(), reason),
        }
    }

    /// The platform will not do it.
    pub(crate) fn refused(code: impl Into<Box<str>>, reason: impl Into<Box<str>>) -> Self {
        Self::Error(Error::Refused { code: code.into(), reason: reason.into() })
    }

    /// The same, without this, and clipped.
    pub(super) fn without(mut self, secret: Option<&SecretString>) -> Self {
        let clean = |text: &mut Box<str>| *text = clean(text, &[secret]);
        match &mut self {
            Self::Unauthorized { reason } => clean(reason),
            Self::Lost { what } => clean(what),
            Self::TooMany { .. } => {}
            Self::Error(error) => match error {
                Error::NeedsReauth { reason } | Error::Forbidden { reason } => clean(reason),
                Error::Refused { code, reason } => {
                    clean(code);
                    clean(reason);
                }
                Error::Invalid { field, problem } => {
                    clean(field);
                    clean(problem);
                }
                Error::Unclear { what } | Error::Unavailable { what } => clean(what),
                Error::Unsupported { .. }
                | Error::NoBroadcast
                | Error::NotFound
                | Error::RateLimited { .. }
                | Error::QuotaExhausted { .. } => {}
            },
        }
        self
    }
}

/// A text of a platform, without these secrets, at most 300 characters of it.
pub(crate) fn clean(text: &str, secrets: &[Option<&SecretString>]) -> Box<str> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets.iter().flatten() {
        let secret = secret.expose_secret();
        if !secret.is_empty() && text.contains(secret) {
            text = text.replace(secret, "[REDACTED]").into();
        }
    }
    text.chars().take(MAX_WORDS).collect::<String>().into()
}

/// A platform's words, from where they usually stand: `message`, `error.message`, `error_description`, `error`.
pub(crate) fn words(body: &[u8]) -> Box<str> {
    let none = || "no reason given".into();
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return none() };
    let places = [
        &value["error"]["message"],
        &value["message"],
        &value["error_description"],
        &value["error"],
    ];
    places
        .into_iter()
        .find_map(Value::as_str)
        .filter(|text| !text.is_empty())
        .map_or_else(none, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_platforms_put_them() {
        for (body, expected) in [
            (r#"{"error":"Not Found","status":404,"message":"no such user"}"#, "no such user"),
            (r#"{"error":{"code":403,"message":"quota","errors":[]}}"#, "quota"),
            (r#"{"error":"invalid_grant","error_description":"expired"}"#, "expired"),
            (r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            (r#"{"message":17}"#, "no reason given"),
            ("[[[", "no reason given"),
            ("", "no reason given"),
        ] {
            assert_eq!(&*words(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn secrets_are_taken_out_before_the_text_is_clipped() {
        let secret = SecretString::from("s3cret".to_owned());
        let text = format!("{}s3cret and more", "x".repeat(MAX_WORDS - 3));
        let clean = clean(&text, &[None, Some(&secret)]);
        assert!(clean.ends_with("x[RE") && clean.chars().count() == MAX_WORDS, "{clean}");
    }
}
