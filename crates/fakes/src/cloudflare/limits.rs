//! The limit of all calls of an account, and the block after one too many.

use std::{collections::VecDeque, time::Duration};

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::FakeConfig;

#[derive(Debug)]
pub(crate) struct Limits {
    limit: usize,
    window: Duration,
    block: Duration,
    calls: VecDeque<Instant>,
    blocked_until: Option<Instant>,
    pub(crate) refused: usize,
    pub(crate) most: usize,
}

/// What the limits say of a call.
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// The headers of its answer.
    pub(crate) headers: HeaderMap,
}

impl Limits {
    pub(crate) fn new(config: &FakeConfig) -> Self {
        Self {
            limit: usize::try_from(config.limit).unwrap_or(usize::MAX),
            window: config.window,
            block: config.block,
            calls: VecDeque::new(),
            blocked_until: None,
            refused: 0,
            most: 0,
        }
    }

    pub(crate) fn come(&mut self, now: Instant) -> Verdict {
        while self.calls.front().is_some_and(|at| *at + self.window <= now) {
            self.calls.pop_front();
        }
        if self.blocked_until.is_none_or(|until| until <= now) {
            self.calls.push_back(now);
            self.most = self.most.max(self.calls.len());
            if self.calls.len() <= self.limit {
                return Verdict { allowed: true, headers: self.headers(now) };
            }
            self.blocked_until = Some(now + self.block);
        }
        self.refused += 1;
        let mut headers = self.headers(now);
        let left = self.blocked_until.map_or(Duration::ZERO, |until| until - now);
        headers.insert("retry-after", seconds(left));
        Verdict { allowed: false, headers }
    }

    /// Both generations, as different edges of Cloudflare answer them.
    fn headers(&self, now: Instant) -> HeaderMap {
        let remaining = self.limit.saturating_sub(self.calls.len());
        let reset = self.calls.front().map_or(self.window, |at| *at + self.window - now);
        let reset_s = reset.as_secs_f64().ceil();
        let window_s = self.window.as_secs_f64().ceil();
        let text = |text: String| HeaderValue::try_from(text).expect("digits and ASCII");
        let limit = self.limit;
        HeaderMap::from_iter([
            (name("x-ratelimit-limit"), limit.into()),
            (name("x-ratelimit-remaining"), remaining.into()),
            (name("x-ratelimit-reset"), seconds(reset)),
            (name("ratelimit"), text(format!(r#""default";r={remaining};t={reset_s}"#))),
            (name("ratelimit-policy"), text(format!(r#""default";q={limit};w={window_s}"#))),
        ])
    }
}

fn name(name: &'static str) -> http::HeaderName {
    http::HeaderName::from_static(name)
}

/// Whole seconds, rounded up.
fn seconds(duration: Duration) -> HeaderValue {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    whole.into()
}
