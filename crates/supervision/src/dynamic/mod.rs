//! The supervisor of children that come and go, `one_for_one`.
//!
//! ```text
//! start_child ──▶ table: starting ──▶ task: pre_start ──▶ table: running
//! terminate_child ──▶ table: stopping ── asked to stop ──▶ exit ──▶ gone, or started anew
//! ```
//!
//! Commands change the table at once, under its lock, so that whoever looks next sees what has been decided; the work
//! follows. No start and no stop waits for another's: each start is a task of its own, and a stop is over when the
//! child's exit comes.

mod actor;
mod handle;
mod state;

pub use handle::DynamicSupervisorRef;
