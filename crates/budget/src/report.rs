//! What a budget shows of itself.

use serde::{Deserialize, Serialize};

/// What was spent of a budget, and who waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// What it is called: `cloudflare`, `twitch app`, `youtube quota`.
    pub name: Box<str>,
    /// How much there is in a window.
    pub limit: u64,
    /// How much of it is spent.
    pub used: u64,
    /// The window, in milliseconds.
    pub window_ms: u64,
    /// For how long nothing is allowed, in milliseconds, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub blocked_for_ms: Option<u64>,
    /// By priority, the greatest first.
    pub priorities: Vec<PriorityReport>,
}

/// The same of one priority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityReport {
    /// Its name.
    pub name: Box<str>,
    /// How many wait for their turn.
    pub waiting: u64,
    /// How many calls were allowed since the daemon started.
    pub granted: u64,
}
