//! Which pages may open a socket.
//!
//! Browsers let any page connect to any server and say whose page it is in `Origin`; checking that is the server's
//! part. Other programs send none, and prove themselves by their token alone.

use std::collections::HashSet;

use http::{HeaderMap, Uri, header};
use thiserror::Error;

/// Why a text in the configuration is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not an origin; one looks like \"https://dashboard.example.com\", and \"*\" allows every page"
)]
pub struct OriginError {
    text: String,
}

/// The pages that may open a socket: those of the same host, and those of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    any: bool,
    allowed: HashSet<Origin>,
}

/// Scheme, host and port, in lower case and without the scheme's own port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

// === impl Origins ===

impl Origins {
    pub(crate) fn new(texts: &[String]) -> Result<Self, OriginError> {
        let mut origins = Self::default();
        for text in texts {
            if text == "*" {
                origins.any = true;
            } else {
                let origin = Origin::parse(text);
                origins.allowed.insert(origin.ok_or_else(|| OriginError { text: text.clone() })?);
            }
        }
        Ok(origins)
    }

    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        if self.any {
            return true;
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        // A second one, or one that is not an origin (`null` is what a sandboxed page sends), is nobody's.
        if origins.next().is_some() {
            return false;
        }
        let Some(origin) = origin.to_str().ok().and_then(Origin::parse) else { return false };
        self.allowed.contains(&origin) || origin.is_same_host(headers)
    }
}

// === impl Origin ===

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        if rest.contains(['/', '?', '#', '@']) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let scheme = scheme.to_ascii_lowercase();
        let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        let port = uri.port_u16().filter(|port| Some(*port) != own_port(&scheme));
        Some(Self { scheme, host, port })
    }

    /// Is the page from where the request goes? The scheme cannot be told behind a proxy that ends TLS.
    fn is_same_host(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.and_then(|host| Self::parse(&format!("{}://{host}", self.scheme)))
            .is_some_and(|host| host == *self)
    }
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &[&str], host: &str, origin: Option<&str>) -> bool {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        Origins::new(&allowed).unwrap().allow(&headers)
    }

    #[test]
    fn a_page_of_the_same_host_may_and_one_of_another_may_not() {
        for (host, origin, allowed) in [
            ("127.0.0.1:4000", "http://127.0.0.1:4000", true),
            ("[::1]:4000", "http://[::1]:4000", true),
            ("dash.example.com", "https://dash.example.com", true),
            ("dash.example.com", "https://DASH.example.com:443", true),
            ("dash.example.com:443", "https://dash.example.com", true),
            ("127.0.0.1:4000", "http://127.0.0.1:5173", false),
            ("dash.example.com", "https://evil.example.com", false),
            ("dash.example.com", "https://dash.example.com.evil.org", false),
            ("dash.example.com", "https://evil@dash.example.com", false),
            ("dash.example.com", "https://dash.example.com/", false),
            ("dash.example.com", "dash.example.com", false),
            ("dash.example.com", "null", false),
            ("dash.example.com", "", false),
        ] {
            assert_eq!(allows(&[], host, Some(origin)), allowed, "{origin} at {host}");
        }
    }

    #[test]
    fn a_page_of_the_list_may_with_its_very_scheme_and_port() {
        let list = ["https://app.example.com", "http://localhost:5173"];
        for (origin, allowed) in [
            ("https://app.example.com", true),
            ("https://app.example.com:443", true),
            ("http://localhost:5173", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("http://localhost", false),
        ] {
            assert_eq!(allows(&list, "127.0.0.1:4000", Some(origin)), allowed, "{origin}");
        }
    }

    #[test]
    fn who_is_no_page_may_and_a_star_lets_everybody() {
        assert!(allows(&[], "127.0.0.1:4000", None));
        assert!(allows(&["*"], "127.0.0.1:4000", Some("null")));
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "a.org".parse().unwrap());
        headers.append(header::ORIGIN, "http://a.org".parse().unwrap());
        assert!(Origins::default().allow(&headers));
        headers.append(header::ORIGIN, "http://evil.org".parse().unwrap());
        assert!(!Origins::default().allow(&headers));
    }

    #[test]
    fn what_is_no_origin_is_refused_in_the_configuration() {
        for text in ["example.com", "https://example.com/path", "https://", ""] {
            let error = Origins::new(&[text.to_owned()]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{text:?} is not an origin")));
        }
    }
}
