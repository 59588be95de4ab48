//! What the Tracker gives out: to drop them is to take back.

use std::{fmt, sync::Arc};

use stagedoor_domain::{Page, UserId};

use super::{Inner, shard::SinkId};
use crate::PhxRef;

/// One session's presence. Dropping it is the leave.
#[must_use = "dropping it is the session's leave"]
pub struct SessionGuard {
    inner: Arc<Inner>,
    user: UserId,
    phx_ref: PhxRef,
}

impl SessionGuard {
    pub(super) fn new(inner: Arc<Inner>, user: UserId, phx_ref: PhxRef) -> Self {
        Self { inner, user, phx_ref }
    }

    /// The session shows another page: a leave of the old meta and a join of the new in one diff. The new meta goes to
    /// the end of the user's list, names the old one in `phx_ref_prev`, and keeps `joined_at`.
    pub fn update(&mut self, page: Page) {
        self.phx_ref = self.inner.update(&self.user, self.phx_ref, page);
    }

    /// The meta's reference; another one after each update.
    #[must_use]
    pub fn phx_ref(&self) -> PhxRef {
        self.phx_ref
    }

    /// Whose session it is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.inner.leave(&self.user, self.phx_ref);
    }
}

impl fmt::Debug for SessionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionGuard")
            .field("user", &self.user)
            .field("phx_ref", &self.phx_ref)
            .finish_non_exhaustive()
    }
}

/// A sink's place among those who are told. Dropping it unsubscribes: the sink is not called after that.
#[must_use = "dropping it unsubscribes"]
pub struct Subscription {
    inner: Arc<Inner>,
    id: SinkId,
    scope: Scope,
}

/// Of whom a sink is told.
#[derive(Debug)]
pub(super) enum Scope {
    User(UserId),
    All,
}

impl Subscription {
    pub(super) fn new(inner: Arc<Inner>, id: SinkId, scope: Scope) -> Self {
        Self { inner, id, scope }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.inner.unsubscribe(self.id, &self.scope);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("scope", &self.scope).finish_non_exhaustive()
    }
}
