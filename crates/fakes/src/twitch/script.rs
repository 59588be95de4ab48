//! What a test does to the fake and asks of it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{
    BanView, Call, ChannelView, FakeTwitch, MessageView, Shared, sessions::Out, world::Channel,
};
use crate::{Effect, Tokens, lock};

/// How events are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Each takes so long, and those behind it wait.
    pub delay: Duration,
    /// Each so-manieth of a socket comes twice; 0 for none.
    pub duplicate_every: u32,
    /// Each second one overtakes the one before it.
    pub reorder: bool,
}

impl FakeTwitch {
    /// There is a channel with this id, whose streamer has this name.
    pub fn add_channel(&self, id: &str, login: &str) {
        self.shared.oauth.add_account(id);
        lock(&self.shared.world).add_channel(id, login);
    }

    /// Tokens of a channel's streamer, without the page where they agree.
    #[must_use]
    pub fn grant(&self, channel: &str) -> Tokens {
        self.shared.oauth.grant(channel)
    }

    /// The next `times` calls of this kind go wrong in this way.
    pub fn fail(&self, call: Call, effect: Effect, times: usize) {
        self.shared.faults.plan(call, effect, times);
    }

    /// All calls go wrong in this way, until it is over. Sockets that are open stay.
    pub fn set_outage(&self, effect: Option<Effect>) {
        self.shared.faults.set_outage(effect);
    }

    /// How many calls of this kind came, whatever became of them.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.shared.faults.count(call)
    }

    /// How many calls were refused because there were too many.
    #[must_use]
    pub fn refused(&self) -> usize {
        lock(&self.shared.rates).refused
    }

    /// The next chat message is answered as dropped.
    pub fn drop_next_message(&self, code: &str, message: &str) {
        lock(&self.shared.world).drops.push((code.into(), message.into()));
    }

    /// Events are delivered in this way from now on.
    pub fn set_delivery(&self, delivery: Delivery) {
        *lock(&self.shared.delivery) = delivery;
    }

    /// Something happens in a channel. Answers to how many sockets it is delivered.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn emit(&self, channel: &str, kind: &str, event: &Value) -> usize {
        self.shared.emit(channel, kind, event)
    }

    /// The sockets of a channel, or all, break without a word, after what they have to send. Answers how many.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn drop_sockets(&self, channel: Option<&str>) -> usize {
        lock(&self.shared.sessions).tell(channel, || Out::Drop)
    }

    /// The sockets of a channel, or all, are closed with a code of Twitch's. Answers how many.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn close_sockets(&self, channel: Option<&str>, code: u16) -> usize {
        lock(&self.shared.sessions).tell(channel, || Out::Close(code, "so it was told"))
    }

    /// The sockets of a channel, or all, stay open and say nothing any more. Answers how many.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn freeze_sockets(&self, channel: Option<&str>) -> usize {
        lock(&self.shared.sessions).tell(channel, || Out::Freeze)
    }

    /// The sockets of a channel, or all, are pinged. Answers how many.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn ping_sockets(&self, channel: Option<&str>) -> usize {
        lock(&self.shared.sessions).tell(channel, || Out::Ping)
    }

    /// The sessions of a channel, or all, are to move to another socket. Answers how many.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn reconnect(&self, channel: Option<&str>) -> usize {
        let cut_at = Instant::now() + self.shared.config.reconnect_grace;
        lock(&self.shared.sessions).relocate(channel, &self.shared.eventsub_url(), cut_at)
    }

    /// A channel's subscriptions of this type, or of all (`*`), are taken away. Answers how many.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn revoke(&self, channel: &str, kind: &str, status: &str) -> usize {
        lock(&self.shared.sessions).revoke(channel, kind, status)
    }

    /// The streamer takes the authorisation back: tokens and subscriptions are gone.
    pub fn revoke_authorization(&self, channel: &str) {
        self.shared.oauth.revoke(channel);
        self.revoke(channel, "*", "authorization_revoked");
    }

    /// How many sockets are open with a channel's subscriptions, or in all.
    #[must_use]
    pub fn sockets(&self, channel: Option<&str>) -> usize {
        lock(&self.shared.sessions).sockets(channel)
    }

    /// How many sockets were ever opened.
    #[must_use]
    pub fn sockets_opened(&self) -> usize {
        self.shared.sockets_opened.load(Ordering::Relaxed)
    }

    /// What is subscribed for a channel, sorted.
    #[must_use]
    pub fn subscriptions(&self, channel: &str) -> Vec<Box<str>> {
        lock(&self.shared.sessions).subscriptions(channel)
    }

    /// How many frames clients sent that they must not send: all but pongs and closes.
    #[must_use]
    pub fn client_frames(&self) -> usize {
        self.shared.client_frames.load(Ordering::Relaxed)
    }

    /// How many pongs clients sent.
    #[must_use]
    pub fn pongs(&self) -> usize {
        self.shared.pongs.load(Ordering::Relaxed)
    }

    /// What was written in a channel's chat by the API, the oldest first.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<MessageView> {
        self.look(channel, |channel| channel.messages.clone())
    }

    /// Who may not write in a channel's chat.
    #[must_use]
    pub fn bans(&self, channel: &str) -> Vec<BanView> {
        self.look(channel, |channel| channel.bans.values().cloned().collect())
    }

    /// How often a whole chat was emptied by the API.
    #[must_use]
    pub fn chat_clears(&self, channel: &str) -> usize {
        self.look(channel, |channel| channel.clears)
    }

    /// What a channel's stream is called and about.
    #[must_use]
    pub fn channel(&self, channel: &str) -> ChannelView {
        self.look(channel, |channel| channel.shows.clone())
    }

    /// The stream key of a channel.
    #[must_use]
    pub fn stream_key(&self, channel: &str) -> String {
        Shared::stream_key(channel)
    }

    fn look<T>(&self, channel: &str, look: impl Fn(&Channel) -> T) -> T {
        let world = lock(&self.shared.world);
        look(world.channels.get(channel).expect("a channel that was added"))
    }

    /// A channel comes to life: people chat, follow, subscribe, cheer and raid, one thing each so often, the same ones
    /// each time.
    pub fn enliven(&self, channel: &str, every: Duration) {
        let task = super::lively::live(Arc::clone(&self.shared), channel.into(), every);
        lock(&self.shared.tasks).spawn(task);
    }
}
