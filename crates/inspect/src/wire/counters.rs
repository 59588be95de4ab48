use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// What [`serve`](crate::serve) counts. A clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct ConnectionCounters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    served: AtomicU64,
    refused: AtomicU64,
}

/// A connection that counts as open until this is dropped.
#[derive(Debug)]
pub(crate) struct Open(Arc<Counts>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

impl ConnectionCounters {
    /// Clients connected now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Clients let in.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.0.served.load(Relaxed)
    }

    /// Clients turned away.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    pub(crate) fn let_in(&self) -> Open {
        self.0.served.fetch_add(1, Relaxed);
        self.0.open.fetch_add(1, Relaxed);
        Open(Arc::clone(&self.0))
    }

    pub(crate) fn turned_away(&self) {
        self.0.refused.fetch_add(1, Relaxed);
    }
}
