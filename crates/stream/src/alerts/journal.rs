//! What AlertQueue has decided and the store does not know yet.
//!
//! It belongs to the tree and not to a life of the actor: a life that crashes leaves to the next one what is to be
//! saved and what is on the overlays. So an alert is neither lost nor shown twice, also while the store does not work;
//! and the show never waits for the store.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stagedoor_domain::{AlertId, AlertState, UserId};
use stagedoor_store::{Store, StoreError};

use super::show::{Change, OnScreen};

/// How much may wait to be saved. More is forgotten, oldest first: the store then takes an alert for waiting that is
/// over, and it is too old when it is read again.
const LIMIT: usize = 1_024;

/// How long a failed write waits before it is tried again: doubled each time, up to the longest.
const WRITE_AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

#[derive(Clone, Default)]
pub(super) struct Journal(Arc<Shared>);

#[derive(Default)]
struct Shared {
    inner: Mutex<Inner>,
    /// Held by the one who writes.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Inner {
    unsaved: VecDeque<Change>,
    on_screen: Option<OnScreen>,
}

/// What is saved in one go.
enum Batch {
    One(Change),
    States(Vec<AlertId>, AlertState),
}

impl Journal {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing that is done under this lock can panic halfway.
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is to be saved. Says whether nothing was before.
    pub(super) fn note(&self, change: Change) -> bool {
        let mut inner = self.inner();
        if inner.unsaved.len() >= LIMIT {
            inner.unsaved.pop_front();
        }
        inner.unsaved.push_back(change);
        inner.unsaved.len() == 1
    }

    pub(super) fn set_on_screen(&self, on_screen: Option<&OnScreen>) {
        let old = std::mem::replace(&mut self.inner().on_screen, on_screen.cloned());
        drop(old);
    }

    /// What an earlier life left on the overlays.
    pub(super) fn on_screen(&self) -> Option<OnScreen> {
        self.inner().on_screen.clone()
    }

    pub(super) fn unsaved(&self) -> usize {
        self.inner().unsaved.len()
    }

    /// Whether the queue is paused and muted, as far as that is not saved yet.
    pub(super) fn flags(&self) -> Option<(bool, bool)> {
        self.inner().unsaved.iter().rev().find_map(|change| match change {
            Change::Settings { paused, muted } => Some((*paused, *muted)),
            _ => None,
        })
    }

    /// Saves all of it. Does not return before that is done.
    pub(super) async fn write(&self, store: &Store, user: &UserId) {
        let _writing = self.0.writing.lock().await;
        let mut pause = WRITE_AGAIN.0;
        while let Some((batch, changes)) = self.next_batch() {
            match save(store, user, batch).await {
                Err(error) if error.is_transient() => {
                    tracing::warn!(actor = "AlertQueue", %user, %error, "alerts not saved");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(WRITE_AGAIN.1);
                }
                result => {
                    if let Err(error) = result {
                        tracing::error!(actor = "AlertQueue", %user, %error, "change of alerts lost");
                    }
                    pause = WRITE_AGAIN.0;
                    self.forget(&changes);
                }
            }
        }
    }

    /// The first that is to be saved, together with those after it that go with it.
    fn next_batch(&self) -> Option<(Batch, Vec<Change>)> {
        let inner = self.inner();
        let first = inner.unsaved.front()?;
        let Change::State(_, state) = first else {
            return Some((Batch::One(first.clone()), vec![first.clone()]));
        };
        let same = |change: &&Change| matches!(change, Change::State(_, other) if other == state);
        let changes: Vec<_> = inner.unsaved.iter().take_while(same).cloned().collect();
        let id = |change: &Change| match change {
            Change::State(id, _) => Some(*id),
            _ => None,
        };
        Some((Batch::States(changes.iter().filter_map(id).collect(), *state), changes))
    }

    /// These are saved. Some of them may have been forgotten meanwhile.
    fn forget(&self, changes: &[Change]) {
        let mut inner = self.inner();
        for change in changes {
            if inner.unsaved.front() == Some(change) {
                inner.unsaved.pop_front();
            }
        }
        if inner.unsaved.is_empty() {
            inner.unsaved = VecDeque::new();
        }
    }
}

async fn save(store: &Store, user: &UserId, batch: Batch) -> Result<(), StoreError> {
    match batch {
        Batch::States(ids, state) => store.set_alert_state(user, &ids, state).await,
        Batch::One(Change::State(id, state)) => store.set_alert_state(user, &[id], state).await,
        Batch::One(Change::Insert(alert)) => store.insert_alert(&alert).await,
        Batch::One(Change::Put(alert)) => store.put_alert(&alert).await,
        Batch::One(Change::Settings { paused, muted }) => {
            let mut settings = store.alert_settings(user).await?;
            (settings.paused, settings.muted) = (paused, muted);
            store.put_alert_settings(user, &settings).await
        }
    }
}
