//! Calls that all users share: how many are left, and whose turn it is.

mod budget;
mod config;
mod ledger;
mod rate_limits;
mod report;
mod snapshot;

#[cfg(test)]
mod tests;

pub use budget::{Budget, Permit};
pub use config::{BudgetConfig, Rank, Reserved};
pub use rate_limits::{RateLimits, reset_in, retry_after};
pub use report::{BudgetReport, PriorityReport};
pub use snapshot::{BudgetSnapshot, Calls};
