//! One shard: some of the users, under one lock. Everything here runs with that lock held.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use stagedoor_domain::{Page, UserId};

use crate::{Diff, Meta, PhxRef, PresenceSink, PresenceState};

pub(super) type SinkId = u64;

type Sinks = Vec<(SinkId, Arc<dyn PresenceSink>)>;

/// Below this many users a table's spare room is not worth giving back.
pub(super) const SMALL_TABLE: usize = 64;

/// Some of the users, and the sinks of everybody's diffs (each shard holds those anew).
#[derive(Default)]
pub(super) struct Shard {
    users: HashMap<UserId, User>,
    all: Sinks,
}

/// There for a user with a meta or a sink; gone with the last of both.
#[derive(Default)]
pub(super) struct User {
    metas: Vec<Meta>,
    sinks: Sinks,
}

// === impl Shard ===

impl Shard {
    pub(super) fn metas(&self, user: &UserId) -> &[Meta] {
        self.users.get(user).map_or(&[], |entry| &entry.metas)
    }

    /// The users with a meta.
    pub(super) fn present(&self) -> impl Iterator<Item = (&UserId, &[Meta])> {
        self.users
            .iter()
            .filter(|(_, entry)| !entry.metas.is_empty())
            .map(|(user, entry)| (user, entry.metas.as_slice()))
    }

    pub(super) fn snapshot(&self) -> impl Iterator<Item = (UserId, Vec<Meta>)> {
        self.present().map(|(user, metas)| (user.clone(), metas.to_vec()))
    }

    pub(super) fn join(&mut self, user: &UserId, meta: Meta) -> UserId {
        let entry = self.users.entry(user.clone());
        let user = entry.key().clone();
        let entry = entry.or_default();
        push_lean(&mut entry.metas, meta.clone());
        let diff = Diff::new(user, Some(meta), None, entry.metas.len());
        entry.tell(&self.all, &diff);
        diff.user().clone()
    }

    pub(super) fn update(&mut self, user: &UserId, old: PhxRef, page: Page) -> PhxRef {
        let entry = self.users.get_mut(user).expect("a guard's user has an entry");
        let leave = entry.take(old);
        let join = Meta {
            phx_ref: PhxRef::next(),
            phx_ref_prev: Some(old),
            session: leave.session.clone(),
            page,
            joined_at: leave.joined_at,
        };
        let new = join.phx_ref;
        entry.metas.push(join.clone());
        let diff = Diff::new(user.clone(), Some(join), Some(leave), entry.metas.len());
        entry.tell(&self.all, &diff);
        new
    }

    pub(super) fn leave(&mut self, user: &UserId, phx_ref: PhxRef) {
        let entry = self.users.get_mut(user).expect("a guard's user has an entry");
        let leave = entry.take(phx_ref);
        let diff = Diff::new(user.clone(), None, Some(leave), entry.metas.len());
        entry.tell(&self.all, &diff);
        self.forget_if_idle(user);
    }

    pub(super) fn subscribe_user(
        &mut self,
        user: &UserId,
        id: SinkId,
        sink: Arc<dyn PresenceSink>,
    ) -> UserId {
        let entry = self.users.entry(user.clone());
        let user = entry.key().clone();
        let entry = entry.or_default();
        let present = (!entry.metas.is_empty()).then(|| (user.clone(), entry.metas.clone()));
        let state = PresenceState::new(present.into_iter().collect());
        tell(&*sink, |sink| sink.state(&state));
        push_lean(&mut entry.sinks, (id, sink));
        user
    }

    pub(super) fn subscribe_all(&mut self, id: SinkId, sink: Arc<dyn PresenceSink>) {
        self.all.push((id, sink));
    }

    /// Gives the sink back, for the caller to drop without the lock.
    pub(super) fn unsubscribe_user(
        &mut self,
        user: &UserId,
        id: SinkId,
    ) -> Option<Arc<dyn PresenceSink>> {
        let sink = remove(&mut self.users.get_mut(user)?.sinks, id);
        self.forget_if_idle(user);
        sink
    }

    /// Gives the sink back, for the caller to drop without the lock.
    pub(super) fn unsubscribe_all(&mut self, id: SinkId) -> Option<Arc<dyn PresenceSink>> {
        remove(&mut self.all, id)
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.users.len()
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.users.capacity()
    }

    fn forget_if_idle(&mut self, user: &UserId) {
        let Entry::Occupied(entry) = self.users.entry(user.clone()) else { return };
        if !(entry.get().metas.is_empty() && entry.get().sinks.is_empty()) {
            return;
        }
        entry.remove();
        // After a crowd has gone its room goes too; halving keeps the copies rare.
        let (present, room) = (self.users.len(), self.users.capacity());
        if room > SMALL_TABLE && present < room / 4 {
            self.users.shrink_to(room / 2);
        }
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

// === impl User ===

impl User {
    fn take(&mut self, phx_ref: PhxRef) -> Meta {
        let at = self.metas.iter().position(|meta| meta.phx_ref == phx_ref);
        self.metas.remove(at.expect("a guard's meta stays until the guard takes it"))
    }

    fn tell(&self, all: &Sinks, diff: &Diff) {
        for (_, sink) in self.sinks.iter().chain(all) {
            tell(&**sink, |sink| sink.diff(diff));
        }
    }
}

/// Calls foreign code: whatever it does, the shard stays whole and the other sinks are told.
pub(super) fn tell(sink: &dyn PresenceSink, call: impl FnOnce(&dyn PresenceSink)) {
    if catch_unwind(AssertUnwindSafe(|| call(sink))).is_err() {
        tracing::error!("a presence sink panicked");
    }
}

/// Almost every user has one session: the first push takes room for one, not for the usual four.
fn push_lean<T>(list: &mut Vec<T>, item: T) {
    if list.capacity() == 0 {
        list.reserve_exact(1);
    }
    list.push(item);
}

fn remove(sinks: &mut Sinks, id: SinkId) -> Option<Arc<dyn PresenceSink>> {
    let at = sinks.iter().position(|(sink, _)| *sink == id)?;
    Some(sinks.remove(at).1)
}
