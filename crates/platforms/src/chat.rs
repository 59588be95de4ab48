//! What is written and what is moderated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A chat message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// What it says. Its length has been checked.
    pub text: Box<str>,
    /// The platform's id of the message that it answers.
    pub reply_to: Option<Box<str>>,
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The platform's id of it: the one by which its echo comes back, if it does.
    pub message_id: Box<str>,
}

/// What a moderator does. Ids are the platform's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ModerationAct {
    /// Deletes one message.
    DeleteMessage {
        /// Which.
        message_id: Box<str>,
    },
    /// Bans a viewer.
    Ban {
        /// Whom.
        viewer_id: Box<str>,
        /// Why, for the platform's records.
        reason: Option<Box<str>>,
    },
    /// Keeps a viewer from writing for a while.
    Timeout {
        /// Whom.
        viewer_id: Box<str>,
        /// For how long.
        duration: Duration,
        /// Why.
        reason: Option<Box<str>>,
    },
    /// Ends a ban or a timeout.
    Unban {
        /// Of whom.
        viewer_id: Box<str>,
        /// The platform's id of the ban, where it was kept: YouTube needs it.
        ban_id: Option<Box<str>>,
    },
}

/// A moderator's act that was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moderated {
    /// The platform's id of the ban: to be kept where there is one, for its end.
    pub ban_id: Option<Box<str>>,
    /// How long the timeout is, where the platform rounds.
    pub duration: Option<Duration>,
}
