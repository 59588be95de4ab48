//! A user's tree: UserStreamManager and its components.
//!
//! ```text
//! UserStreamManager          one_for_one
//! ├── stream_state           StreamStateServer ── changes ──▶ whoever watches
//! ├── metrics                MetricsCollector ◀─ changes ─┘   started with the first change
//! └── console_logger         ConsoleLogger                    when configured
//! ```
//!
//! A component is a function from the user's context to a child's specification, in a file of its own, and one entry
//! in [`Components::standard`]; a program that embeds the daemon adds its own by [`Components::with`].

mod components;
mod console_logger;
mod metrics;
mod stream_state;
mod user_stream_manager;

#[cfg(test)]
mod tests;

pub use components::{Component, Components, UserContext};
pub use console_logger::{ConsoleLogger, ConsoleLoggerMsg, ConsoleLoggerSnapshot};
pub use metrics::{MetricsCollector, MetricsMsg, MetricsSnapshot, RollingCount};
pub use stream_state::{
    Engagement, MAX_TITLE_CHARS, Statistics, StreamChange, StreamCommandError, StreamStateMsg,
    StreamStateServer, StreamStateSnapshot,
};
pub use user_stream_manager::user_stream_manager;
