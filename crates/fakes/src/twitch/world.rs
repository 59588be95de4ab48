//! What there is: channels, their chat, their streams.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

/// A person, as Twitch names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The id.
    pub id: Box<str>,
    /// The name in addresses.
    pub login: Box<str>,
    /// The name as they write it.
    pub name: Box<str>,
}

impl From<&str> for Viewer {
    /// The viewer of this name: always the same id for the same name.
    fn from(name: &str) -> Self {
        let hash = name.bytes().fold(5381_u64, |hash, byte| {
            hash.wrapping_mul(33).wrapping_add(u64::from(byte.to_ascii_lowercase()))
        });
        let id = (100_000 + hash % 900_000_000).to_string().into();
        Self { id, login: name.to_lowercase().into(), name: name.into() }
    }
}

/// A message that was written by the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its id.
    pub id: Box<str>,
    /// What it says.
    pub text: Box<str>,
    /// What it answers.
    pub reply_to: Option<Box<str>>,
    /// Whether it was taken away again.
    pub deleted: bool,
}

/// Somebody who may not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanView {
    /// Who.
    pub viewer_id: Box<str>,
    /// For how many seconds; none is for ever.
    pub seconds: Option<u64>,
    /// Why.
    pub reason: Box<str>,
}

/// What a channel's stream is called and about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelView {
    /// The title.
    pub title: Box<str>,
    /// The category's id.
    pub game_id: Box<str>,
    /// The category's name.
    pub game_name: Box<str>,
    /// Tags.
    pub tags: Vec<Box<str>>,
}

/// A stream that is on air.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) id: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) viewers: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) owner: Viewer,
    pub(crate) shows: ChannelView,
    pub(crate) stream: Option<Stream>,
    /// The newest last.
    pub(crate) followers: Vec<(Viewer, Timestamp)>,
    pub(crate) bans: BTreeMap<Box<str>, BanView>,
    pub(crate) messages: Vec<MessageView>,
    pub(crate) clears: usize,
    pub(crate) gifts: u32,
}

/// How many messages and followers of a channel are kept.
const KEPT: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) channels: HashMap<Box<str>, Channel>,
    /// What the next messages are dropped for.
    pub(crate) drops: Vec<(String, String)>,
    pub(crate) streams_begun: u64,
}

impl World {
    pub(crate) fn add_channel(&mut self, id: &str, login: &str) {
        let owner =
            Viewer { id: id.into(), login: login.to_lowercase().into(), name: login.into() };
        let channel = Channel {
            owner,
            shows: ChannelView::default(),
            stream: None,
            followers: Vec::new(),
            bans: BTreeMap::new(),
            messages: Vec::new(),
            clears: 0,
            gifts: 0,
        };
        self.channels.insert(id.into(), channel);
    }
}

impl Channel {
    pub(crate) fn write(&mut self, message: MessageView) {
        keep(&mut self.messages);
        self.messages.push(message);
    }

    pub(crate) fn follow(&mut self, viewer: Viewer, at: Timestamp) {
        keep(&mut self.followers);
        self.followers.push((viewer, at));
    }
}

fn keep<T>(list: &mut Vec<T>) {
    if list.len() >= KEPT {
        list.drain(..KEPT / 2);
    }
}

/// The categories that there are.
pub(crate) const GAMES: &[(&str, &str)] = &[
    ("509658", "Just Chatting"),
    ("509660", "Art"),
    ("1469308723", "Software and Game Development"),
    ("26936", "Music"),
    ("27471", "Minecraft"),
    ("33214", "Fortnite"),
    ("509667", "Food & Drink"),
    ("518203", "Sports"),
];
