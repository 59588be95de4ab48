//! MetricsCollector: how much happened lately, and by the minute for ever.
//!
//! ```text
//! EventProcessor ── EventStored ──▶ MetricsCollector ── at each minute's end ──▶ store: series
//!                                     │    ▲ └── every 5 s at most ──▶ PubSub
//!                                     └────┘ counts again from the store, where memory is not to be trusted:
//!                                            at its start, after a write that failed, for what came late
//! ```
//!
//! The events in the store are the truth; what is counted here is what they would give, sooner. So a crash neither
//! loses anything nor counts it twice.

mod collector;
mod minutes;
mod rolling;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use collector::component;
pub use collector::{MetricsCollector, MetricsMsg, MetricsSnapshot};
pub use rolling::RollingCount;
