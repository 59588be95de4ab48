//! A request, and whether it is let in.

use std::{borrow::Cow, collections::HashMap, fmt::Write as _};

use aws_lc_rs::hmac;
use http::{HeaderMap, Method, header::AUTHORIZATION};

use super::{Shared, call::segments, wire::Wrong};

/// What is asked, with query and form as one.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    fields: HashMap<String, String>,
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) account: Box<str>,
    pub(super) token: String,
    pub(super) scopes: Vec<Box<str>>,
}

impl Asked {
    pub(super) fn new(method: Method, path: &str, query: &str, body: &str) -> Self {
        let mut fields = HashMap::new();
        for text in [query, body] {
            let pairs = form_urlencoded::parse(text.as_bytes());
            fields.extend(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())));
        }
        Self { method, path: path.to_owned(), fields }
    }

    /// The method, and the path without its version.
    pub(super) fn words(&self) -> Vec<&str> {
        let mut words = vec![self.method.as_str()];
        words.extend(segments(&self.path));
        words
    }

    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// The token, from the header or among the fields, and what proves that we are the app.
    pub(super) fn token<'a>(&'a self, headers: &'a HeaderMap) -> Option<Cow<'a, str>> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = header.and_then(|value| value.strip_prefix("Bearer "));
        self.given("access_token").or(bearer).map(Cow::Borrowed)
    }
}

impl Shared {
    /// Lets in who has a token that holds and the proof for it.
    pub(super) fn let_in(&self, asked: &Asked, headers: &HeaderMap) -> Result<Who, Wrong> {
        let Some(token) = asked.token(headers) else {
            let words = "An access token is required to request this resource.";
            return Err(Wrong(400, 104, 0, words.into()));
        };
        let session = self.provider.whose(&token);
        let Some((account, scopes)) = session.and_then(|s| Some((s.account?, s.scopes))) else {
            let words = "Error validating access token: the session is invalid.";
            return Err(Wrong(400, 190, 467, words.into()));
        };
        if self.config.needs_proof && !self.proves(&token, asked.given("appsecret_proof")) {
            let words = "API calls from the server require an appsecret_proof argument";
            return Err(Wrong(400, 100, 0, words.into()));
        }
        let is_forbidden = {
            let world = self.world();
            world.pages.get(&account).is_some_and(|page| page.app_is_forbidden)
        };
        if is_forbidden {
            let words = "(#10) Application does not have permission for this action";
            return Err(Wrong(403, 10, 0, words.into()));
        }
        Ok(Who { account, token: token.into_owned(), scopes })
    }

    fn proves(&self, token: &str, proof: Option<&str>) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.config.client_secret.as_bytes());
        let tag = hmac::sign(&key, token.as_bytes());
        let mut expected = String::new();
        for byte in tag.as_ref() {
            let _ = write!(expected, "{byte:02x}");
        }
        proof == Some(&expected)
    }
}
