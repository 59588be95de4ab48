//! The parts of which events are made. What a platform does not tell is absent, never invented.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::is_default;
use crate::{DestinationId, open_enum::open_enum};

/// Who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// The platform's id of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<Box<str>>,
    /// Their name in addresses.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login: Option<Box<str>>,
    /// Their name as they write it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Box<str>>,
    /// Their picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub avatar_url: Option<Box<str>>,
    /// They do not want to be known.
    #[serde(skip_serializing_if = "is_default", default)]
    pub anonymous: bool,
    /// What they are in this channel.
    #[serde(skip_serializing_if = "is_default", default)]
    pub roles: Roles,
    /// What stands beside their name.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub badges: Vec<Badge>,
    /// The colour of their name, as `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub color: Option<Box<str>>,
}

/// What somebody is in a channel.
#[expect(clippy::struct_excessive_bools, reason = "each holds independently of the others")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Roles {
    /// The streamer.
    #[serde(skip_serializing_if = "is_default")]
    pub owner: bool,
    /// A moderator.
    #[serde(skip_serializing_if = "is_default")]
    pub moderator: bool,
    /// A VIP.
    #[serde(skip_serializing_if = "is_default")]
    pub vip: bool,
    /// A subscriber or member.
    #[serde(skip_serializing_if = "is_default")]
    pub subscriber: bool,
    /// Verified by the platform.
    #[serde(skip_serializing_if = "is_default")]
    pub verified: bool,
}

/// What stands beside a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Badge {
    /// Its id on the platform.
    pub id: Box<str>,
    /// Which of its versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Box<str>>,
}

/// What somebody wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// The platform's id of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<Box<str>>,
    /// All of it as plain text.
    pub text: Box<str>,
    /// The same in pieces, where the platform tells them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fragments: Vec<Fragment>,
    /// What it answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply_to: Option<Reply>,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// The platform's id of it.
    pub message_id: Box<str>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<Box<str>>,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<Box<str>>,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fragment {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FragmentKind,
    /// Its text: what stands there where it cannot be shown otherwise.
    pub text: Box<str>,
    /// The platform's id of the emote, of the one who is mentioned, of the cheermote's prefix.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<Box<str>>,
    /// The emote's picture, or where a link leads.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<Box<str>>,
    /// How much is cheered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<u64>,
}

open_enum! {
    /// What a piece of a message is.
    FragmentKind {
        /// Words.
        Text => "text",
        /// An emote.
        Emote => "emote",
        /// Somebody is mentioned.
        Mention => "mention",
        /// A cheer within a message.
        Cheer => "cheer",
        /// A link.
        Link => "link",
    }
}

/// A subscription or membership.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// The platform's tier: `1000`, `prime`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tier: Option<Box<str>>,
    /// The level's name, as the streamer gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level_name: Option<Box<str>>,
    /// Months in all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cumulative_months: Option<u32>,
    /// Months without a gap.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub streak_months: Option<u32>,
    /// Months paid for at once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_months: Option<u32>,
    /// Somebody else pays.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gift: Option<Gift>,
}

/// Subscriptions given away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gift {
    /// How many at once; one where it is about a single one.
    pub count: u32,
    /// What ties the single gifts to the batch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub batch_id: Option<Box<str>>,
    /// Who was given one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Box<Actor>>,
    /// How many this giver has given in all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gifter_total: Option<u32>,
}

/// Viewers that another streamer sent over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Raid {
    /// How many.
    pub viewers: u32,
}

/// Something redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reward {
    /// The platform's id of the reward.
    pub id: Box<str>,
    /// What it is called.
    pub title: Box<str>,
    /// What it costs, in the channel's points.
    pub cost: u64,
    /// The platform's id of this redemption.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub redemption_id: Option<Box<str>>,
    /// Where the redemption stands, in the platform's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Box<str>>,
    /// What the viewer wrote to it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<Box<str>>,
}

/// What a moderator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Moderation {
    /// What.
    pub action: ModerationAction,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<Box<Actor>>,
    /// For how long, in seconds; none is for ever.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_s: Option<u64>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
    /// Which message it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message_id: Option<Box<str>>,
}

open_enum! {
    /// What a moderator does.
    ModerationAction {
        /// Out for ever.
        Ban => "ban",
        /// Out for a while.
        Timeout => "timeout",
        /// In again.
        Unban => "unban",
        /// One message is taken away.
        Delete => "delete",
        /// All messages are taken away: the target's, or everybody's.
        Clear => "clear",
    }
}

/// What a platform says of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamFacts {
    /// The title there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<Box<str>>,
    /// The category there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<Box<str>>,
    /// When it went on air.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    /// When it went off air.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<Timestamp>,
}

/// Which output an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Output {
    /// Where it sends to.
    pub destination: DestinationId,
}
