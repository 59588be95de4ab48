//! What the token endpoint answers: RFC 6749, sections 5.1 and 5.2, and how platforms take liberties with them.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::Value;

use super::{Grant, GrantError};
use crate::http::{clean, words};

/// The longest token that is taken, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// The most scopes, and the longest one in bytes: what is beyond is left out.
const MAX_SCOPES: usize = 100;
const MAX_SCOPE: usize = 256;

/// The longest that a token is believed to hold.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// The tokens in an answer. Kick writes `expires_in` as a string, and Twitch `scope` as an array.
pub(crate) fn parse_grant(body: &[u8]) -> Option<Grant> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let refresh = match &answer["refresh_token"] {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        other => Some(token(other)?),
    };
    Some(Grant {
        access: token(&answer["access_token"])?,
        refresh,
        expires_in: seconds(&answer["expires_in"]),
        scopes: scopes(&answer["scope"]),
    })
}

/// A token that a header can carry.
fn token(value: &Value) -> Option<SecretString> {
    let text = value.as_str()?;
    let fits = (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned().into())
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_u64()?,
    };
    // Facebook says 0 of a token that does not end.
    (seconds > 0).then(|| Duration::from_secs(seconds).min(LONGEST))
}

fn scopes(value: &Value) -> Vec<Box<str>> {
    let all: Vec<&str> = match value {
        Value::String(text) => text.split([' ', ',']).collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let fitting = all.into_iter().filter(|scope| (1..=MAX_SCOPE).contains(&scope.len()));
    fitting.take(MAX_SCOPES).map(Into::into).collect()
}

/// What a 4xx means. That we are not known, or do not ask properly, is nothing that a user could mend by agreeing again:
/// the grant may hold all the same.
pub(super) fn refusal(status: StatusCode, body: &[u8], sent: &[(&str, &str)]) -> GrantError {
    let answer = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let words = words(body);
    let code = answer["error"].as_str().unwrap_or_default();
    let ours = match code {
        "invalid_grant" | "access_denied" | "invalid_token" => false,
        "invalid_client"
        | "unauthorized_client"
        | "invalid_request"
        | "invalid_scope"
        | "unsupported_grant_type"
        | "server_error"
        | "temporarily_unavailable" => true,
        // Twitch and Facebook have words only: «invalid client secret», «Error validating client secret».
        _ => words.to_lowercase().contains("client"),
    };
    let secrets: Vec<SecretString> = sent
        .iter()
        .filter(|(name, _)| !matches!(*name, "grant_type" | "client_id" | "redirect_uri"))
        .map(|(_, value)| SecretString::from((*value).to_owned()))
        .collect();
    let reason = clean(&words, &secrets.iter().map(Some).collect::<Vec<_>>());
    let is_about_grant = matches!(status.as_u16(), 400 | 401 | 403);
    if is_about_grant && !ours {
        GrantError::Refused { reason }
    } else {
        GrantError::Unavailable { what: format!("HTTP {}: {reason}", status.as_u16()).into() }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn each_platforms_answer_is_read() {
        let answers: [(&str, bool, Option<u64>, &[&str]); 5] = [
            (
                r#"{"access_token":"a","expires_in":14124,"refresh_token":"r","scope":["x","y"]}"#,
                true,
                Some(14124),
                &["x", "y"],
            ),
            (
                r#"{"access_token":"a","expires_in":3599,"scope":"x y","token_type":"Bearer"}"#,
                false,
                Some(3599),
                &["x", "y"],
            ),
            (
                r#"{"access_token":"a","expires_in":"7200","refresh_token":"r","scope":"x y"}"#,
                true,
                Some(7200),
                &["x", "y"],
            ),
            (
                r#"{"access_token":"a","token_type":"bearer","expires_in":5183944}"#,
                false,
                Some(5_183_944),
                &[],
            ),
            (
                r#"{"access_token":"a","refresh_token":null,"expires_in":0,"scope":null}"#,
                false,
                None,
                &[],
            ),
        ];
        for (body, refresh, expires_in, scopes) in answers {
            let grant = parse_grant(body.as_bytes()).expect(body);
            assert_eq!(grant.access.expose_secret(), "a");
            assert_eq!(grant.refresh.is_some(), refresh, "{body}");
            assert_eq!(grant.expires_in, expires_in.map(Duration::from_secs), "{body}");
            assert_eq!(grant.scopes.iter().map(|scope| &**scope).collect::<Vec<_>>(), scopes);
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        let long = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(MAX_TOKEN + 1));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"two words"}"#,
            r#"{"access_token":"a","refresh_token":7}"#,
            &long,
        ] {
            assert!(parse_grant(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_mistake_of_ours_is_not_taken_for_the_end_of_a_grant() {
        let refused = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            matches!(refusal(status, body.as_bytes(), &[]), GrantError::Refused { .. })
        };
        assert!(refused(400, r#"{"status":400,"message":"Invalid refresh token"}"#));
        assert!(refused(401, r#"{"status":401,"message":"Invalid refresh token"}"#));
        assert!(refused(400, r#"{"error":"invalid_grant","error_description":"for this client"}"#));
        assert!(refused(400, r#"{"error":{"message":"The session is over","code":190}}"#));
        assert!(!refused(403, r#"{"status":403,"message":"invalid client secret"}"#));
        assert!(!refused(400, r#"{"status":400,"message":"invalid client"}"#));
        assert!(!refused(401, r#"{"error":"invalid_client"}"#));
        assert!(!refused(
            400,
            r#"{"error":{"message":"Error validating client secret.","code":1}}"#
        ));
        assert!(!refused(404, "<html>"));
    }
}
