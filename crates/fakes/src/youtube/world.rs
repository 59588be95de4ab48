//! What there is: channels, broadcasts, streams, chats, bans.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    entry::Entry,
    said::{Author, Said},
};

/// How much of a chat is kept.
const KEPT: usize = 2_000;

/// A broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroadcastView {
    /// Its id: that of the video.
    pub id: String,
    /// Whose it is.
    pub channel: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// When it is to begin.
    pub scheduled: Timestamp,
    /// When it was made.
    pub published: Timestamp,
    /// Who may see it.
    pub privacy: String,
    /// Where it stands: `ready`, `live`, `complete`.
    pub status: String,
    /// Whether it begins when something is streamed.
    pub auto_start: bool,
    /// Its chat.
    pub chat: String,
    /// The stream that it is bound to.
    pub stream: Option<String>,
    /// How many watch.
    pub viewers: Option<u64>,
    /// When it went on air.
    pub started: Option<Timestamp>,
    /// When it went off air.
    pub ended: Option<Timestamp>,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanView {
    /// Its id.
    pub id: String,
    /// In which chat.
    pub chat: String,
    /// Who.
    pub viewer: String,
    /// For how long; for ever otherwise.
    pub seconds: Option<u64>,
}

/// Something in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// Who.
    pub author: Author,
    /// What.
    pub said: Said,
}

#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) title: String,
    pub(crate) key: String,
}

#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) owner: String,
    entries: VecDeque<Entry>,
    /// How many are no longer kept.
    forgotten: usize,
    /// How many there are, for those who wait.
    pub(crate) length: watch::Sender<usize>,
    pub(crate) ended: bool,
    pub(crate) disabled: bool,
    pub(crate) offline_at: Option<Timestamp>,
}

impl Chat {
    fn new(owner: &str) -> Self {
        Self {
            owner: owner.into(),
            entries: VecDeque::new(),
            forgotten: 0,
            length: watch::Sender::new(0),
            ended: false,
            disabled: false,
            offline_at: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.forgotten + self.entries.len()
    }

    /// At most so many from there on; none where that is no longer kept.
    pub(crate) fn from(&self, place: usize, most: usize) -> Option<impl Iterator<Item = &Entry>> {
        let place = place.checked_sub(self.forgotten)?;
        Some(self.entries.iter().skip(place).take(most))
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if self.entries.len() > KEPT {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.length.send_replace(self.len());
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    pub(crate) fn messages(&self) -> Vec<MessageView> {
        let view = |entry: &Entry| MessageView {
            id: entry.id.clone(),
            author: entry.author.clone(),
            said: entry.said.clone(),
        };
        self.entries.iter().map(view).collect()
    }

    /// Wakes those who wait, though there is nothing new.
    pub(crate) fn stir(&self) {
        self.length.send_modify(|_| {});
    }
}

#[derive(Debug, Default)]
pub(crate) struct World {
    /// Names by id.
    pub(crate) channels: BTreeMap<String, String>,
    pub(crate) broadcasts: Vec<BroadcastView>,
    pub(crate) streams: BTreeMap<String, Stream>,
    pub(crate) chats: HashMap<String, Chat>,
    pub(crate) bans: Vec<BanView>,
    /// Broadcasts that were on air and are deleted.
    pub(crate) recordings_lost: usize,
    pub(crate) broadcasts_made: usize,
    ids: u64,
}

impl World {
    pub(crate) fn numbered_from(first: u64) -> Self {
        Self { ids: first, ..Self::default() }
    }

    pub(crate) fn id(&mut self, kind: &str) -> String {
        self.ids += 1;
        format!("{kind}{:06}", self.ids)
    }

    pub(crate) fn broadcast(&mut self, id: &str) -> Option<&mut BroadcastView> {
        self.broadcasts.iter_mut().find(|broadcast| broadcast.id == id)
    }

    pub(crate) fn create_broadcast(
        &mut self,
        channel: &str,
        make: impl FnOnce(BroadcastView) -> BroadcastView,
    ) -> BroadcastView {
        let (id, chat) = (self.id("video"), self.id("chat-"));
        let now = Timestamp::now();
        let broadcast = make(BroadcastView {
            id,
            channel: channel.into(),
            title: String::new(),
            description: String::new(),
            scheduled: now,
            published: now,
            privacy: "public".into(),
            status: "ready".into(),
            auto_start: false,
            chat: chat.clone(),
            stream: None,
            viewers: None,
            started: None,
            ended: None,
        });
        self.broadcasts_made += 1;
        self.chats.insert(chat, Chat::new(channel));
        self.broadcasts.push(broadcast.clone());
        broadcast
    }

    pub(crate) fn create_stream(&mut self, title: &str) -> String {
        let id = self.id("stream");
        let key = format!("key-{id}-s3cret");
        self.streams.insert(id.clone(), Stream { title: title.into(), key });
        id
    }

    /// Something is said. None where there is no such chat, or it is over.
    pub(crate) fn say(
        &mut self,
        chat: &str,
        author: Author,
        said: Said,
        id: Option<&str>,
    ) -> Option<String> {
        let id = id.map_or_else(|| self.id("message-"), Into::into);
        let chat = self.chats.get_mut(chat).filter(|chat| !chat.ended)?;
        chat.ended = said == Said::Ended;
        let at = Timestamp::now();
        chat.push(Entry { id: id.clone(), author, said, at });
        Some(id)
    }

    /// A broadcast goes on air, if something is streamed to where it can be.
    pub(crate) fn go_live(&mut self, id: &str) -> bool {
        let can = |its: &BroadcastView| its.status == "ready" && its.stream.is_some();
        let Some(broadcast) = self.broadcast(id).filter(|its| can(its)) else { return false };
        broadcast.status = "live".into();
        broadcast.started = Some(Timestamp::now());
        broadcast.viewers = Some(1);
        true
    }

    /// A broadcast that is on air goes off air, and its chat ends.
    pub(crate) fn complete(&mut self, id: &str) -> Option<BroadcastView> {
        let now = Timestamp::now();
        let broadcast = self.broadcast(id)?;
        broadcast.status = "complete".into();
        broadcast.ended = Some(now);
        broadcast.viewers = None;
        let broadcast = broadcast.clone();
        if let Some(chat) = self.chats.get_mut(&broadcast.chat) {
            chat.offline_at = Some(now);
            chat.stir();
        }
        Some(broadcast)
    }
}
