//! Where a channel stands now, as its platform tells when it is asked.

use jiff::Timestamp;

use crate::AccountAccess;

/// A channel or broadcast that is looked at.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Whose.
    pub account: AccountAccess,
    /// The platform's id of the broadcast, where it has broadcasts.
    pub broadcast: Option<Box<str>>,
}

/// Where it stands. What the platform does not tell is absent: no number of viewers is not zero viewers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is on air there.
    pub live: bool,
    /// How many watch.
    pub viewers: Option<u32>,
    /// The title.
    pub title: Option<Box<str>>,
    /// The category.
    pub category: Option<Box<str>>,
    /// Since when it is on air.
    pub started_at: Option<Timestamp>,
}
