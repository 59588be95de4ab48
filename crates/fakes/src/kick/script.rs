//! What goes wrong with deliveries.

use std::{collections::VecDeque, time::Duration};

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mischief {
    /// It comes twice, and the second time is no sooner for having been acknowledged the first time.
    Duplicate,
    /// It comes twice, under two ids.
    Twin,
    /// It comes so much later.
    Delay(Duration),
    /// It comes after the next one of its channel.
    Reorder,
    /// It never comes.
    Lose,
    /// One with another signature comes before it.
    BadSignature,
    /// One with a byte of its body changed comes before it.
    ChangedByte,
    /// One whose key is not Kick's comes before it.
    WrongKey,
}

/// Everything at random, but the same at each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// What the randomness begins with.
    pub seed: u64,
    /// How many of a hundred deliveries come twice.
    pub duplicates: u8,
    /// How many of a hundred come late.
    pub delays: u8,
    /// How late at most.
    pub delay: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    planned: VecDeque<Mischief>,
    chaos: Option<(Chaos, Dice)>,
}

impl Script {
    pub(crate) fn plan(&mut self, mischief: Mischief, times: usize) {
        self.planned.extend(std::iter::repeat_n(mischief, times));
    }

    pub(crate) fn set_chaos(&mut self, chaos: Option<Chaos>) {
        self.chaos = chaos.map(|chaos| (chaos, Dice(chaos.seed)));
    }

    /// What becomes of the next delivery.
    pub(crate) fn next(&mut self) -> Option<Mischief> {
        if let Some(mischief) = self.planned.pop_front() {
            return Some(mischief);
        }
        let (chaos, dice) = self.chaos.as_mut()?;
        let roll = dice.below(100);
        if roll < u64::from(chaos.duplicates) {
            return Some(Mischief::Duplicate);
        }
        let is_late = roll < u64::from(chaos.duplicates) + u64::from(chaos.delays);
        let most = chaos.delay.as_millis().try_into().unwrap_or(u64::MAX);
        is_late.then(|| Mischief::Delay(Duration::from_millis(dice.below(most.max(1)))))
    }
}

/// Numbers that look like chance, and are the same each time (`SplitMix64`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    pub(crate) fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let length = list.len().try_into().expect("a list has fewer than 2^64 entries");
        let at = self.below(length);
        &list[usize::try_from(at).expect("it is below the list's length")]
    }
}
