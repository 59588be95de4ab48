//! Addresses of APIs.

use reqwest::Url;

use crate::BuildError;

/// A base address, from a configuration.
///
/// # Errors
/// It is not http or https, or has a query.
pub(crate) fn base(text: &str) -> Result<Url, BuildError> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
    });
    url.ok_or_else(|| BuildError::BaseUrl { url: text.into() })
}

/// An address below another one. What the segments contain stays in them.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(segments);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_stays_in_its_segment() {
        let base = base("https://api.example/v1/").unwrap();
        let url = below(&base, &["chat", "../../token?x=y#z"]);
        assert_eq!(url.as_str(), "https://api.example/v1/chat/..%2F..%2Ftoken%3Fx=y%23z");
    }

    #[test]
    fn only_addresses_of_apis_are_taken() {
        for wrong in ["", "api.example", "ftp://api.example", "https://api.example/?x=y"] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }
}
