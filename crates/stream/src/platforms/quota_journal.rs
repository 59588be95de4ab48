//! The journal of a project's quota, kept in the store.

use futures_util::future::BoxFuture;
use stagedoor_platforms::youtube::{JournalError, QuotaJournal};
use stagedoor_store::{Store, StoreError};

/// What YouTube's quota is counted as in the store.
const NAME: &str = "youtube";

/// Keeps the count of YouTube's quota in the store: a restart does not begin the day anew.
#[derive(Clone, Debug)]
pub struct StoreJournal(Store);

impl StoreJournal {
    /// In this store.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self(store)
    }
}

impl QuotaJournal for StoreJournal {
    fn load<'a>(&'a self, day: &'a str) -> BoxFuture<'a, Result<u64, JournalError>> {
        Box::pin(async move { self.0.quota(NAME, day).await.map_err(|error| failed(&error)) })
    }

    fn record<'a>(&'a self, day: &'a str, units: u64) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(
            async move { self.0.put_quota(NAME, day, units).await.map_err(|error| failed(&error)) },
        )
    }
}

/// Without its causes: they may name what is none of the business of whoever reads it.
fn failed(error: &StoreError) -> JournalError {
    JournalError(error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_house::{lock, store};

    #[tokio::test]
    async fn what_was_spent_is_known_after_a_restart_and_only_on_its_day() {
        let dir = tempfile::tempdir().unwrap();
        let journal = StoreJournal::new(store(&dir).await);
        assert_eq!(journal.load("2026-11-22").await.unwrap(), 0);
        journal.record("2026-11-22", 100).await.unwrap();
        journal.record("2026-11-22", 50).await.unwrap();
        let journal = StoreJournal::new(store(&dir).await);
        assert_eq!(journal.load("2026-11-22").await.unwrap(), 100);
        assert_eq!(journal.load("2026-11-23").await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_store_that_does_not_work_is_told_without_its_causes() {
        let dir = tempfile::tempdir().unwrap();
        let journal = StoreJournal::new(store(&dir).await);
        let locked = lock(&dir).await;
        let error = journal.record("2026-11-22", 1).await.unwrap_err();
        assert_eq!(error.to_string(), "the database does not work now");
        locked.rollback().await.unwrap();
    }
}
