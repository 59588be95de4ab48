use std::fmt;

use futures_util::future::{self, BoxFuture};
use thiserror::Error;

/// Where the count of a day's units outlives the process.
pub trait QuotaJournal: Send + Sync + 'static {
    /// How many units were recorded of this day: `2026-11-22`. None were of one that is not known.
    fn load<'a>(&'a self, day: &'a str) -> BoxFuture<'a, Result<u64, JournalError>>;

    /// So many units of this day are spent, or soon will be. It is durable when this is done; of two numbers of a day
    /// the greater one stays.
    fn record<'a>(&'a self, day: &'a str, units: u64) -> BoxFuture<'a, Result<(), JournalError>>;
}

/// The journal failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct JournalError(
    /// Why, for people.
    pub Box<str>,
);

/// A journal that remembers nothing: a restart begins the day anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl QuotaJournal for NoJournal {
    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<u64, JournalError>> {
        Box::pin(future::ready(Ok(0)))
    }

    fn record<'a>(&'a self, _: &'a str, _: u64) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(future::ready(Ok(())))
    }
}

impl fmt::Debug for dyn QuotaJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaJournal").finish_non_exhaustive()
    }
}
