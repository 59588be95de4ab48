use serde::{Deserialize, Serialize};

/// What a [`Budget`](super::Budget) shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetSnapshot {
    /// Calls in a window.
    pub limit: u32,
    /// The window, in seconds.
    pub window_s: u64,
    /// How many of them count now.
    pub used: usize,
    /// How many of these are under way.
    pub in_flight: usize,
    /// What Cloudflare says is left, where it says so.
    pub told_remaining: Option<usize>,
    /// For how long nobody calls because Cloudflare said that there were too many, in milliseconds.
    pub blocked_for_ms: Option<u64>,
    /// How often it said so.
    pub blocks: u64,
    /// How many wait.
    pub waiting: Calls,
    /// How many were made since the start.
    pub granted: Calls,
}

/// Calls by their priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Stops.
    pub stop: u64,
    /// Starts.
    pub start: u64,
    /// Confirmations.
    pub confirm: u64,
    /// Polls.
    pub poll: u64,
}

impl Calls {
    /// Counts in the order of [`Priority::ALL`](super::Priority::ALL).
    pub(super) const fn of([stop, start, confirm, poll]: [u64; 4]) -> Self {
        Self { stop, start, confirm, poll }
    }
}
