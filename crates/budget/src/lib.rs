//! Calls that all users share: how many are left, and whose turn it is.

mod rate_limits;
mod report;

pub use rate_limits::{RateLimits, reset_in, retry_after};
pub use report::{BudgetReport, PriorityReport};
