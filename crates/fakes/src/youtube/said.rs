//! What is said and done in a chat.

/// Who says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The channel's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The streamer.
    pub owner: bool,
    /// A moderator.
    pub moderator: bool,
    /// A member.
    pub member: bool,
}

impl Author {
    /// A viewer of this name.
    #[must_use]
    pub fn viewer(name: &str) -> Self {
        Self { id: format!("UC{name}"), name: name.into(), ..Self::default() }
    }
}

/// What is said or done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said {
    /// A message.
    Text(String),
    /// A super chat.
    SuperChat {
        /// Millionths of the currency's unit.
        micros: u64,
        /// Three letters.
        currency: String,
        /// What is said to it.
        comment: String,
    },
    /// A super sticker.
    SuperSticker {
        /// Millionths of the currency's unit.
        micros: u64,
        /// Three letters.
        currency: String,
    },
    /// Somebody becomes a member.
    Member {
        /// Of which level.
        level: String,
        /// Of a higher level than before.
        upgrade: bool,
    },
    /// A member for so long.
    Milestone {
        /// Months.
        months: u32,
        /// What is said to it.
        comment: String,
    },
    /// Memberships are given away.
    Memberships {
        /// How many.
        count: i32,
    },
    /// One of them is received.
    MembershipReceived {
        /// From whom.
        giver: String,
        /// The message by which they were given.
        batch: String,
    },
    /// A gift. With the id of an earlier one it is that one, sent once more.
    Gift {
        /// What it is called.
        name: String,
        /// What one of them is worth.
        jewels: i32,
        /// How many times in a row.
        combo: i32,
    },
    /// Somebody is banned.
    Banned {
        /// Who.
        target: Author,
        /// For how long; for ever otherwise.
        seconds: Option<u64>,
    },
    /// A message is deleted: the REST API says so, gRPC leaves a tombstone.
    Deleted {
        /// Which.
        message: String,
    },
    /// A poll.
    Poll {
        /// What is asked.
        question: String,
        /// It is over.
        closed: bool,
    },
    /// The chat ends.
    Ended,
    /// Something of a type that nobody knows yet.
    Odd(i32),
}

impl Said {
    /// Its number and its name.
    pub(crate) fn kind(&self) -> (i32, String) {
        let (number, name) = match self {
            Self::Text(_) => (1, "textMessageEvent"),
            Self::Ended => (4, "chatEndedEvent"),
            Self::Member { .. } => (7, "newSponsorEvent"),
            Self::Deleted { .. } => (2, "messageDeletedEvent"),
            Self::Banned { .. } => (10, "userBannedEvent"),
            Self::SuperChat { .. } => (15, "superChatEvent"),
            Self::SuperSticker { .. } => (16, "superStickerEvent"),
            Self::Milestone { .. } => (17, "memberMilestoneChatEvent"),
            Self::Memberships { .. } => (18, "membershipGiftingEvent"),
            Self::MembershipReceived { .. } => (19, "giftMembershipReceivedEvent"),
            Self::Poll { .. } => (20, "pollEvent"),
            Self::Gift { .. } => (21, "giftEvent"),
            Self::Odd(number) => return (*number, format!("odd{number}Event")),
        };
        (number, name.into())
    }

    /// What is shown of it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::SuperChat { comment, .. } | Self::Milestone { comment, .. } => comment,
            Self::Poll { question, .. } => question,
            Self::Gift { name, .. } => name,
            _ => "",
        }
    }
}
