//! What happens: by the API, by a test, or by itself.

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{BanView, ChannelView, FakeKick, MessageView, Prepared, Shared, bodies, ulid::ulid};
use crate::lock;

/// Somebody who watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Kick's id of them.
    pub id: u64,
    /// Their name.
    pub name: Box<str>,
    /// What stands beside it: `moderator`, `vip`, `subscriber`.
    pub badges: Vec<Box<str>>,
}

impl Viewer {
    /// Somebody.
    #[must_use]
    pub fn new(id: u64, name: &str) -> Self {
        Self { id, name: name.into(), badges: Vec::new() }
    }

    /// The same, with a badge.
    #[must_use]
    pub fn with_badge(mut self, badge: &str) -> Self {
        self.badges.push(badge.into());
        self
    }
}

impl Shared {
    fn subscription(&self, channel: u64, event_type: &str) -> Option<Box<str>> {
        let world = lock(&self.world);
        world.subscriptions.get(&channel)?.get(event_type).cloned()
    }

    /// Delivers an event, if its channel's is subscribed to.
    pub(crate) fn emit(self: &Arc<Self>, channel: u64, event_type: &str, body: &Value) {
        if let Some(subscription) = self.subscription(channel, event_type) {
            let body = Bytes::from(body.to_string());
            self.deliveries.send(self, channel, event_type, &subscription, body);
        }
    }

    /// The same, made of the channel as it is.
    fn emit_of(
        self: &Arc<Self>,
        channel: u64,
        event_type: &str,
        body: impl FnOnce(&ChannelView) -> Value,
    ) {
        let view = lock(&self.world).channel(channel).cloned();
        if let Some(view) = view {
            let mut body = body(&view);
            body["broadcaster"] = bodies::broadcaster(&view);
            self.emit(channel, event_type, &body);
        }
    }

    pub(crate) fn metadata_changed(self: &Arc<Self>, channel: u64) {
        self.emit_of(channel, "livestream.metadata.updated", |view| {
            json!({ "metadata": {
                "title": view.title,
                "language": "en",
                "has_mature_content": false,
                "category": bodies::category(view),
            }})
        });
    }

    pub(crate) fn message(
        self: &Arc<Self>,
        channel: u64,
        sender: &Viewer,
        content: &str,
        reply_to: Option<&str>,
    ) -> Box<str> {
        let id: Box<str> = ulid().into();
        let answered = {
            let mut world = lock(&self.world);
            let answered = reply_to.and_then(|id| world.message_mut(id)).cloned();
            world.add_message(MessageView {
                id: id.clone(),
                channel,
                sender: sender.id,
                content: content.into(),
                reply_to: reply_to.map(Into::into),
                deleted: false,
            });
            answered
        };
        let replies_to = answered.map(|answered| {
            let sender = Viewer::new(answered.sender, &format!("viewer_{}", answered.sender));
            json!({
                "message_id": answered.id,
                "content": answered.content,
                "sender": bodies::person(&sender),
            })
        });
        self.emit_of(channel, "chat.message.sent", |_| {
            bodies::message(&id, sender, content, &replies_to.into())
        });
        id
    }

    pub(crate) fn ban(self: &Arc<Self>, ban: BanView) {
        let created = Timestamp::now();
        let minutes = ban.minutes.map(|minutes| i64::try_from(minutes).unwrap_or(i64::MAX));
        let ends = minutes.map(|minutes| created + SignedDuration::from_mins(minutes));
        self.emit_of(ban.channel, "moderation.banned", |view| {
            json!({
                "moderator": bodies::broadcaster(view),
                "banned_user": bodies::person(&Viewer::new(ban.viewer, "banned_viewer")),
                "metadata": { "reason": ban.reason, "created_at": created, "expires_at": ends },
            })
        });
        lock(&self.world).ban(ban);
    }
}

fn now() -> Timestamp {
    Timestamp::now()
}

impl FakeKick {
    /// Somebody writes in a channel's chat. The message's id.
    pub fn chat(&self, channel: u64, sender: &Viewer, content: &str) -> Box<str> {
        self.shared.message(channel, sender, content, None)
    }

    /// Gets ready what somebody will write, signature and all; the message's id. To sign costs a quarter of a
    /// millisecond: whoever wants thousands at once prepares them. None where nobody has subscribed to it.
    #[must_use]
    pub fn prepare_chat(
        &self,
        channel: u64,
        sender: &Viewer,
        content: &str,
    ) -> Option<(Box<str>, Prepared)> {
        const EVENT: &str = "chat.message.sent";
        let view = self.channel(channel)?;
        let subscription = self.shared.subscription(channel, EVENT)?;
        let id: Box<str> = ulid().into();
        let mut body = bodies::message(&id, sender, content, &Value::Null);
        body["broadcaster"] = bodies::broadcaster(&view);
        let body = Bytes::from(body.to_string());
        Some((id, self.shared.deliveries.prepare(channel, EVENT, &subscription, body)))
    }

    /// Delivers what was prepared.
    pub fn play(&self, prepared: Prepared) {
        self.shared.deliveries.play(prepared);
    }

    /// Somebody follows.
    pub fn follow(&self, channel: u64, follower: &Viewer) {
        self.shared.emit_of(
            channel,
            "channel.followed",
            |_| json!({ "follower": bodies::person(follower) }),
        );
    }

    /// Somebody subscribes, for the first time or again: `months` in all.
    pub fn subscribe(&self, channel: u64, subscriber: &Viewer, months: u32) {
        let is_new = months <= 1;
        let event =
            if is_new { "channel.subscription.new" } else { "channel.subscription.renewal" };
        self.shared.emit_of(channel, event, |_| {
            json!({
                "subscriber": bodies::person(subscriber),
                "duration": months,
                "created_at": now(),
                "expires_at": now() + SignedDuration::from_hours(30 * 24),
            })
        });
    }

    /// Somebody, or nobody in particular, gives subscriptions away.
    pub fn gift(&self, channel: u64, gifter: Option<&Viewer>, giftees: &[Viewer]) {
        self.shared.emit_of(channel, "channel.subscription.gifts", |_| {
            json!({
                "gifter": gifter.map_or_else(bodies::anonymous, bodies::person),
                "giftees": giftees.iter().map(bodies::person).collect::<Vec<_>>(),
                "created_at": now(),
                "expires_at": now() + SignedDuration::from_hours(30 * 24),
            })
        });
    }

    /// Somebody gives KICKs.
    pub fn kicks(&self, channel: u64, sender: &Viewer, amount: u64, message: &str) {
        self.shared.emit_of(channel, "kicks.gifted", |_| {
            json!({
                "sender": bodies::person(sender),
                "gift": {
                    "amount": amount,
                    "name": "Rage Quit",
                    "type": "LEVEL_UP",
                    "tier": "MID",
                    "message": message,
                    "pinned_time_seconds": 600,
                },
                "created_at": now(),
            })
        });
    }

    /// Somebody redeems a reward, or what they redeemed is accepted or rejected.
    pub fn redeem(&self, channel: u64, redemption: &str, redeemer: &Viewer, status: &str) {
        self.shared.emit_of(channel, "channel.reward.redemption.updated", |_| {
            json!({
                "id": redemption,
                "user_input": "the blue one",
                "status": status,
                "redeemed_at": now(),
                "reward": { "id": "01CUP", "title": "Choose a cup", "cost": 300, "description": "" },
                "redeemer": bodies::person(redeemer),
            })
        });
    }

    /// An event of any type: `body` with who the broadcaster is.
    pub fn emit(&self, channel: u64, event_type: &str, body: Value) {
        self.shared.emit_of(channel, event_type, |_| body);
    }

    /// The channel goes on air: since when. None if it is already.
    pub fn go_live(&self, channel: u64) -> Option<Timestamp> {
        let since = lock(&self.shared.world).go_live(channel)?;
        self.status_changed(channel, true, since, None);
        Some(since)
    }

    /// The channel goes off air. Whether it was on air.
    pub fn end_stream(&self, channel: u64) -> bool {
        let since = {
            let mut world = lock(&self.shared.world);
            let channel = world.channel_mut(channel);
            channel.and_then(|channel| {
                channel.viewers = 0;
                channel.live_since.take()
            })
        };
        if let Some(since) = since {
            self.status_changed(channel, false, since, Some(since.max(now())));
        }
        since.is_some()
    }

    fn status_changed(
        &self,
        channel: u64,
        is_live: bool,
        since: Timestamp,
        ended: Option<Timestamp>,
    ) {
        self.shared.emit_of(channel, "livestream.status.updated", |view| {
            json!({
                "is_live": is_live,
                "title": view.title,
                "started_at": bodies::time(since),
                "ended_at": ended.map(bodies::time),
            })
        });
    }

    /// The streamer changes the title on Kick's own page.
    pub fn set_title(&self, channel: u64, title: &str) {
        if let Some(channel) = lock(&self.shared.world).channel_mut(channel) {
            channel.title = title.into();
        }
        self.shared.metadata_changed(channel);
    }

    /// So many watch.
    pub fn set_viewers(&self, channel: u64, viewers: u32) {
        if let Some(channel) = lock(&self.shared.world).channel_mut(channel) {
            channel.viewers = viewers;
        }
    }
}
