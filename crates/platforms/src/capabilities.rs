//! What a platform can do.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a platform can do, and within which limits. What is none or false is answered by
/// [`Error::Unsupported`](crate::Error::Unsupported).
#[expect(clippy::struct_excessive_bools, reason = "each holds independently of the others")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Capabilities {
    /// How its chat and events reach us.
    pub chat: ChatSource,
    /// There is something to connect to only while a broadcast is under way.
    pub needs_broadcast: bool,
    /// What of the time without a connection comes after it.
    pub replay: Replay,
    /// The longest chat message that may be sent, in characters.
    pub send_chars: Option<usize>,
    /// A message may answer another one.
    pub reply: bool,
    /// One message can be deleted.
    pub delete_message: bool,
    /// A viewer can be banned and unbanned.
    pub ban: bool,
    /// A viewer can be kept from writing for a while: in these units.
    pub timeout: Option<TimeoutUnit>,
    /// The title can be changed.
    pub title: bool,
    /// The description can be changed.
    pub description: bool,
    /// The category can be changed.
    pub category: bool,
    /// Tags can be changed.
    pub tags: bool,
    /// It has broadcasts, which are made for a livestream and end with it; otherwise a channel is simply streamed to.
    pub broadcasts: bool,
    /// How many viewers there are can be asked, for so many accounts in one call.
    pub viewers_batch: Option<usize>,
    /// How often its tokens are to be validated, where that is a rule of the platform.
    #[serde(skip)]
    pub validate_every: Option<Duration>,
}

/// How a platform's chat and events reach us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatSource {
    /// By a connection that is held.
    Push,
    /// By its webhooks.
    Webhook,
    /// By asking again and again.
    Poll,
}

/// What of the time without a connection comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// All of it, while the place where reading stopped is known.
    Full,
    /// Nothing: what happened in between is missing.
    None,
    /// The platform sends it again by itself, until it is acknowledged.
    Redelivered,
}

/// In which units a platform counts a timeout. Others are rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeoutUnit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
}

/// Something that may be asked of a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// To send a chat message.
    SendChat,
    /// To answer one.
    Reply,
    /// To delete a message.
    DeleteMessage,
    /// To ban a viewer.
    Ban,
    /// To keep a viewer from writing for a while.
    Timeout,
    /// To unban a viewer.
    Unban,
    /// To change title, category or tags.
    UpdateMetadata,
    /// To find a category.
    SearchCategories,
    /// To begin a broadcast.
    StartBroadcast,
    /// To end one.
    EndBroadcast,
    /// To tell how many watch.
    Viewers,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendChat => "sending chat messages",
            Self::Reply => "answering a chat message",
            Self::DeleteMessage => "deleting a chat message",
            Self::Ban => "banning",
            Self::Timeout => "timeouts",
            Self::Unban => "unbanning",
            Self::UpdateMetadata => "changing title, category or tags",
            Self::SearchCategories => "finding categories",
            Self::StartBroadcast => "beginning a broadcast",
            Self::EndBroadcast => "ending a broadcast",
            Self::Viewers => "telling how many watch",
        })
    }
}
