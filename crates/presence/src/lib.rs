//! Who is here, and whose tree runs.
//!
//! ```text
//! gateway ── track ──▶ Tracker ── state, then diffs ──▶ PresenceSink: a user's pages, admins, PresenceManager
//!    └─ SessionGuard ─ drop = leave ─▶
//! ```
//!
//! The [`Tracker`] is the single source of truth for who is present. It knows sessions, not sockets: whoever holds a
//! [`SessionGuard`] is a session, and there is no way to leave but to drop it, so that a dead session cannot stay.
//! The [`PresenceManager`] starts and stops the users' trees by it, and by the [`Holds`] of those who are gone and whose
//! trees are needed all the same.

mod diff;
mod manager;
mod meta;
mod sink;
mod tracker;

pub use diff::{Diff, PresenceState};
pub use manager::{
    CleanupTimeout, Holds, PendingTimer, PresenceCounters, PresenceManager, PresenceManagerArgs,
    PresenceManagerMsg, PresenceManagerSnapshot, TreeSpec,
};
pub use meta::{Meta, PhxRef};
pub use sink::PresenceSink;
pub use tracker::{SessionGuard, Subscription, TrackError, Tracker, TrackerLimits};
