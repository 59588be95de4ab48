//! What an answer's headers say of the limits: `Ratelimit-Limit`, `-Remaining` and `-Reset`, with or without `X-`, and
//! `Retry-After`. What cannot be read is as if it were not there.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use stagedoor_budget::{RateLimits, reset_in, retry_after};

/// What these say.
pub(crate) fn rate_limits(headers: &HeaderMap) -> RateLimits {
    let now = Timestamp::now();
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |plain: &str, x: &str| text(plain).or_else(|| text(x))?.parse::<u64>().ok();
    RateLimits {
        limit: number("ratelimit-limit", "x-ratelimit-limit")
            .and_then(|limit| limit.try_into().ok()),
        remaining: number("ratelimit-remaining", "x-ratelimit-remaining"),
        reset_in: number("ratelimit-reset", "x-ratelimit-reset").map(|reset| reset_in(reset, now)),
        retry_after: text(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now)),
    }
}
