//! PresenceManager: whose tree runs.
//!
//! ```text
//! Tracker ── join, leave ──▶ PresenceManager ── request_start, request_stop ──▶ UserSupervisor
//! Holds ──── changed ───────▶   │      ▲
//!                               └ grace timer
//! ```
//!
//! A user needs a tree while present, and while it is held: [`Holds`] says so of those whose streams are live.
//!
//! It keeps nothing that another part knows. Whether a user is present, it asks the Tracker; whether a tree is held, the
//! [`Holds`]; whether one runs, the UserSupervisor's table; its own are the grace timers only. Each event is a reason to look at one user and to do
//! what is missing, so an event that comes late, twice or out of order does no harm, and a crash loses only timers,
//! which the next life arms again. The UserSupervisor decides under its lock and works later, so nothing here waits.

mod actor;
mod decision;
mod grace;
mod holds;
mod state;
#[cfg(test)]
mod tests;

pub use actor::{
    CleanupTimeout, PendingTimer, PresenceManager, PresenceManagerArgs, PresenceManagerMsg,
    PresenceManagerSnapshot, TreeSpec,
};
pub use holds::Holds;
pub use state::PresenceCounters;
