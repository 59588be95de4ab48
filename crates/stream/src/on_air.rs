//! Who is on air: the one place that knows it, for the whole process.
//!
//! ```text
//! store, at the daemon's start ──▶ OnAir ◀── StreamStateServer, at each change
//!                                    ├──▶ EventProcessor: during which livestream did it happen?
//!                                    └──▶ PresenceManager: may the tree be stopped?
//! ```
//!
//! It outlives trees: a user whose tree is between two lives is still on air.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use stagedoor_domain::{Livestream, LivestreamId, StreamStatus, UserId};

/// A user's livestream that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnAirEntry {
    /// Which.
    pub livestream: LivestreamId,
    /// Where it stands.
    pub status: StreamStatus,
}

/// Who is on air. A clone costs a reference count.
#[derive(Clone, Default)]
pub struct OnAir(Arc<Inner>);

type OnChange = Box<dyn Fn(&UserId) + Send + Sync>;

#[derive(Default)]
struct Inner {
    entries: Mutex<HashMap<UserId, OnAirEntry>>,
    on_change: OnceLock<OnChange>,
}

impl OnAir {
    /// Those whose livestreams had not ended when the daemon did.
    #[must_use]
    pub fn restored<'livestream>(open: impl IntoIterator<Item = &'livestream Livestream>) -> Self {
        let entry = |stream: &Livestream| {
            (stream.user.clone(), OnAirEntry { livestream: stream.id, status: stream.status })
        };
        let entries = Mutex::new(open.into_iter().map(entry).collect());
        Self(Arc::new(Inner { entries, on_change: OnceLock::new() }))
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<UserId, OnAirEntry>> {
        // Nothing here can panic between two states of the table.
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user's livestream, if there is one.
    #[must_use]
    pub fn get(&self, user: &UserId) -> Option<OnAirEntry> {
        self.entries().get(user).copied()
    }

    /// Everybody who is on air, in any order.
    #[must_use]
    pub fn users(&self) -> Vec<UserId> {
        self.entries().keys().cloned().collect()
    }

    /// Has `hear` called after each change, with the user whom it concerns. There is one listener; a second one is
    /// ignored.
    pub fn on_change(&self, hear: impl Fn(&UserId) + Send + Sync + 'static) {
        let _ = self.0.on_change.set(Box::new(hear));
    }

    /// The user's livestream is this, or none.
    pub(crate) fn set(&self, user: &UserId, entry: Option<OnAirEntry>) {
        let changed = {
            let mut entries = self.entries();
            let before = match entry {
                Some(entry) => entries.insert(user.clone(), entry),
                None => entries.remove(user),
            };
            before != entry
        };
        if changed && let Some(hear) = self.0.on_change.get() {
            hear(user);
        }
    }
}

impl fmt::Debug for OnAir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnAir").field(&self.users()).finish()
    }
}
