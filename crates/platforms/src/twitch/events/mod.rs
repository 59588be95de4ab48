//! What Twitch notifies of, as events. Pure: a payload in, an event out, whatever the payload is.
//!
//! One fact has one type here, though Twitch tells some of them twice: subscriptions, gifts, cheers and raids are taken
//! from `channel.*` and passed over where `channel.chat.notification` or `channel.chat.message` repeats them.
//!
//! An event's key is that of the fact, not of the delivery: Twitch's own id of it where it has one, and otherwise who,
//! what and in which second. So the same fact by way of two subscriptions is one event, also where two connections of
//! one account overlap. Where Twitch does not say who it was, the key is the delivery's.

mod channel;
mod chat;
pub(crate) mod fields;
mod support;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stagedoor_domain::{EventKind, EventReport, MAX_DEDUPE_KEY_BYTES, Platform};

use crate::fit::fit;

pub(crate) use channel::follow;

/// A notification of EventSub.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notification {
    /// Of which subscription: `channel.follow`.
    pub(crate) kind: Box<str>,
    /// The delivery: a message that is sent again has the same one.
    pub(crate) message_id: Box<str>,
    /// When Twitch sent it.
    pub(crate) sent_at: Timestamp,
    /// What it is about.
    pub(crate) event: Value,
}

/// The event, if it is one: some facts come by another notification as well, and only that one is taken.
pub(crate) fn report(notification: Notification, now: Timestamp) -> Option<EventReport> {
    let report = match &*notification.kind {
        "channel.chat.message" => chat::message(&notification),
        "channel.chat.message_delete" => chat::deleted(&notification),
        "channel.chat.clear_user_messages" => chat::user_cleared(&notification),
        "channel.chat.clear" => Some(chat::cleared(&notification)),
        "channel.chat.notification" => {
            return chat::notice(&notification).map(|report| finish(report, notification, now));
        }
        "channel.follow" => channel::followed(&notification),
        "channel.subscribe" => support::subscribed(&notification),
        "channel.subscription.message" => support::renewed(&notification),
        "channel.subscription.gift" => support::gave(&notification),
        "channel.subscription.end" => support::ended(&notification),
        "channel.cheer" => support::cheered(&notification),
        "channel.raid" => channel::raided(&notification),
        "channel.channel_points_custom_reward_redemption.add" => {
            channel::redemption(&notification, EventKind::RewardRedeemed)
        }
        "channel.channel_points_custom_reward_redemption.update" => {
            channel::redemption(&notification, EventKind::RewardUpdated)
        }
        "channel.ban" => channel::banned(&notification),
        "channel.unban" => channel::unbanned(&notification),
        "channel.update" => Some(channel::updated(&notification)),
        "channel.hype_train.begin" | "channel.hype_train.progress" | "channel.hype_train.end" => {
            channel::hype_train(&notification)
        }
        "channel.ad_break.begin" => Some(channel::ad_break(&notification)),
        "stream.online" => channel::online(&notification),
        "stream.offline" => Some(channel::offline(&notification)),
        _ => None,
    };
    let report = report.unwrap_or_else(|| unknown(&notification));
    Some(finish(report, notification, now))
}

/// What is not known, or lacks what it is about: kept as it is.
fn unknown(notification: &Notification) -> EventReport {
    let kind = EventKind::Unknown(notification.kind.clone());
    notification.report(kind, &[&notification.kind, &notification.message_id])
}

fn finish(mut report: EventReport, notification: Notification, now: Timestamp) -> EventReport {
    // Chat is the most by far, and of most of it the payload says no more than the event.
    let says_more = report.kind != EventKind::ChatMessage || chat::says_more(&notification.event);
    if says_more {
        report.raw = Some(notification.event);
    }
    fit(report, now)
}

impl Notification {
    /// An event that happened when this was sent, with a key of these parts.
    fn report(&self, kind: EventKind, key: &[&str]) -> EventReport {
        EventReport::new(Platform::Twitch, kind, self.sent_at, self::key(key))
    }

    /// An event about something that Twitch gives no id: this second is part of its key.
    fn report_of_now(&self, kind: EventKind, key: &[&str]) -> EventReport {
        let second = second(self.sent_at);
        self.report(kind, &[key, &[&second]].concat())
    }
}

/// The second in which something happened, as part of a key.
fn second(at: Timestamp) -> String {
    at.as_second().to_string()
}

/// `twitch:` and these. What would be too long for a key, or has no place in one, is hashed.
fn key(parts: &[&str]) -> Box<str> {
    let key = format!("twitch:{}", parts.join(":"));
    if key.len() <= MAX_DEDUPE_KEY_BYTES && !key.contains(char::is_control) {
        return key.into();
    }
    format!("twitch:{}", digest(&[&key])).into()
}

/// 16 hexadecimal digits that stand for these texts.
fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    let bytes = hash.finalize();
    let (number, _) = bytes.split_first_chunk().expect("a hash has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*number))
}

#[cfg(test)]
mod tests;
