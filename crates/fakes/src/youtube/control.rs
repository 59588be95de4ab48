//! What tests and the demo do to it, and see of it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;

use super::{Author, BanView, BroadcastView, Call, FakeYouTube, MessageView, Said, life, world};
use crate::{Effect, lock};

impl FakeYouTube {
    /// The next `times` calls of this kind go wrong in this way.
    pub fn fail(&self, call: Call, effect: Effect, times: usize) {
        self.shared.faults.plan(call, effect, times);
    }

    /// All calls go wrong in this way, until it is over.
    pub fn set_outage(&self, effect: Option<Effect>) {
        self.shared.faults.set_outage(effect);
    }

    /// How many calls of this kind came, whatever became of them.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.shared.faults.count(call)
    }

    /// From now on there are so many units, with those that are used.
    pub fn set_quota(&self, units: u64) {
        self.shared.quota.store(units, Ordering::Relaxed);
    }

    /// How many units were used.
    #[must_use]
    pub fn quota_used(&self) -> u64 {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// How long calls stream from now on, and how much they bring.
    pub fn set_calls(&self, lasts: Option<Duration>, brings: Option<usize>) {
        let mut streaming = lock(&self.shared.streaming);
        (streaming.lasts, streaming.brings) = (lasts, brings);
    }

    /// Each response of a call that streams comes so many times from now on.
    pub fn set_duplicates(&self, times: usize) {
        lock(&self.shared.streaming).times = times.max(1);
    }

    /// Each response of a call that streams takes so long from now on.
    pub fn set_slow(&self, each: Duration) {
        lock(&self.shared.streaming).slow = each;
    }

    /// Whatever streams now ends with an error.
    pub fn break_streams(&self) {
        self.shared.broken.send_modify(|times| *times += 1);
    }

    /// The connections on which is streamed are cut.
    pub fn cut_connections(&self) {
        self.shared.cut.send_modify(|times| *times += 1);
    }

    /// How many calls stream now.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// All broadcasts, the oldest first.
    #[must_use]
    pub fn broadcasts(&self) -> Vec<BroadcastView> {
        lock(&self.shared.world).broadcasts.clone()
    }

    /// The newest broadcast of a channel.
    #[must_use]
    pub fn broadcast_of(&self, channel: &str) -> Option<BroadcastView> {
        self.broadcasts().into_iter().rev().find(|broadcast| broadcast.channel == channel)
    }

    /// How many broadcasts were ever made.
    #[must_use]
    pub fn broadcasts_made(&self) -> usize {
        lock(&self.shared.world).broadcasts_made
    }

    /// How many broadcasts were deleted that had a recording.
    #[must_use]
    pub fn recordings_lost(&self) -> usize {
        lock(&self.shared.world).recordings_lost
    }

    /// The stream key by which a broadcast is streamed to.
    #[must_use]
    pub fn stream_key(&self, broadcast: &str) -> Option<String> {
        let mut world = lock(&self.shared.world);
        let stream = world.broadcast(broadcast)?.stream.clone()?;
        world.streams.get(&stream).map(|stream| stream.key.clone())
    }

    /// Somebody makes a broadcast by hand, which is on air. Its id and its chat's.
    #[must_use]
    pub fn add_broadcast(&self, channel: &str, title: &str) -> BroadcastView {
        let mut world = lock(&self.shared.world);
        let now = Timestamp::now();
        let broadcast = world.create_broadcast(channel, |its| BroadcastView {
            title: title.into(),
            status: "live".into(),
            viewers: Some(1),
            started: Some(now),
            ..its
        });
        world.broadcasts_made -= 1;
        broadcast
    }

    /// An encoder streams to a broadcast: it goes on air, if it is made to. Whether it does.
    pub fn go_live(&self, broadcast: &str) -> bool {
        lock(&self.shared.world).go_live(broadcast)
    }

    /// Somebody ends a broadcast by hand.
    pub fn complete(&self, broadcast: &str) {
        lock(&self.shared.world).complete(broadcast);
    }

    /// So many watch; or it is not told.
    pub fn set_viewers(&self, broadcast: &str, viewers: Option<u64>) {
        if let Some(broadcast) = lock(&self.shared.world).broadcast(broadcast) {
            broadcast.viewers = viewers;
        }
    }

    /// The chat is switched off, or on.
    pub fn set_chat_disabled(&self, chat: &str, disabled: bool) {
        if let Some(chat) = lock(&self.shared.world).chats.get_mut(chat) {
            chat.disabled = disabled;
            chat.stir();
        }
    }

    /// Something is said or done in a chat. Its id.
    ///
    /// # Panics
    /// If there is no such chat, or it is over.
    pub fn say(&self, chat: &str, author: Author, said: Said) -> String {
        lock(&self.shared.world).say(chat, author, said, None).expect("a chat that is open")
    }

    /// The same, with the id of an earlier one: a gift that is sent once more.
    ///
    /// # Panics
    /// If there is no such chat, or it is over.
    pub fn say_again(&self, chat: &str, author: Author, said: Said, id: &str) {
        lock(&self.shared.world).say(chat, author, said, Some(id)).expect("a chat that is open");
    }

    /// What was said in a chat, as far as it is kept.
    #[must_use]
    pub fn messages(&self, chat: &str) -> Vec<MessageView> {
        let world = lock(&self.shared.world);
        world.chats.get(chat).map(world::Chat::messages).unwrap_or_default()
    }

    /// All bans that hold.
    #[must_use]
    pub fn bans(&self) -> Vec<BanView> {
        lock(&self.shared.world).bans.clone()
    }

    /// Something happens in the chats of a channel's broadcasts that often, as long as the fake lives: people chat, pay
    /// and become members. The same each time.
    pub fn enliven(&self, channel: &str, every: Duration) {
        let task = life::enliven(Arc::clone(&self.shared), channel.into(), every);
        lock(&self.tasks).spawn(task);
    }
}
