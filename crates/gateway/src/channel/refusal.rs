//! Why the server says no, in words that programs may compare.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Serialize, Serializer};
use stagedoor_domain::IdError;
use stagedoor_presence::TrackError;

/// The `reason` of an `error` reply. Stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no such topic, or it is not joined.
    UnmatchedTopic,
    /// What follows `dashboard:` is not a page.
    BadPage,
    /// Not for this role.
    Unauthorized,
    /// The connection has as many channels as one may have.
    TooManyChannels,
    /// The user has as many sessions as one may have.
    TooManySessions,
    /// As many users are present as may be.
    TooManyUsers,
    /// The server shuts down and takes no more sessions.
    ShuttingDown,
    /// The channel knows no such event.
    UnknownEvent,
    /// Messages are text.
    Binary,
    /// The presence of the session was refused for a reason that has no word here.
    Refused,
}

impl Reason {
    const COUNT: usize = Self::ALL.len();

    const ALL: [Self; 10] = [
        Self::UnmatchedTopic,
        Self::BadPage,
        Self::Unauthorized,
        Self::TooManyChannels,
        Self::TooManySessions,
        Self::TooManyUsers,
        Self::ShuttingDown,
        Self::UnknownEvent,
        Self::Binary,
        Self::Refused,
    ];

    /// The text on the wire. Phoenix's own where it has one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnmatchedTopic => "unmatched topic",
            Self::BadPage => "bad page",
            Self::Unauthorized => "unauthorized",
            Self::TooManyChannels => "too many channels joined",
            Self::TooManySessions => "too many sessions",
            Self::TooManyUsers => "too many users",
            Self::ShuttingDown => "shutting down",
            Self::UnknownEvent => "unknown event",
            Self::Binary => "binary messages are not supported",
            Self::Refused => "refused",
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The `response` of an `error` reply.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// What is wrong here and now, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, message: None }
    }
}

impl From<IdError> for Refusal {
    fn from(error: IdError) -> Self {
        Self { reason: Reason::BadPage, message: Some(error.to_string()) }
    }
}

impl From<TrackError> for Refusal {
    fn from(error: TrackError) -> Self {
        let reason = match error {
            TrackError::TooManySessions { .. } => Reason::TooManySessions,
            TrackError::TooManyUsers { .. } => Reason::TooManyUsers,
            _ => Reason::Refused,
        };
        Self { reason, message: Some(error.to_string()) }
    }
}

/// What channels have done since the start. Plain numbers that only grow, for `/metrics`.
#[derive(Debug, Default)]
pub struct ChannelCounters {
    /// Channels joined.
    pub joins: AtomicU64,
    /// Commands that were carried out.
    pub commands_done: AtomicU64,
    /// Commands that were refused.
    pub commands_refused: AtomicU64,
    refused: [AtomicU64; Reason::COUNT],
}

impl ChannelCounters {
    /// How often was answered with `error`, by reason: joins and other requests.
    pub fn refused(&self) -> impl Iterator<Item = (Reason, u64)> {
        let counts = self.refused.iter().map(|count| count.load(Ordering::Relaxed));
        Reason::ALL.into_iter().zip(counts)
    }

    pub(super) fn count_refused(&self, reason: Reason) {
        self.refused[reason as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_at_its_own_place() {
        let counters = ChannelCounters::default();
        for reason in Reason::ALL {
            counters.count_refused(reason);
        }
        for (at, (reason, count)) in counters.refused().enumerate() {
            assert_eq!((reason as usize, count), (at, 1), "{reason:?}");
        }
    }
}
