//! What Google's refusals mean: <https://developers.google.com/youtube/v3/live/docs/errors>. The status says little; the
//! reason does.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::QuotaLedger;
use crate::{
    Error,
    http::{Dialect, Failure, words},
};

/// There were too many calls of one user, or in a short time: soon there may be more.
const TOO_FAST: [&str; 4] = [
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "userRequestsExceedRateLimit",
    "RATE_LIMIT_EXCEEDED",
];

/// Nothing is left of the day.
const NOTHING_LEFT: [&str; 2] = ["quotaExceeded", "dailyLimitExceeded"];

/// A scope is missing.
const NOT_ALLOWED: [&str; 5] = [
    "insufficientPermissions",
    "insufficientLivePermissions",
    "insufficientScopes",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "forbidden",
];

/// The chat of a broadcast is over.
pub(crate) const CHAT_ENDED: &str = "liveChatEnded";
/// It has none.
pub(crate) const CHAT_DISABLED: &str = "liveChatDisabled";
/// There is no such chat.
pub(crate) const NO_CHAT: &str = "liveChatNotFound";

/// How Google's API answers.
#[derive(Debug)]
pub(crate) struct Google {
    pub(crate) ledger: QuotaLedger,
}

impl Dialect for Google {
    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let usual = Failure::usual(status, headers, words(body));
        let Some(code) = reason(body) else { return usual };
        let is_one_of = |reasons: &[&str]| reasons.contains(&&*code);
        match status.as_u16() {
            403 | 429 if is_one_of(&NOTHING_LEFT) => {
                self.ledger.use_up();
                Failure::Error(Error::QuotaExhausted { retry_after: self.ledger.until_midnight() })
            }
            403 | 429 if is_one_of(&TOO_FAST) => {
                let retry_after = self.limits(headers).retry_after.or(Some(TRY_AGAIN));
                Failure::Error(Error::RateLimited { retry_after })
            }
            403 if is_one_of(&NOT_ALLOWED) => usual,
            400 | 403 => Failure::refused(code, words(body)),
            404 if &*code == NO_CHAT => Failure::refused(code, words(body)),
            _ => usual,
        }
    }
}

/// How long to wait after too many calls, where Google does not say.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// The reason that an answer gives: `error.errors[0].reason`, or that of newer APIs in `error.details`.
fn reason(body: &[u8]) -> Option<Box<str>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let newer = error["details"].as_array().into_iter().flatten();
    let reason = error["errors"][0]["reason"]
        .as_str()
        .or_else(|| { newer }.find_map(|detail| detail["reason"].as_str()))?;
    Some(reason.into())
}
