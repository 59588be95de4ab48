//! What deliveries have told of titles, for those who look at the same channels: so that a change that was delivered is
//! not told a second time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::on_air::About;

/// By account: only those at whom somebody looks.
#[derive(Debug, Default)]
pub(crate) struct Titles(Mutex<HashMap<Box<str>, Told>>);

#[derive(Debug, Default)]
struct Told {
    listeners: usize,
    digest: Option<Box<str>>,
}

/// Somebody looks at an account's channel. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Listener {
    titles: Arc<Titles>,
    account: Box<str>,
}

impl Titles {
    /// A delivery says what a channel's stream is called and about.
    pub(crate) fn tell(&self, account: &str, about: &About) {
        if let Some(told) = self.lock().get_mut(account) {
            told.digest = Some(about.digest());
        }
    }

    pub(crate) fn listen(self: &Arc<Self>, account: &str) -> Listener {
        self.lock().entry(account.into()).or_default().listeners += 1;
        Listener { titles: Arc::clone(self), account: account.into() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Whether a delivery has told this, last of all.
    pub(crate) fn was_told(&self, digest: &str) -> bool {
        let told = self.titles.lock();
        told.get(&self.account).is_some_and(|told| told.digest.as_deref() == Some(digest))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut told = self.titles.lock();
        if let Some(entry) = told.get_mut(&self.account) {
            entry.listeners -= 1;
            if entry.listeners == 0 {
                told.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_known_for_as_long_as_somebody_listens() {
        let about = About { title: Some("Tea".into()), category: None };
        let titles = Arc::new(Titles::default());
        titles.tell("1", &about);
        let listener = titles.listen("1");
        assert!(!listener.was_told(&about.digest()));
        titles.tell("1", &about);
        let other = titles.listen("1");
        drop(listener);
        assert!(other.was_told(&about.digest()));
        drop(other);
        assert!(titles.lock().is_empty());
    }
}
