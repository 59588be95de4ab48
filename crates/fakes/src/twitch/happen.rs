//! Things that happen on Twitch. Each answers to how many sockets it is delivered, unless it says otherwise.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{FakeTwitch, Shared, Viewer, events, world::Stream};
use crate::lock;

impl Shared {
    /// The streamer of a channel.
    pub(crate) fn owner(&self, channel: &str) -> Viewer {
        let world = lock(&self.world);
        let owner = world.channels.get(channel).map(|channel| channel.owner.clone());
        owner.unwrap_or_else(|| Viewer { id: channel.into(), ..Viewer::from("nobody") })
    }

    /// An event of a channel: these fields, and whose channel it is.
    pub(crate) fn event_of(&self, channel: &str, mut event: Value) -> Value {
        let owner = self.owner(channel);
        event["broadcaster_user_id"] = (*owner.id).into();
        event["broadcaster_user_login"] = (*owner.login).into();
        event["broadcaster_user_name"] = (*owner.name).into();
        event
    }

    fn event_by(&self, channel: &str, viewer: &Viewer, mut event: Value) -> Value {
        event["user_id"] = (*viewer.id).into();
        event["user_login"] = (*viewer.login).into();
        event["user_name"] = (*viewer.name).into();
        self.event_of(channel, event)
    }

    pub(crate) fn stream_key(channel: &str) -> String {
        let secret: u64 = channel.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte));
        format!("live_{channel}_{secret:x}")
    }

    pub(crate) fn chat(&self, channel: &str, viewer: &Viewer, text: &str) -> (Box<str>, usize) {
        let id = self.message_id();
        let event = events::message(&self.owner(channel), viewer, &id, text, None);
        let sent = self.emit(channel, "channel.chat.message", &event);
        (id, sent)
    }

    pub(crate) fn follow(&self, channel: &str, viewer: &Viewer) -> usize {
        let now = Timestamp::now();
        if let Some(channel) = lock(&self.world).channels.get_mut(channel) {
            channel.follow(viewer.clone(), now);
        }
        let event = self.event_by(channel, viewer, json!({ "followed_at": now }));
        self.emit(channel, "channel.follow", &event)
    }

    pub(crate) fn subscribe(&self, channel: &str, viewer: &Viewer, is_gift: bool) -> usize {
        let event = json!({ "tier": "1000", "is_gift": is_gift });
        self.emit(channel, "channel.subscribe", &self.event_by(channel, viewer, event))
    }

    pub(crate) fn resubscribe(
        &self,
        channel: &str,
        viewer: &Viewer,
        months: u32,
        text: &str,
    ) -> usize {
        let event = json!({
            "tier": "1000", "message": { "text": text, "emotes": [] },
            "cumulative_months": months, "streak_months": months, "duration_months": 1,
        });
        self.emit(channel, "channel.subscription.message", &self.event_by(channel, viewer, event))
    }

    pub(crate) fn gift(&self, channel: &str, viewer: &Viewer, to: &[Viewer]) -> usize {
        let total = u32::try_from(to.len()).unwrap_or(u32::MAX);
        let all = lock(&self.world).channels.get_mut(channel).map(|channel| {
            channel.gifts += total;
            channel.gifts
        });
        let event = json!({
            "total": total, "tier": "1000", "cumulative_total": all, "is_anonymous": false,
        });
        let event = self.event_by(channel, viewer, event);
        let sent = self.emit(channel, "channel.subscription.gift", &event);
        for recipient in to {
            self.subscribe(channel, recipient, true);
        }
        sent
    }

    pub(crate) fn cheer(&self, channel: &str, viewer: &Viewer, bits: u32, text: &str) -> usize {
        let event = json!({ "is_anonymous": false, "bits": bits, "message": text });
        self.emit(channel, "channel.cheer", &self.event_by(channel, viewer, event))
    }

    pub(crate) fn raid(&self, channel: &str, from: &Viewer, viewers: u32) -> usize {
        let to = self.owner(channel);
        let event = json!({
            "from_broadcaster_user_id": from.id, "from_broadcaster_user_login": from.login,
            "from_broadcaster_user_name": from.name,
            "to_broadcaster_user_id": to.id, "to_broadcaster_user_login": to.login,
            "to_broadcaster_user_name": to.name, "viewers": viewers,
        });
        self.emit(channel, "channel.raid", &event)
    }

    pub(crate) fn redeem(
        &self,
        channel: &str,
        viewer: &Viewer,
        reward: (&str, u32),
        input: &str,
    ) -> usize {
        let id = self.message_id();
        let event = json!({
            "id": id, "user_input": input, "status": "unfulfilled", "redeemed_at": Timestamp::now(),
            "reward": { "id": format!("reward-{}", reward.1), "title": reward.0, "cost": reward.1,
                "prompt": "" },
        });
        let event = self.event_by(channel, viewer, event);
        self.emit(channel, "channel.channel_points_custom_reward_redemption.add", &event)
    }

    pub(crate) fn online(&self, channel: &str, viewers: u32) -> usize {
        let (id, started_at) = {
            let mut world = lock(&self.world);
            world.streams_begun += 1;
            let id = 40_000_000_000 + world.streams_begun;
            let started_at = Timestamp::now();
            if let Some(channel) = world.channels.get_mut(channel) {
                channel.stream = Some(Stream { id, started_at, viewers });
            }
            (id, started_at)
        };
        let event = json!({ "id": id.to_string(), "type": "live", "started_at": started_at });
        self.emit(channel, "stream.online", &self.event_of(channel, event))
    }
}

impl FakeTwitch {
    /// Somebody writes in the chat. Answers the message's id, and to how many sockets it is delivered.
    pub fn chat(&self, channel: &str, viewer: impl Into<Viewer>, text: &str) -> (Box<str>, usize) {
        self.shared.chat(channel, &viewer.into(), text)
    }

    /// Somebody follows.
    pub fn follow(&self, channel: &str, viewer: impl Into<Viewer>) -> usize {
        self.shared.follow(channel, &viewer.into())
    }

    /// Somebody subscribes.
    pub fn subscribe(&self, channel: &str, viewer: impl Into<Viewer>) -> usize {
        self.shared.subscribe(channel, &viewer.into(), false)
    }

    /// Somebody tells for how many months they have subscribed.
    pub fn resubscribe(
        &self,
        channel: &str,
        viewer: impl Into<Viewer>,
        months: u32,
        text: &str,
    ) -> usize {
        self.shared.resubscribe(channel, &viewer.into(), months, text)
    }

    /// Somebody gives subscriptions to these: the batch, and then each of them.
    pub fn gift(&self, channel: &str, viewer: impl Into<Viewer>, to: &[Viewer]) -> usize {
        self.shared.gift(channel, &viewer.into(), to)
    }

    /// Somebody cheers with bits.
    pub fn cheer(&self, channel: &str, viewer: impl Into<Viewer>, bits: u32, text: &str) -> usize {
        self.shared.cheer(channel, &viewer.into(), bits, text)
    }

    /// Another streamer sends so many viewers over.
    pub fn raid(&self, channel: &str, from: impl Into<Viewer>, viewers: u32) -> usize {
        self.shared.raid(channel, &from.into(), viewers)
    }

    /// Somebody redeems a reward: its title and what it costs.
    pub fn redeem(
        &self,
        channel: &str,
        viewer: impl Into<Viewer>,
        reward: (&str, u32),
        input: &str,
    ) -> usize {
        self.shared.redeem(channel, &viewer.into(), reward, input)
    }

    /// The channel goes on air, with so many viewers.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn online(&self, channel: &str, viewers: u32) -> usize {
        self.shared.online(channel, viewers)
    }

    /// So many watch now.
    pub fn set_viewers(&self, channel: &str, viewers: u32) {
        let mut world = lock(&self.shared.world);
        let stream = world.channels.get_mut(channel).and_then(|channel| channel.stream.as_mut());
        if let Some(stream) = stream {
            stream.viewers = viewers;
        }
    }

    /// The channel goes off air.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn offline(&self, channel: &str) -> usize {
        if let Some(channel) = lock(&self.shared.world).channels.get_mut(channel) {
            channel.stream = None;
        }
        self.emit(channel, "stream.offline", &self.shared.event_of(channel, json!({})))
    }
}
