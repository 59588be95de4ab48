use std::{marker::PhantomData, ops::Index, time::Duration};

use crate::{BudgetReport, PriorityReport, Rank};

/// What was spent of a [`Budget`](crate::Budget), and who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetSnapshot<P> {
    /// Calls in a window.
    pub limit: u32,
    /// The window.
    pub window: Duration,
    /// How many of them count now.
    pub used: usize,
    /// How many of these are under way.
    pub in_flight: usize,
    /// What the other side says is left, where it says so.
    pub told_remaining: Option<usize>,
    /// For how long nobody calls because the other side said that there were too many.
    pub blocked_for: Option<Duration>,
    /// How often it said so.
    pub blocks: u64,
    /// How many wait.
    pub waiting: Calls<P>,
    /// How many were made since the start.
    pub granted: Calls<P>,
}

/// Calls by their priority: `calls[priority]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls<P> {
    by_rank: Box<[u64]>,
    priority: PhantomData<P>,
}

impl<P: Rank> Calls<P> {
    /// In the order of [`Rank::ALL`].
    pub(crate) fn of(by_rank: impl IntoIterator<Item = u64>) -> Self {
        Self { by_rank: by_rank.into_iter().collect(), priority: PhantomData }
    }

    /// Of all priorities together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.by_rank.iter().sum()
    }
}

impl<P: Rank> Index<P> for Calls<P> {
    type Output = u64;

    fn index(&self, priority: P) -> &u64 {
        &self.by_rank[priority.rank()]
    }
}

impl<P: Rank> BudgetSnapshot<P> {
    /// The same for whoever does not know the priorities.
    #[must_use]
    pub fn report(&self, name: impl Into<Box<str>>) -> BudgetReport {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let of = |priority: &P| PriorityReport {
            name: priority.name().into(),
            waiting: self.waiting[*priority],
            granted: self.granted[*priority],
        };
        BudgetReport {
            name: name.into(),
            limit: self.limit.into(),
            used: self.used as u64,
            window_ms: millis(self.window),
            blocked_for_ms: self.blocked_for.map(millis),
            priorities: P::ALL.iter().map(of).collect(),
        }
    }
}
