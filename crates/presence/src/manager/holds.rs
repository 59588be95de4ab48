use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use stagedoor_domain::UserId;

type Why = dyn Fn(&UserId) -> Option<&'static str> + Send + Sync;
type Users = dyn Fn() -> Vec<UserId> + Send + Sync;

/// Who needs a tree without being present, and why: somebody whose stream is live has gone home, and it goes on.
///
/// It is asked, like the Tracker, whenever a user is looked at. Whoever changes what it answers tells
/// [`PresenceManagerMsg::HoldChanged`](crate::PresenceManagerMsg::HoldChanged) afterwards; a message that finds no
/// manager is not missed, because a manager that starts asks about everybody.
#[derive(Clone)]
pub struct Holds {
    why: Arc<Why>,
    users: Arc<Users>,
}

impl Holds {
    /// `why` says in one word why a user's tree is held, if it is; `users` lists those whose trees are. Both are called
    /// by the manager's actor and must not wait.
    #[must_use]
    pub fn new(
        why: impl Fn(&UserId) -> Option<&'static str> + Send + Sync + 'static,
        users: impl Fn() -> Vec<UserId> + Send + Sync + 'static,
    ) -> Self {
        Self { why: Arc::new(why), users: Arc::new(users) }
    }

    /// Nobody's tree is ever held: exactly those who are present have one.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| None, Vec::new)
    }

    /// Why a user's tree is held, if it is.
    #[must_use]
    pub fn why(&self, user: &UserId) -> Option<&'static str> {
        (self.why)(user)
    }

    /// Those whose trees are held, in no order.
    #[must_use]
    pub fn users(&self) -> Vec<UserId> {
        (self.users)()
    }
}

impl fmt::Debug for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holds").finish_non_exhaustive()
    }
}

/// Whose trees are kept though they are gone, as it was last said: so that it is said once, not with every look.
#[derive(Default)]
pub(super) struct Kept(HashMap<UserId, &'static str>);

impl Kept {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes why a user's tree is kept now, and returns it if that is news.
    pub(super) fn news(
        &mut self,
        user: &UserId,
        why: Option<&'static str>,
    ) -> Option<&'static str> {
        let Some(why) = why else {
            self.0.remove(user);
            return None;
        };
        match self.0.entry(user.clone()) {
            Entry::Occupied(mut said) => (said.insert(why) != why).then_some(why),
            Entry::Vacant(unsaid) => Some(*unsaid.insert(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_said_once_and_again_when_it_changes_or_comes_back() {
        let (ada, bob) = (UserId::new("ada").unwrap(), UserId::new("bob").unwrap());
        let mut kept = Kept::default();
        for (user, why, news) in [
            (&ada, None, None),
            (&ada, Some("live"), Some("live")),
            (&ada, Some("live"), None),
            (&bob, Some("live"), Some("live")),
            (&ada, Some("ending"), Some("ending")),
            (&ada, None, None),
            (&ada, Some("ending"), Some("ending")),
            (&ada, None, None),
            (&bob, None, None),
        ] {
            assert_eq!(kept.news(user, why), news, "{user} {why:?}");
        }
        assert_eq!(kept.len(), 0, "what has ended leaves nothing behind");
    }

    #[test]
    fn none_holds_nobody() {
        let holds = Holds::none();
        assert_eq!(holds.why(&UserId::new("ada").unwrap()), None);
        assert!(holds.users().is_empty());
    }
}
