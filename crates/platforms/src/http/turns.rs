//! Whose turn it is.

use std::fmt;

use futures_util::future::{self, BoxFuture};
use stagedoor_budget::RateLimits;

use crate::{Error, Priority};

/// What a turn is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim<'a> {
    /// What the call is worth.
    pub(crate) priority: Priority,
    /// What it costs.
    pub(crate) cost: u32,
    /// In whose name, if it is an account's: the platform's id of it. Some platforms count each by itself.
    pub(crate) account: Option<&'a str>,
}

/// Where calls come to their turn.
pub(crate) trait Turns: fmt::Debug + Send + Sync {
    /// Waits until the call may be made. Dropping the future gives the place in the queue up.
    ///
    /// # Errors
    /// The call cannot be made, or not soon enough: nothing was sent.
    fn take<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>>;
}

/// What stands behind a permit. To drop it says that the call was cut off: it may arrive, or not.
pub(crate) trait Held: Send {
    /// The call was answered, and this is what the answer says; `too_many` if it was refused for that reason.
    fn answered(self: Box<Self>, limits: &RateLimits, too_many: bool);
}

/// The right to make one call, held until its answer is there.
#[must_use = "a permit that is dropped before the call no longer covers it"]
pub(crate) struct Permit(Option<Box<dyn Held>>);

impl Permit {
    /// One that somebody counts.
    pub(crate) fn new(held: impl Held + 'static) -> Self {
        Self(Some(Box::new(held)))
    }

    /// One that nobody counts any more.
    pub(crate) const fn uncounted() -> Self {
        Self(None)
    }

    /// See [`Held::answered`].
    pub(crate) fn answered(self, limits: &RateLimits, too_many: bool) {
        if let Some(held) = self.0 {
            held.answered(limits, too_many);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").finish_non_exhaustive()
    }
}

/// No limits: it is always everybody's turn.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unlimited;

impl Turns for Unlimited {
    fn take<'a>(&'a self, _: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>> {
        Box::pin(future::ready(Ok(Permit::uncounted())))
    }
}
