//! What a refusal of the Graph API means: <https://developers.facebook.com/docs/graph-api/guides/error-handling>.
//!
//! The HTTP status says little: most refusals come as 400, whatever they are about. The code in the body decides.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;

use super::usage;
use crate::{
    Error,
    http::{Failure, rate_limits, words},
};

#[derive(Debug, Deserialize)]
struct Body {
    error: Fault,
}

#[derive(Debug, Deserialize)]
struct Fault {
    #[serde(default)]
    message: Box<str>,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error_subcode: i64,
    #[serde(default)]
    error_user_msg: Option<Box<str>>,
    #[serde(default)]
    is_transient: bool,
}

/// What an answer other than 2xx means.
pub(super) fn failure(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { error }) if error.code != 0 => {
            let retry_after = usage::regain_in(headers).or(rate_limits(headers).retry_after);
            error.means(status, retry_after)
        }
        _ => Failure::usual(status, headers, words(body)),
    }
}

impl Fault {
    fn means(self, status: StatusCode, retry_after: Option<Duration>) -> Failure {
        let reason = self.words();
        match (self.code, self.error_subcode) {
            // The token has expired, was revoked, is malformed; the user has logged out or changed the password.
            (190 | 102, _) | (_, 458..=460 | 463 | 464 | 467 | 492) => {
                Failure::Unauthorized { reason }
            }
            // The whole app calls too often.
            (4 | 341, _) => Failure::TooMany { retry_after },
            // The user, the page or this kind of call does.
            (17 | 32 | 613 | 80_000..=80_014, _) => {
                Failure::Error(Error::RateLimited { retry_after })
            }
            (3 | 10 | 200..=299, _) => Failure::Error(Error::Forbidden { reason }),
            (100, 33) | (803, _) => Failure::Error(Error::NotFound),
            (1 | 2, _) => self.lost(),
            _ if self.is_transient || status.is_server_error() => self.lost(),
            _ => Failure::refused(self.number(), reason),
        }
    }

    fn lost(&self) -> Failure {
        Failure::Lost { what: format!("{} (code {})", self.words(), self.number()).into() }
    }

    /// What is meant for users, where there is such a text.
    fn words(&self) -> Box<str> {
        let words = self.error_user_msg.as_deref().unwrap_or(&self.message);
        if words.is_empty() { "no reason given".into() } else { words.into() }
    }

    fn number(&self) -> String {
        match self.error_subcode {
            0 => self.code.to_string(),
            subcode => format!("{}/{subcode}", self.code),
        }
    }
}

/// Whether a parameter was not taken: the code of everything that is wrong with a call's form.
pub(super) fn is_about_a_parameter(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if &**code == "100" || code.starts_with("100/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn means(status: u16, code: i64, subcode: i64) -> Failure {
        let error = json!({ "error": {
            "message": "words", "type": "OAuthException", "code": code, "error_subcode": subcode,
            "fbtrace_id": "A1",
        } });
        let status = StatusCode::from_u16(status).unwrap();
        failure(status, &HeaderMap::new(), error.to_string().as_bytes())
    }

    #[test]
    fn codes_of_dead_tokens_ask_for_another_one() {
        for (code, subcode) in [(190, 0), (190, 463), (190, 467), (102, 0), (104, 463), (10, 467)] {
            let expected = Failure::Unauthorized { reason: "words".into() };
            assert_eq!(means(400, code, subcode), expected, "{code}/{subcode}");
        }
    }

    #[test]
    fn codes_of_missing_permissions_say_so() {
        for code in [3, 10, 200, 210, 283, 299] {
            let expected = Error::Forbidden { reason: "words".into() };
            assert_eq!(means(403, code, 0), Failure::Error(expected), "{code}");
        }
    }

    #[test]
    fn too_many_calls_are_the_apps_or_the_pages() {
        assert_eq!(means(400, 4, 0), Failure::TooMany { retry_after: None });
        for code in [17, 32, 613, 80_001] {
            let expected = Error::RateLimited { retry_after: None };
            assert_eq!(means(400, code, 0), Failure::Error(expected), "{code}");
        }
    }

    #[test]
    fn what_is_temporary_may_have_been_done() {
        for (status, code) in [(500, 1), (503, 2), (400, 2), (500, 100)] {
            let failure = means(status, code, 0);
            assert!(matches!(failure, Failure::Lost { .. }), "{status} {code}: {failure:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(means(400, 100, 33), Failure::Error(Error::NotFound));
        assert_eq!(means(404, 803, 0), Failure::Error(Error::NotFound));
    }

    #[test]
    fn anything_else_is_a_refusal_with_its_code() {
        assert_eq!(means(400, 100, 0), Failure::refused("100", "words"));
        assert_eq!(means(400, 368, 1_390_008), Failure::refused("368/1390008", "words"));
    }

    #[test]
    fn what_is_no_answer_of_graph_goes_by_its_status() {
        let of = |status: u16, body: &[u8]| {
            failure(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body)
        };
        assert!(matches!(of(502, b"<html>"), Failure::Lost { .. }));
        assert!(matches!(of(400, br#"{"error":{"code":"x"}}"#), Failure::Error(_)));
        assert!(matches!(of(429, b""), Failure::TooMany { .. }));
    }

    #[test]
    fn documented_errors_mean_what_is_documented() {
        let errors = include_str!("../../fixtures/facebook/errors.json");
        let errors: Vec<serde_json::Value> = serde_json::from_str(errors).unwrap();
        let meant: Vec<_> = errors
            .iter()
            .map(|error| {
                let status = error["status"].as_u64().unwrap();
                let status = StatusCode::from_u16(status.try_into().unwrap()).unwrap();
                failure(status, &HeaderMap::new(), error["body"].to_string().as_bytes())
            })
            .collect();
        insta::assert_debug_snapshot!(meant);
    }
}
