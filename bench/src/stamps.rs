//! When something happened to each user, by number.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

/// Not yet. Also no zeros, so that the memory is touched when it is made.
const NEVER: u64 = u64::MAX;

/// One moment a user.
pub(crate) struct Stamps {
    epoch: Instant,
    at: Vec<AtomicU64>,
}

impl Stamps {
    pub(crate) fn new(n: usize) -> Self {
        Self { epoch: Instant::now(), at: (0..n).map(|_| AtomicU64::new(NEVER)).collect() }
    }

    /// Now.
    pub(crate) fn mark(&self, index: usize) {
        let now = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(NEVER);
        self.at[index].store(now, Relaxed);
    }

    /// When, if it has happened.
    pub(crate) fn get(&self, index: usize) -> Option<Instant> {
        match self.at[index].load(Relaxed) {
            NEVER => None,
            nanos => Some(self.epoch + Duration::from_nanos(nanos)),
        }
    }
}
