//! What there is: channels, messages, bans and subscriptions.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// How many messages are kept.
const MESSAGES: usize = 10_000;

/// Kick's categories, as far as this one has them.
pub(crate) const CATEGORIES: &[(u64, &str)] = &[
    (15, "Just Chatting"),
    (5, "League of Legends"),
    (9, "Science & Technology"),
    (11, "Music"),
    (4_022, "Tea Tasting"),
    (8_549, "Just Cooking"),
];

/// A channel, for tests to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// The account's id.
    pub id: u64,
    /// Its name in addresses.
    pub slug: Box<str>,
    /// The title.
    pub title: Box<str>,
    /// The category's id and name.
    pub category: (u64, Box<str>),
    /// Tags.
    pub tags: Vec<Box<str>>,
    /// Since when it is on air.
    pub live_since: Option<Timestamp>,
    /// How many watch.
    pub viewers: u32,
    /// What its encoder sends with.
    pub stream_key: Box<str>,
}

/// A chat message, for tests to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its id.
    pub id: Box<str>,
    /// In which channel.
    pub channel: u64,
    /// Who wrote it.
    pub sender: u64,
    /// What it says.
    pub content: Box<str>,
    /// What it answers.
    pub reply_to: Option<Box<str>>,
    /// A moderator has deleted it.
    pub deleted: bool,
}

/// A ban or timeout, for tests to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanView {
    /// In which channel.
    pub channel: u64,
    /// Who is out.
    pub viewer: u64,
    /// For how many minutes; none is for ever.
    pub minutes: Option<u64>,
    /// Why.
    pub reason: Option<Box<str>>,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    channels: BTreeMap<u64, ChannelView>,
    messages: VecDeque<MessageView>,
    bans: HashMap<(u64, u64), BanView>,
    /// By channel: event to the subscription's id.
    pub(crate) subscriptions: HashMap<u64, BTreeMap<Box<str>, Box<str>>>,
    /// Events that cannot be subscribed to, and why not.
    pub(crate) refused_events: BTreeMap<Box<str>, Box<str>>,
    /// So many messages are not sent.
    pub(crate) unsent: usize,
    /// When a stream began last: no two begin in the same second.
    began: Option<Timestamp>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add_channel(&mut self, id: u64, slug: &str) {
        self.channels.entry(id).or_insert_with(|| ChannelView {
            id,
            slug: slug.into(),
            title: format!("{slug} is live").into(),
            category: (CATEGORIES[0].0, CATEGORIES[0].1.into()),
            tags: Vec::new(),
            live_since: None,
            viewers: 0,
            stream_key: format!("sk_{id}_{:08x}", random()).into(),
        });
    }

    pub(crate) fn channel(&self, id: u64) -> Option<&ChannelView> {
        self.channels.get(&id)
    }

    pub(crate) fn channel_mut(&mut self, id: u64) -> Option<&mut ChannelView> {
        self.channels.get_mut(&id)
    }

    pub(crate) fn channel_of_slug(&self, slug: &str) -> Option<&ChannelView> {
        self.channels.values().find(|channel| *channel.slug == *slug)
    }

    /// Its beginning; none where there is no such channel, or it is on air already.
    pub(crate) fn go_live(&mut self, id: u64) -> Option<Timestamp> {
        let channel = self.channels.get_mut(&id).filter(|channel| channel.live_since.is_none())?;
        let now = Timestamp::from_second(Timestamp::now().as_second()).expect("now is a time");
        let next = self.began.map(|began| began + SignedDuration::from_secs(1));
        let since = next.map_or(now, |next| next.max(now));
        self.began = Some(since);
        channel.live_since = Some(since);
        channel.viewers = 1;
        Some(since)
    }

    pub(crate) fn add_message(&mut self, message: MessageView) {
        if self.messages.len() >= MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }

    pub(crate) fn messages(&self, channel: u64) -> Vec<MessageView> {
        self.messages.iter().filter(|message| message.channel == channel).cloned().collect()
    }

    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut MessageView> {
        self.messages.iter_mut().rev().find(|message| *message.id == *id)
    }

    pub(crate) fn ban(&mut self, ban: BanView) {
        self.bans.insert((ban.channel, ban.viewer), ban);
    }

    pub(crate) fn unban(&mut self, channel: u64, viewer: u64) -> bool {
        self.bans.remove(&(channel, viewer)).is_some()
    }

    pub(crate) fn bans(&self, channel: u64) -> Vec<BanView> {
        let mut bans: Vec<_> =
            self.bans.values().filter(|ban| ban.channel == channel).cloned().collect();
        bans.sort_by_key(|ban| ban.viewer);
        bans
    }

    pub(crate) fn is_banned(&self, channel: u64, viewer: u64) -> bool {
        self.bans.contains_key(&(channel, viewer))
    }
}

pub(crate) fn random() -> u32 {
    getrandom::u32().expect("the operating system has randomness")
}
