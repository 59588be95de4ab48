//! The topics that there are.

use std::fmt;

use stagedoor_domain::{IdError, Page};

const DASHBOARD: &str = "dashboard:";
const USERS_PRESENCE: &str = "users_presence";

/// What a channel is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// `dashboard:<page>`: an open page. Whoever joins is a session of the user.
    Dashboard(Page),
    /// `users_presence`: everybody's presence, for admins.
    UsersPresence,
}

/// Why a text is not a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotATopic {
    Unmatched,
    Page(IdError),
}

impl Topic {
    pub(super) fn parse(text: &str) -> Result<Self, NotATopic> {
        match text.strip_prefix(DASHBOARD) {
            Some(page) => Page::new(page).map(Self::Dashboard).map_err(NotATopic::Page),
            None if text == USERS_PRESENCE => Ok(Self::UsersPresence),
            None => Err(NotATopic::Unmatched),
        }
    }

    /// Its text in two parts, neither of which needs escapes in JSON.
    pub(super) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Dashboard(page) => (DASHBOARD, page.as_str()),
            Self::UsersPresence => (USERS_PRESENCE, ""),
        }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        let (prefix, rest) = self.parts();
        text.strip_prefix(prefix) == Some(rest)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, rest) = self.parts();
        write!(f, "{prefix}{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_the_text_that_it_was_read_from() {
        for text in ["dashboard:home", "dashboard:settings/alerts", "users_presence"] {
            let topic = Topic::parse(text).unwrap();
            assert_eq!(topic.to_string(), text);
            assert!(topic.is(text));
            assert!(!topic.is(&text[1..]) && !topic.is(&format!("{text}s")));
        }
    }

    #[test]
    fn what_is_no_topic_says_why() {
        assert_eq!(Topic::parse("room:1"), Err(NotATopic::Unmatched));
        assert_eq!(Topic::parse("users_presence:x"), Err(NotATopic::Unmatched));
        assert!(matches!(Topic::parse("dashboard:"), Err(NotATopic::Page(IdError::Empty { .. }))));
        assert!(matches!(Topic::parse("dashboard:\""), Err(NotATopic::Page(_))));
    }
}
