//! Calls that all users share: how many are left, and whose turn it is.

mod report;

pub use report::{BudgetReport, PriorityReport};
