//! See [`crate::fuzzing`].

use reqwest::{StatusCode, header::HeaderValue};
use secrecy::ExposeSecret;

use super::answer::{parse_grant, refusal};

/// An answer of a token endpoint: as tokens, and as a refusal.
///
/// # Panics
/// If what it promises does not hold.
pub fn token_answer(body: &[u8]) {
    if let Some(grant) = parse_grant(body) {
        let token = grant.access.expose_secret();
        assert!(!token.is_empty() && HeaderValue::from_str(token).is_ok(), "a header carries it");
    }
    let refused = refusal(StatusCode::BAD_REQUEST, body, &[("code", "a-code")]).to_string();
    assert!(!refused.contains("a-code") && refused.chars().count() < 400, "{refused}");
}
