//! How much of the limits is used, as every answer says in its headers.
//!
//! ```text
//! X-App-Usage: {"call_count":28,"total_time":25,"total_cputime":25}                      the whole app, in percent
//! X-Business-Use-Case-Usage: {"<page>":[{"type":"pages","call_count":28,…,
//!                             "estimated_time_to_regain_access":0}]}                     a page, in percent; minutes
//! ```
//!
//! <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>. A page may make 4,800 calls a day for each
//! person who had to do with it that day: how many that are nobody tells, so these percents are all there is to go by.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::header::HeaderMap;
use serde::Deserialize;
use tokio::time::Instant;

/// How long what a header said is believed.
const BELIEVED: Duration = Duration::from_mins(10);

/// Pages whose usage is remembered.
const MAX_PAGES: usize = 10_000;

/// The longest time without access that is believed.
const LONGEST: Duration = Duration::from_hours(24);

/// The percents of one limit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    call_count: f64,
    total_cputime: f64,
    total_time: f64,
    /// In minutes.
    estimated_time_to_regain_access: f64,
}

impl Usage {
    fn percent(&self) -> u32 {
        let most = self.call_count.max(self.total_cputime).max(self.total_time);
        // NaN and negative numbers become 0.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let percent = most.clamp(0.0, 1000.0) as u32;
        percent
    }

    fn regain_in(&self) -> Option<Duration> {
        let minutes = self.estimated_time_to_regain_access;
        (minutes > 0.0)
            .then(|| Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(LONGEST))
            .map(|wait| wait.min(LONGEST))
    }
}

fn app(headers: &HeaderMap) -> Option<Usage> {
    serde_json::from_slice(headers.get("x-app-usage")?.as_bytes()).ok()
}

fn pages(headers: &HeaderMap) -> HashMap<Box<str>, Vec<Usage>> {
    let header = headers.get("x-business-use-case-usage");
    header.and_then(|header| serde_json::from_slice(header.as_bytes()).ok()).unwrap_or_default()
}

/// How long there is no access, where the headers of a refusal say so.
pub(super) fn regain_in(headers: &HeaderMap) -> Option<Duration> {
    let pages = pages(headers);
    let waits = pages.values().flatten().filter_map(Usage::regain_in);
    waits.chain(app(headers).and_then(|usage| usage.regain_in())).max()
}

/// What is used, by whom.
#[derive(Debug, Default)]
pub(super) struct Usages {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    app: Option<Said>,
    pages: HashMap<Box<str>, Said>,
}

#[derive(Clone, Copy, Debug)]
struct Said {
    percent: u32,
    at: Instant,
    blocked_until: Option<Instant>,
}

impl Said {
    fn holds(&self, now: Instant) -> bool {
        now < self.at + BELIEVED || self.blocked_until.is_some_and(|until| now < until)
    }
}

impl Usages {
    /// Takes note of what an answer says.
    pub(super) fn observe(&self, headers: &HeaderMap, now: Instant) {
        let (app, pages) = (app(headers), pages(headers));
        if app.is_none() && pages.is_empty() {
            return;
        }
        let mut known = self.known();
        if let Some(usage) = app {
            let blocked_until = usage.regain_in().map(|wait| now + wait);
            known.app = Some(Said { percent: usage.percent(), at: now, blocked_until });
        }
        for (page, usages) in pages {
            if known.pages.len() >= MAX_PAGES && !known.pages.contains_key(&page) {
                known.pages.retain(|_, said| said.holds(now));
                if known.pages.len() >= MAX_PAGES {
                    continue;
                }
            }
            let percent = usages.iter().map(Usage::percent).max().unwrap_or(0);
            let wait = usages.iter().filter_map(Usage::regain_in).max();
            let blocked_until = wait.map(|wait| now + wait);
            known.pages.insert(page, Said { percent, at: now, blocked_until });
        }
    }

    /// How much of what it may do a page has done, in percent: its own limit or the app's, whichever is nearer.
    pub(super) fn percent(&self, page: &str, now: Instant) -> u32 {
        let known = self.known();
        let said = [known.app.as_ref(), known.pages.get(page)];
        said.into_iter()
            .flatten()
            .filter(|said| said.holds(now))
            .map(|said| said.percent)
            .max()
            .unwrap_or(0)
    }

    /// How long a page has no access, if so.
    pub(super) fn blocked_for(&self, page: &str, now: Instant) -> Option<Duration> {
        let until = self.known().pages.get(page)?.blocked_until?;
        until.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// How much of the app's limit is used, in percent.
    pub(super) fn app_percent(&self, now: Instant) -> Option<u32> {
        self.known().app.filter(|said| said.holds(now)).map(|said| said.percent)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(app: &'static str, pages: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            ("x-app-usage".parse().unwrap(), HeaderValue::from_static(app)),
            ("x-business-use-case-usage".parse().unwrap(), HeaderValue::from_static(pages)),
        ])
    }

    #[tokio::test(start_paused = true)]
    async fn the_nearer_limit_counts_and_is_forgotten_after_a_while() {
        let usages = Usages::default();
        let said = headers(
            r#"{"call_count":28,"total_time":31.7,"total_cputime":3}"#,
            r#"{"17":[{"type":"pages","call_count":80,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":0}]}"#,
        );
        usages.observe(&said, Instant::now());
        assert_eq!(usages.percent("17", Instant::now()), 80);
        assert_eq!(usages.percent("18", Instant::now()), 31);
        assert_eq!(usages.app_percent(Instant::now()), Some(31));
        assert_eq!(usages.blocked_for("17", Instant::now()), None);
        tokio::time::advance(BELIEVED).await;
        assert_eq!(usages.percent("17", Instant::now()), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_without_access_waits_and_others_do_not() {
        let usages = Usages::default();
        let said =
            headers("{}", r#"{"17":[{"call_count":130,"estimated_time_to_regain_access":19}]}"#);
        assert_eq!(regain_in(&said), Some(Duration::from_mins(19)));
        usages.observe(&said, Instant::now());
        assert_eq!(usages.blocked_for("17", Instant::now()), Some(Duration::from_mins(19)));
        assert_eq!(usages.blocked_for("18", Instant::now()), None);
        tokio::time::advance(Duration::from_mins(19)).await;
        assert_eq!(usages.blocked_for("17", Instant::now()), None);
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let usages = Usages::default();
        for (app, pages) in [("", ""), ("[]", "17"), ("{\"call_count\":\"x\"}", "{\"17\":3}")] {
            usages.observe(&headers(app, pages), Instant::now());
        }
        assert_eq!(usages.percent("17", Instant::now()), 0);
        let endless = headers("{}", r#"{"17":[{"estimated_time_to_regain_access":1e300}]}"#);
        assert_eq!(regain_in(&endless), Some(LONGEST));
    }
}
