use std::fmt;

use http::Uri;
use thiserror::Error;

/// Why a text in the configuration is not a web address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not a web address; one looks like \"https://stagedoor.example.com\", without user or fragment"
)]
pub struct WebUrlError {
    text: String,
}

/// A web address: `http://` or `https://`, with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(Box<str>);

impl WebUrl {
    /// Reads one.
    ///
    /// # Errors
    /// When the text is none, or carries a user or a fragment.
    pub fn new(text: &str) -> Result<Self, WebUrlError> {
        let refused = || WebUrlError { text: text.to_owned() };
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        // The parser drops a fragment without a word.
        if !is_web || authority.is_none_or(|it| it.host().is_empty()) || text.contains('#') {
            return Err(refused());
        }
        Ok(Self(text.into()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The path, without the slash at its end.
    pub(crate) fn path(&self) -> &str {
        let after_scheme = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
        path.split('?').next().unwrap_or_default().trim_end_matches('/')
    }

    /// What is below it: `path` begins with a slash.
    pub(crate) fn below(&self, path: &str) -> String {
        let base = self.0.split('?').next().unwrap_or_default();
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// With these parameters besides its own.
    pub(crate) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mark = if self.0.contains('?') { '&' } else { '?' };
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("{}{mark}{}", self.0, query.extend_pairs(parameters).finish())
    }
}

impl Default for WebUrl {
    fn default() -> Self {
        Self("http://127.0.0.1:4000".into())
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_it_is_found_and_parameters_are_added() {
        let url = WebUrl::new("https://example.com/door/").unwrap();
        assert_eq!(url.below("/connect/kick"), "https://example.com/door/connect/kick");
        assert_eq!((url.path(), url.is_https()), ("/door", true));
        assert_eq!(url.with(&[("a", "b c")]), "https://example.com/door/?a=b+c");
        let page = WebUrl::new("http://localhost:3000?tab=1").unwrap();
        assert_eq!(page.with(&[("a", "&")]), "http://localhost:3000?tab=1&a=%26");
        assert_eq!((page.path(), page.is_https()), ("", false));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for text in [
            "",
            "example.com",
            "/x",
            "ftp://x",
            "https://",
            "https://u@x",
            "https://x/#y",
            "http://a b",
        ] {
            assert!(WebUrl::new(text).is_err(), "{text}");
        }
    }
}
