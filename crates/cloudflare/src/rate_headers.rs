//! What an answer says of the limits.
//!
//! Cloudflare documents `ratelimit: "default";r=50;t=30` with `ratelimit-policy: "default";q=1200;w=300`
//! (<https://developers.cloudflare.com/fundamentals/api/reference/limits/>); older answers have `x-ratelimit-limit`,
//! `-remaining` and `-reset`. Both are read; what cannot be read is as if it were not there.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use stagedoor_budget::{RateLimits, reset_in, retry_after};

/// What these say.
pub(crate) fn rate_limits(headers: &HeaderMap) -> RateLimits {
    rate_limits_at(headers, Timestamp::now())
}

fn rate_limits_at(headers: &HeaderMap, now: Timestamp) -> RateLimits {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<u64>().ok();
    let retry_after = text(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now));
    if let Some(scarcest) = text("ratelimit").and_then(scarcest) {
        let policies = text("ratelimit-policy").unwrap_or_default();
        let policy = items(policies).find(|item| item.name == scarcest.name);
        return RateLimits {
            limit: policy.and_then(|policy| policy.number("q")?.try_into().ok()),
            remaining: scarcest.number("r"),
            reset_in: scarcest.number("t").map(Duration::from_secs),
            retry_after,
        };
    }
    RateLimits {
        limit: number("x-ratelimit-limit").and_then(|limit| limit.try_into().ok()),
        remaining: number("x-ratelimit-remaining"),
        reset_in: number("x-ratelimit-reset").map(|reset| reset_in(reset, now)),
        retry_after,
    }
}

/// An item of a list of RFC 9651, as far as these headers use it: a quoted name with parameters.
#[derive(Clone, Copy)]
struct Item<'a> {
    name: &'a str,
    parameters: &'a str,
}

impl Item<'_> {
    fn number(&self, key: &str) -> Option<u64> {
        let mut parameters = self.parameters.split(';').filter_map(|part| part.split_once('='));
        parameters.find(|(name, _)| name.trim() == key)?.1.trim().parse().ok()
    }
}

fn items(list: &str) -> impl Iterator<Item = Item<'_>> {
    list.split(',').map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        Item { name: name.trim().trim_matches('"'), parameters }
    })
}

fn scarcest(list: &str) -> Option<Item<'_>> {
    items(list).filter(|item| item.number("r").is_some()).min_by_key(|item| item.number("r"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn read(headers: &[(&'static str, &'static str)]) -> RateLimits {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse().unwrap(), reqwest::header::HeaderValue::from_static(value))
        });
        rate_limits_at(&headers.collect(), NOW)
    }

    #[test]
    fn both_generations_of_headers_are_read() {
        let expected = RateLimits {
            limit: Some(1200),
            remaining: Some(50),
            reset_in: Some(Duration::from_secs(30)),
            retry_after: None,
        };
        assert_eq!(
            read(&[
                ("ratelimit", r#""burst";r=90;t=1, "default";r=50;t=30"#),
                ("ratelimit-policy", r#""burst";q=200;w=1, "default";q=1200;w=300"#),
            ]),
            expected
        );
        for reset in ["30", "1800000030"] {
            assert_eq!(
                read(&[
                    ("x-ratelimit-limit", "1200"),
                    ("x-ratelimit-remaining", "50"),
                    ("x-ratelimit-reset", reset),
                ]),
                expected
            );
        }
    }

    #[test]
    fn when_to_come_again_is_a_number_of_seconds_or_a_date() {
        for (value, seconds) in
            [("7", Some(7)), ("Fri, 15 Jan 2027 08:00:07 GMT", Some(7)), ("soon", None)]
        {
            let retry_after = read(&[("retry-after", value)]).retry_after;
            assert_eq!(retry_after, seconds.map(Duration::from_secs), "{value}");
        }
        let past = read(&[("retry-after", "Fri, 15 Jan 2027 07:00:00 GMT")]);
        assert_eq!(past.retry_after, Some(Duration::ZERO));
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let nonsense = [
            ("ratelimit", "\"default\";r=many;t"),
            ("x-ratelimit-remaining", "-1"),
            ("x-ratelimit-reset", "99999999999999999999999"),
        ];
        assert_eq!(read(&nonsense), RateLimits::default());
    }
}
