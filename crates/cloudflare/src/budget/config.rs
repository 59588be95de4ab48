use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a call is for. Who waits for a greater one waits behind nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Something must stop: a stream that goes on against its streamer's will is the worst that can happen.
    Stop,
    /// Somebody waits for their stream to start.
    Start,
    /// A notification is to be confirmed, or somebody is to have a live input.
    Confirm,
    /// A look whether something has changed.
    Poll,
}

impl Priority {
    /// All, the greatest first.
    pub const ALL: [Self; 4] = [Self::Stop, Self::Start, Self::Confirm, Self::Poll];

    /// Its place in [`ALL`](Self::ALL).
    pub(super) const fn rank(self) -> usize {
        self as usize
    }
}

/// What a [`Budget`](super::Budget) allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetConfig {
    /// Calls in a window.
    pub limit: u32,
    /// The window.
    pub window: Duration,
    /// Calls in a second.
    pub burst: u32,
    /// What lesser calls leave for greater ones.
    pub reserved: Reserved,
}

impl Default for BudgetConfig {
    /// Cloudflare's 1,200 calls in five minutes, and three quarters of its 200 a second and address: other programs
    /// may share ours.
    fn default() -> Self {
        Self {
            limit: 1200,
            window: Duration::from_mins(5),
            burst: 150,
            reserved: Reserved::default(),
        }
    }
}

/// Shares of both limits, in percent, that only calls of this priority and of greater ones may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// For stops.
    pub stop: u32,
    /// For starts and stops.
    pub start: u32,
    /// For confirmations, starts and stops.
    pub confirm: u32,
}

impl Default for Reserved {
    /// Polls have 40 % at most.
    fn default() -> Self {
        Self { stop: 20, start: 25, confirm: 15 }
    }
}

impl Reserved {
    /// How many of `limit` calls one of this priority must leave. At least one remains for it, or the reserve would
    /// be a lock.
    pub(super) fn left_by(self, priority: Priority, limit: u32) -> usize {
        let percent = match priority {
            Priority::Stop => 0,
            Priority::Start => self.stop,
            Priority::Confirm => self.stop.saturating_add(self.start),
            Priority::Poll => self.stop.saturating_add(self.start).saturating_add(self.confirm),
        };
        let left = u64::from(limit) * u64::from(percent) / 100;
        let left = left.min(u64::from(limit.saturating_sub(1)));
        usize::try_from(left).expect("no more than the limit, which is a u32")
    }
}
