//! Ids: short texts with limits, cheap to clone, checked when they are made.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// The longest [`UserId`] and [`SessionId`], in bytes. Room for a UUID, an e-mail address, a provider's `auth0|…`.
pub const MAX_ID_BYTES: usize = 128;

/// The longest [`Page`], in bytes.
pub const MAX_PAGE_BYTES: usize = 64;

/// The longest [`DestinationId`], in bytes.
pub const MAX_DESTINATION_ID_BYTES: usize = 32;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// What the text was to become.
        what: &'static str,
    },
    /// The text is too long.
    #[error("{what} has {bytes} bytes, more than the {limit} allowed")]
    TooLong {
        /// What the text was to become.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The text has a character that ids do not have.
    #[error("{what} has the character {character:?} at byte {at}; allowed are {allowed}")]
    Character {
        /// What the text was to become.
        what: &'static str,
        /// The offending character.
        character: char,
        /// Its offset in bytes.
        at: usize,
        /// What is allowed, for people.
        allowed: &'static str,
    },
    /// The text is `.` or `..`, which a URL path would swallow.
    #[error("{what} consists of dots only, which a URL path cannot carry")]
    Dots {
        /// What the text was to become.
        what: &'static str,
    },
}

struct Rule {
    what: &'static str,
    limit: usize,
    allowed: &'static str,
    allows: fn(char) -> bool,
}

impl Rule {
    fn check(&self, text: &str) -> Result<(), IdError> {
        let what = self.what;
        if text.is_empty() {
            return Err(IdError::Empty { what });
        }
        if text.len() > self.limit {
            return Err(IdError::TooLong { what, bytes: text.len(), limit: self.limit });
        }
        if let Some((at, character)) = text.char_indices().find(|(_, c)| !(self.allows)(*c)) {
            return Err(IdError::Character { what, character, at, allowed: self.allowed });
        }
        if text.bytes().all(|byte| byte == b'.') {
            return Err(IdError::Dots { what });
        }
        Ok(())
    }
}

/// The characters of user and session ids: everything that identity providers use, nothing that a path, a log line or
/// a terminal would trip over. `/` in particular joins ids to paths.
const ID_CHARACTERS: &str = "ASCII letters, digits and - _ . : @ | + =";

fn is_id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.:@|+=".contains(c)
}

const USER_ID: Rule =
    Rule { what: "user id", limit: MAX_ID_BYTES, allowed: ID_CHARACTERS, allows: is_id_character };

const SESSION_ID: Rule = Rule {
    what: "session id",
    limit: MAX_ID_BYTES,
    allowed: ID_CHARACTERS,
    allows: is_id_character,
};

const DESTINATION_ID: Rule = Rule {
    what: "destination id",
    limit: MAX_DESTINATION_ID_BYTES,
    allowed: "lower-case ASCII letters, digits and - _",
    allows: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c),
};

const PAGE: Rule = Rule {
    what: "page",
    limit: MAX_PAGE_BYTES,
    allowed: "lower-case ASCII letters, digits and - _ /",
    allows: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_/".contains(c),
};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and takes it.
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                let text = text.as_ref();
                $rule.check(text)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, shared: a clone costs no allocation.
            #[must_use]
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().into()
            }
        }
    };
}

id! {
    /// Whose tree it is: the `sub` of a session's token.
    UserId, USER_ID
}

id! {
    /// One open page: a tab's channel or a backend's lease.
    SessionId, SESSION_ID
}

id! {
    /// The dashboard page that a session shows: `home`, `stream`, `settings/alerts`.
    Page, PAGE
}

id! {
    /// A place to which a user streams, by the name that the user gave it: `twitch`, `my-server`. Unique per user.
    DestinationId, DESTINATION_ID
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_usual_identity_providers_are_taken() {
        for id in [
            "ada",
            "0192f0c1-7d3a-7c4e-9d1b-1f2e3d4c5b6a",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "__proto__",
        ] {
            assert_eq!(UserId::new(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn what_a_path_a_log_or_a_terminal_would_trip_over_is_refused_with_its_place() {
        let error = UserId::new("ada/../root").unwrap_err();
        assert_eq!(
            error.to_string(),
            "user id has the character '/' at byte 3; allowed are ASCII letters, digits and - _ . : @ | + ="
        );
        for bad in ["", "..", "a b", "a\n", "\u{1b}[31m", "ü", "a\0"] {
            assert!(UserId::new(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn the_limit_is_exact() {
        assert!(UserId::new("x".repeat(MAX_ID_BYTES)).is_ok());
        assert_eq!(
            UserId::new("x".repeat(MAX_ID_BYTES + 1)),
            Err(IdError::TooLong { what: "user id", bytes: 129, limit: 128 })
        );
    }

    #[test]
    fn pages_may_have_levels_and_no_upper_case() {
        assert!(Page::new("settings/alerts").is_ok());
        assert!(Page::new("Home").is_err());
    }
}
