//! The state and its rules, without an actor.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::StreamStatus;
use thiserror::Error;

/// The longest title, in characters: the longest that any of the platforms takes.
pub const MAX_TITLE_CHARS: usize = 255;

/// Something that a viewer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engagement {
    /// Wrote in the chat.
    ChatMessage,
    /// Followed.
    Follow,
    /// Subscribed.
    Subscription,
    /// Gave money.
    Donation,
    /// Brought their viewers.
    Raid,
}

/// A change of a stream's state, as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamChange {
    /// It went on air or off.
    Status {
        /// What it is now.
        status: StreamStatus,
    },
    /// It has another title.
    Title {
        /// The new one.
        title: Arc<str>,
    },
    /// The number of viewers is another.
    Viewers {
        /// The new one.
        viewers: u32,
    },
    /// A viewer did something.
    Engaged {
        /// What.
        engagement: Engagement,
    },
}

/// Counts of the stream that is on air, or of the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Viewers now.
    pub viewers: u32,
    /// The most viewers at a time.
    pub peak_viewers: u32,
    /// Messages in the chat.
    pub chat_messages: u64,
    /// New followers.
    pub follows: u64,
    /// New subscriptions.
    pub subscriptions: u64,
    /// Donations.
    pub donations: u64,
    /// Raids.
    pub raids: u64,
}

/// What [`StreamStateServer`](crate::StreamStateServer) shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStateSnapshot {
    /// On air or not.
    pub status: StreamStatus,
    /// The title; empty when none was set.
    pub title: Arc<str>,
    /// When it went on air; kept until the next time.
    pub started_at: Option<Timestamp>,
    /// The counts.
    pub statistics: Statistics,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StreamCommandError {
    /// It is on air already.
    #[error("the stream is already live")]
    AlreadyLive,
    /// It is not on air.
    #[error("the stream is not live")]
    NotLive,
    /// The title is too long.
    #[error("the title has {chars} characters, more than the {MAX_TITLE_CHARS} allowed")]
    TitleTooLong {
        /// Its length.
        chars: usize,
    },
}

/// A command answers the change to publish, or why it was refused. `None`: all is so already.
pub(super) type Outcome = Result<Option<StreamChange>, StreamCommandError>;

impl StreamStateSnapshot {
    /// Goes on air: the counts start over.
    pub(super) fn go_live(&mut self, now: Timestamp) -> Outcome {
        if self.status == StreamStatus::Live {
            return Err(StreamCommandError::AlreadyLive);
        }
        self.status = StreamStatus::Live;
        self.started_at = Some(now);
        self.statistics = Statistics::default();
        Ok(Some(StreamChange::Status { status: self.status }))
    }

    /// Goes off air: the counts stay to be read, but nobody is watching.
    pub(super) fn end(&mut self) -> Outcome {
        if self.status == StreamStatus::Offline {
            return Err(StreamCommandError::NotLive);
        }
        self.status = StreamStatus::Offline;
        self.statistics.viewers = 0;
        Ok(Some(StreamChange::Status { status: self.status }))
    }

    pub(super) fn set_title(&mut self, title: &str) -> Outcome {
        let chars = title.chars().count();
        if chars > MAX_TITLE_CHARS {
            return Err(StreamCommandError::TitleTooLong { chars });
        }
        if *title == *self.title {
            return Ok(None);
        }
        self.title = title.into();
        Ok(Some(StreamChange::Title { title: Arc::clone(&self.title) }))
    }

    /// Ignored off air: platforms report late.
    pub(super) fn set_viewers(&mut self, viewers: u32) -> Option<StreamChange> {
        let statistics = &mut self.statistics;
        if self.status != StreamStatus::Live || statistics.viewers == viewers {
            return None;
        }
        statistics.viewers = viewers;
        statistics.peak_viewers = statistics.peak_viewers.max(viewers);
        Some(StreamChange::Viewers { viewers })
    }

    /// Counts it. Off air, too: people follow and donate at any time.
    pub(super) fn engage(&mut self, engagement: Engagement) -> StreamChange {
        let statistics = &mut self.statistics;
        let count = match engagement {
            Engagement::ChatMessage => &mut statistics.chat_messages,
            Engagement::Follow => &mut statistics.follows,
            Engagement::Subscription => &mut statistics.subscriptions,
            Engagement::Donation => &mut statistics.donations,
            Engagement::Raid => &mut statistics.raids,
        };
        *count += 1;
        StreamChange::Engaged { engagement }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_live_starts_the_counts_over_and_ending_keeps_them() {
        let mut state = StreamStateSnapshot::default();
        state.engage(Engagement::Follow);
        state.go_live(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(state.statistics, Statistics::default());
        assert_eq!(state.started_at, Some(Timestamp::UNIX_EPOCH));
        state.set_viewers(7);
        state.set_viewers(3);
        state.end().unwrap();
        assert_eq!(state.statistics, Statistics { peak_viewers: 7, ..Statistics::default() });
    }

    #[test]
    fn a_command_that_does_not_fit_the_status_is_refused() {
        let mut state = StreamStateSnapshot::default();
        assert_eq!(state.end(), Err(StreamCommandError::NotLive));
        state.go_live(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(state.go_live(Timestamp::UNIX_EPOCH), Err(StreamCommandError::AlreadyLive));
    }

    #[test]
    fn a_title_is_limited_in_characters_not_bytes() {
        let mut state = StreamStateSnapshot::default();
        assert!(state.set_title(&"ü".repeat(MAX_TITLE_CHARS)).unwrap().is_some());
        let refused = state.set_title(&"u".repeat(MAX_TITLE_CHARS + 1));
        assert_eq!(refused, Err(StreamCommandError::TitleTooLong { chars: 256 }));
    }

    #[test]
    fn what_changes_nothing_is_not_published() {
        let mut state = StreamStateSnapshot::default();
        assert_eq!(state.set_title(""), Ok(None));
        assert_eq!(state.set_viewers(5), None, "off air");
    }
}
