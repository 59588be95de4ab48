//! The supervisor with a list of children.
//!
//! ```text
//! pre_start ── init() ──▶ specification ──▶ children, left to right      (a failure stops those before it)
//! a child exits ──▶ restart by strategy ──▶ too often: stop all, fail    (the parent decides)
//! post_stop ──▶ children, right to left, each within its shutdown time
//! ```
//!
//! ractor kills the children of a failed actor without `post_stop`; so a supervisor that gives up stops them itself
//! before it fails.

mod actor;
mod handle;
mod state;

pub(crate) use actor::{Supervisor, SupervisorArgs};
pub use handle::SupervisorRef;
