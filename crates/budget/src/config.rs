use std::{fmt::Debug, time::Duration};

/// What calls are worth to a budget.
pub trait Rank: Copy + Debug + Send + Sync + 'static {
    /// All, the greatest first.
    const ALL: &'static [Self];

    /// Its place in [`ALL`](Self::ALL).
    fn rank(self) -> usize;

    /// Its name, for people.
    fn name(self) -> &'static str;
}

/// What a [`Budget`](crate::Budget) allows.
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

/// Shares of both limits, in percent: the first is for the greatest priority alone, the second for the greatest two, and
/// so on. Where there are none, nothing is reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved(pub &'static [u32]);

impl Reserved {
    /// How many of `limit` calls one of this rank must leave. At least one remains for it, or the reserve would be a
    /// lock.
    pub(crate) fn left_by(self, rank: usize, limit: u32) -> usize {
        let percent: u64 = self.0.iter().take(rank).map(|share| u64::from(*share)).sum();
        let left = u64::from(limit).saturating_mul(percent) / 100;
        let left = left.min(u64::from(limit.saturating_sub(1)));
        usize::try_from(left).expect("no more than the limit, which is a u32")
    }
}
