//! What Cloudflare allows, and what calls are for.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagedoor_budget::{BudgetConfig, Rank, Reserved};

/// The budget of all calls of an account.
pub type Budget = stagedoor_budget::Budget<Priority>;

/// What was spent of it, and who waits.
pub type BudgetSnapshot = stagedoor_budget::BudgetSnapshot<Priority>;

/// The right to make one call.
pub type Permit = stagedoor_budget::Permit<Priority>;

/// Cloudflare allows 1,200 calls in five minutes for all that is done in the name of one user, and answers one call more
/// with five minutes of 429 for everybody
/// (<https://developers.cloudflare.com/fundamentals/api/reference/limits/>). Of its 200 calls a second and address we take
/// three quarters: other programs may share ours. Polls have 40 % at most.
pub const LIMITS: BudgetConfig = BudgetConfig {
    limit: 1200,
    window: Duration::from_mins(5),
    burst: 150,
    reserved: Reserved(&[20, 25, 15]),
};

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
}

impl Rank for Priority {
    const ALL: &'static [Self] = &Self::ALL;

    fn rank(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Confirm => "confirm",
            Self::Poll => "poll",
        }
    }
}

/// How a call comes to its turn.
#[derive(Debug)]
pub enum Turn {
    /// It waits for it.
    Wait(Priority),
    /// It has it.
    Has(Permit),
}

impl Turn {
    pub(crate) async fn take(self, budget: &Budget) -> Permit {
        match self {
            Self::Wait(priority) => budget.acquire(priority).await,
            Self::Has(permit) => permit,
        }
    }
}

impl From<Priority> for Turn {
    fn from(priority: Priority) -> Self {
        Self::Wait(priority)
    }
}

impl From<Permit> for Turn {
    fn from(permit: Permit) -> Self {
        Self::Has(permit)
    }
}
