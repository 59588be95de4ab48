//! The Tracker: sessions in, diffs out.
//!
//! ```text
//! track(user) ─▶ shard of the user (1 of 64) ─ lock ─▶ metas + 1 ─▶ Diff ─▶ the user's sinks, the sinks of everybody
//! drop(guard) ─▶           "                   "       metas − 1 ─▶  "
//! ```
//!
//! A user's metas, their sinks and the order of their diffs are all under the one lock of their shard, which is held
//! for the change and the calls of the sinks: that is what makes diffs ordered and exactly once without a queue.

mod handles;
mod shard;

#[cfg(test)]
mod tests;

use std::{
    array,
    hash::{BuildHasher, RandomState},
    iter,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use stagedoor_domain::{Page, SessionId, UserId};
use thiserror::Error;

pub use self::handles::{SessionGuard, Subscription};
use self::{
    handles::Scope,
    shard::{Shard, SinkId},
};
use crate::{Meta, PhxRef, PresenceSink, PresenceState};

const SHARDS: usize = 64;

/// How many the Tracker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackerLimits {
    /// Sessions of one user at a time.
    pub sessions_per_user: usize,
    /// Users present at a time.
    pub users: usize,
}

/// Why a session was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrackError {
    /// The user has as many sessions as one may have.
    #[error("the user already has {limit} sessions, the most that one may have")]
    TooManySessions {
        /// [`TrackerLimits::sessions_per_user`].
        limit: usize,
    },
    /// As many users are present as may be; the sessions of those who are present are not touched by this.
    #[error("{limit} users are already present, the most that this server takes")]
    TooManyUsers {
        /// [`TrackerLimits::users`].
        limit: usize,
    },
}

/// Who is here: the single source of truth, with the meaning of Phoenix.Presence.
///
/// A user is present while they have a session; each session is one [`Meta`]. Cheap to clone: all clones are the same
/// Tracker. Every function is short and synchronous.
#[derive(Clone, Debug)]
pub struct Tracker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limits: TrackerLimits,
    /// Chooses the shard. Random, so that nobody can aim ids at one shard, and not the maps' own, so that the users
    /// of one shard spread over its map.
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    users: AtomicUsize,
    sessions: AtomicUsize,
    last_sink: AtomicU64,
}

// === impl Tracker ===

impl Tracker {
    /// With nobody present.
    #[must_use]
    pub fn new(limits: TrackerLimits) -> Self {
        Self {
            inner: Arc::new(Inner {
                limits,
                hasher: RandomState::new(),
                shards: array::from_fn(|_| Mutex::default()),
                users: AtomicUsize::new(0),
                sessions: AtomicUsize::new(0),
                last_sink: AtomicU64::new(0),
            }),
        }
    }

    /// A session of `user` has come. It goes when the guard is dropped.
    ///
    /// One session id may be tracked several times; each is a meta of its own.
    ///
    /// # Errors
    ///
    /// When the user has, or the server holds, as many as the limits allow. Nothing has changed then.
    pub fn track(
        &self,
        user: &UserId,
        session: SessionId,
        page: Page,
    ) -> Result<SessionGuard, TrackError> {
        let meta = Meta {
            phx_ref: PhxRef::next(),
            phx_ref_prev: None,
            session,
            page,
            joined_at: now_in_milliseconds(),
        };
        let phx_ref = meta.phx_ref;
        let user = self.inner.join(user, meta)?;
        Ok(SessionGuard::new(Arc::clone(&self.inner), user, phx_ref))
    }

    /// How many sessions the user has.
    #[must_use]
    pub fn session_count(&self, user: &UserId) -> usize {
        self.inner.shard_of(user).metas(user).len()
    }

    /// Has the user a session?
    #[must_use]
    pub fn is_present(&self, user: &UserId) -> bool {
        self.session_count(user) > 0
    }

    /// How many users are present.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.inner.users.load(Ordering::Relaxed)
    }

    /// How many sessions all users have together.
    #[must_use]
    pub fn total_sessions(&self) -> usize {
        self.inner.sessions.load(Ordering::Relaxed)
    }

    /// The user's metas, oldest first; empty for a user who is not present.
    #[must_use]
    pub fn metas(&self, user: &UserId) -> Vec<Meta> {
        self.inner.shard_of(user).metas(user).to_vec()
    }

    /// The users present, sorted by id. Shard after shard: each user's presence is exact, all of them together need not
    /// have been so at one moment.
    #[must_use]
    pub fn users(&self) -> Vec<UserId> {
        let mut users = Vec::with_capacity(self.user_count());
        for shard in &self.inner.shards {
            users.extend(lock(shard).present().map(|(user, _)| user.clone()));
        }
        users.sort_unstable();
        users
    }

    /// Everybody present with their metas, sorted by id. As exact as [`users`](Self::users).
    #[must_use]
    pub fn list(&self) -> PresenceState {
        let mut users = Vec::with_capacity(self.user_count());
        for shard in &self.inner.shards {
            users.extend(lock(shard).snapshot());
        }
        users.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        PresenceState::new(users)
    }

    /// Tells `sink` the user's state now (empty if they are not present) and their diffs from now on.
    #[must_use = "dropping it unsubscribes"]
    pub fn subscribe_user(&self, user: &UserId, sink: Arc<dyn PresenceSink>) -> Subscription {
        let id = self.inner.next_sink();
        let user = self.inner.shard_of(user).subscribe_user(user, id, sink);
        Subscription::new(Arc::clone(&self.inner), id, Scope::User(user))
    }

    /// Tells `sink` everybody's state now, in no particular order, and all diffs from now on. The state is that of one
    /// moment: nobody can come or go while it is taken.
    #[must_use = "dropping it unsubscribes"]
    pub fn subscribe_all(&self, sink: Arc<dyn PresenceSink>) -> Subscription {
        let id = self.inner.next_sink();
        // Always in this order, and nobody else takes more than one: no two can wait for each other.
        let mut shards: Vec<MutexGuard<'_, Shard>> = self.inner.shards.iter().map(lock).collect();
        let state = PresenceState::new(shards.iter().flat_map(|shard| shard.snapshot()).collect());
        shard::tell(&*sink, |sink| sink.state(&state));
        for (shard, sink) in shards.iter_mut().zip(iter::repeat_n(sink, SHARDS)) {
            shard.subscribe_all(id, sink);
        }
        drop(shards);
        Subscription::new(Arc::clone(&self.inner), id, Scope::All)
    }
}

// === impl Inner ===

impl Inner {
    fn shard_of(&self, user: &UserId) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(user);
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
        let index = (hash % SHARDS as u64) as usize;
        lock(&self.shards[index])
    }

    fn next_sink(&self) -> SinkId {
        self.last_sink.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Gives the id back as the entry holds it, so that all of a user's guards share one text.
    fn join(&self, user: &UserId, meta: Meta) -> Result<UserId, TrackError> {
        let mut shard = self.shard_of(user);
        let sessions = shard.metas(user).len();
        if sessions >= self.limits.sessions_per_user {
            return Err(TrackError::TooManySessions { limit: self.limits.sessions_per_user });
        }
        if sessions == 0 {
            self.admit_user()?;
        }
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Ok(shard.join(user, meta))
    }

    fn admit_user(&self) -> Result<(), TrackError> {
        let limit = self.limits.users;
        self.users
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |users| {
                (users < limit).then_some(users + 1)
            })
            .map(drop)
            .map_err(|_| TrackError::TooManyUsers { limit })
    }

    fn update(&self, user: &UserId, phx_ref: PhxRef, page: Page) -> PhxRef {
        self.shard_of(user).update(user, phx_ref, page)
    }

    fn leave(&self, user: &UserId, phx_ref: PhxRef) {
        let mut shard = self.shard_of(user);
        // Counted under the lock: whoever is told of the leave finds room.
        self.sessions.fetch_sub(1, Ordering::Relaxed);
        if shard.metas(user).len() == 1 {
            self.users.fetch_sub(1, Ordering::Relaxed);
        }
        shard.leave(user, phx_ref);
    }

    fn unsubscribe(&self, id: SinkId, scope: &Scope) {
        match scope {
            Scope::User(user) => {
                let sink = self.shard_of(user).unsubscribe_user(user, id);
                // Outside the lock: the last owner's `drop` is the sink's own code.
                drop(sink);
            }
            Scope::All => {
                for shard in &self.shards {
                    let sink = lock(shard).unsubscribe_all(id);
                    drop(sink);
                }
            }
        }
    }
}

fn now_in_milliseconds() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond())
        .expect("the clock's time is in range, and so is its start")
}

/// A sink's panic is caught before it reaches the guard, so a poisoned lock still guards a whole shard.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
