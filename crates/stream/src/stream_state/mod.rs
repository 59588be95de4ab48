//! StreamStateServer: what a user's stream is doing now.
//!
//! ```text
//! commands ──▶ StreamStateServer ── StreamChange ──▶ MetricsCollector
//!                      └──────────── StreamChange ──▶ watchers (a broadcast, made for the first of them)
//! ```

mod server;
mod state;

pub(crate) use server::component;
pub use server::{StreamStateMsg, StreamStateServer};
pub use state::{
    Engagement, MAX_TITLE_CHARS, Statistics, StreamChange, StreamCommandError, StreamStateSnapshot,
};
