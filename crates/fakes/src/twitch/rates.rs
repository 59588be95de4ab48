//! Buckets of calls, one for each user and one for the client.

use std::collections::HashMap;

use axum::response::IntoResponse;
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::Timestamp;
use tokio::time::{Duration, Instant};

use super::helix::refuse;
use crate::serve::Admission;

const WINDOW: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Rates {
    limit: u32,
    buckets: HashMap<Box<str>, (u32, Instant)>,
    pub(crate) refused: usize,
}

impl Rates {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, buckets: HashMap::new(), refused: 0 }
    }

    pub(crate) fn come(&mut self, whose: &str) -> Admission {
        let now = Instant::now();
        let full = (self.limit, now + WINDOW);
        let (left, full_at) = self.buckets.entry(whose.into()).or_insert(full);
        if *full_at <= now {
            (*left, *full_at) = full;
        }
        let is_allowed = *left > 0;
        *left = left.saturating_sub(1);
        let reset = (*full_at - now).as_secs() + 1;
        let reset_at = Timestamp::now().as_second() + i64::try_from(reset).unwrap_or(60);
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("ratelimit-limit"), self.limit.into()),
            (HeaderName::from_static("ratelimit-remaining"), (*left).into()),
            (HeaderName::from_static("ratelimit-reset"), reset_at.into()),
        ]);
        if is_allowed {
            return Admission::Granted(headers);
        }
        self.refused += 1;
        let refusal = refuse(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        Admission::Refused(Box::new((headers, refusal).into_response()))
    }
}
