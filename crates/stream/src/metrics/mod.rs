//! MetricsCollector: how much happened lately.

mod collector;
mod rolling;

pub(crate) use collector::component;
pub use collector::{MetricsCollector, MetricsMsg, MetricsSnapshot};
pub use rolling::RollingCount;
