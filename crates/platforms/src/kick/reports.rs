//! What Kick's deliveries mean (<https://docs.kick.com/events/event-types>).
//!
//! Each fact has a key by which it is the same however often and by whatever way it comes: the message's id for chat,
//! who and when for subscriptions, KICKs and bans, the time at which it began for a livestream. Only what has nothing
//! of the kind goes by the delivery's id, which stays the same when Kick delivers again.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use stagedoor_domain::{
    Actor, Badge, EventKind, EventReport, Gift, Message, Moderation, ModerationAction, Platform,
    Reply, Reward, Roles, Subscription, UnitKind, Units,
};

use super::{
    emotes::pieces,
    json::{id, number, text, time},
    on_air::{About, OnAir},
};
use crate::fit::fit;

/// A redemption that is accepted within this time never waited for anybody: it is told only once, as accepted.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(10);

/// What a delivery's headers say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) sent_at: Timestamp,
}

/// Whose channel a delivery is about.
pub(crate) fn broadcaster_id(body: &Value) -> Option<Box<str>> {
    id(&body["broadcaster"]["user_id"]).or_else(|| id(&body["broadcaster_user_id"]))
}

/// What a delivery reports: never nothing, and nothing that is not taken.
pub(crate) fn reports(delivery: &Delivery<'_>, body: Value, now: Timestamp) -> Vec<EventReport> {
    let understood = match delivery.event_type {
        "chat.message.sent" => one(chat_message(delivery, &body)),
        "channel.followed" => one(follow(delivery, &body)),
        "channel.subscription.new" => {
            one(subscription(delivery, &body, EventKind::SubscriptionNew))
        }
        "channel.subscription.renewal" => {
            one(subscription(delivery, &body, EventKind::SubscriptionRenewed))
        }
        "channel.subscription.gifts" => gifts(delivery, &body),
        "channel.reward.redemption.updated" => redemption(delivery, &body),
        "livestream.status.updated" => one(livestream(delivery, &body)),
        "livestream.metadata.updated" => one(metadata(delivery, &body)),
        "moderation.banned" => one(ban(delivery, &body)),
        "kicks.gifted" => one(kicks(delivery, &body)),
        _ => None,
    };
    let mut reports = understood.unwrap_or_else(|| {
        let kind = EventKind::Unknown(delivery.event_type.into());
        vec![delivery.report(kind, delivery.sent_at, None)]
    });
    // A chat message that was understood is whole without: they are most of what is stored.
    if let Some(first) = reports.first_mut().filter(|first| first.kind != EventKind::ChatMessage) {
        first.raw = Some(body);
    }
    reports.into_iter().map(|report| fit(report, now)).collect()
}

impl Delivery<'_> {
    /// A report of this fact; the delivery itself is the fact where it has no key of its own.
    fn report(&self, kind: EventKind, at: Timestamp, key: Option<String>) -> EventReport {
        let key = key.unwrap_or_else(|| format!("kick:{}", self.message_id));
        EventReport::new(Platform::Kick, kind, at, key)
    }
}

fn one(report: Option<EventReport>) -> Option<Vec<EventReport>> {
    report.map(|report| vec![report])
}

fn chat_message(delivery: &Delivery<'_>, body: &Value) -> Option<EventReport> {
    let message_id = id(&body["message_id"])?;
    let (words, fragments) = pieces(body["content"].as_str()?);
    let at = time(&body["created_at"]).unwrap_or(delivery.sent_at);
    let key = EventReport::chat_key(&Platform::Kick, &message_id).into_string();
    let mut report = delivery.report(EventKind::ChatMessage, at, Some(key));
    let mut actor = actor(&body["sender"])?;
    actor.roles.owner |= actor.id.is_some() && actor.id == broadcaster_id(body);
    report.actor = Some(actor);
    let reply = &body["replies_to"];
    report.message = Some(Message {
        id: Some(message_id),
        text: words,
        fragments,
        reply_to: id(&reply["message_id"]).map(|message_id| Reply {
            message_id,
            name: text(&reply["sender"]["username"]),
            text: reply["content"].as_str().map(|content| pieces(content).0),
        }),
    });
    Some(report)
}

fn follow(delivery: &Delivery<'_>, body: &Value) -> Option<EventReport> {
    let mut report = delivery.report(EventKind::Follow, delivery.sent_at, None);
    report.actor = Some(actor(&body["follower"])?);
    Some(report)
}

fn subscription(delivery: &Delivery<'_>, body: &Value, kind: EventKind) -> Option<EventReport> {
    let actor = actor(&body["subscriber"])?;
    let created = time(&body["created_at"]);
    let key = actor.id.as_ref().zip(created).map(|(who, when)| format!("kick:{kind}:{who}:{when}"));
    let mut report = delivery.report(kind, created.unwrap_or(delivery.sent_at), key);
    report.actor = Some(actor);
    // How many months in all: a new one has one, and each renewal one more, whatever it was paid for at once.
    let cumulative_months = number(&body["duration"]);
    report.subscription = Some(Subscription { cumulative_months, ..Subscription::default() });
    Some(report)
}

/// The batch, and each gift of it.
fn gifts(delivery: &Delivery<'_>, body: &Value) -> Option<Vec<EventReport>> {
    let recipients: Vec<_> = body["giftees"].as_array()?.iter().filter_map(actor).collect();
    let gifter = actor(&body["gifter"])?;
    let created = time(&body["created_at"]);
    let at = created.unwrap_or(delivery.sent_at);
    // Two givers who do not want to be known may give in the same second, but not to the same one.
    let first = recipients.iter().filter_map(|recipient| recipient.id.as_deref()).min();
    let batch_id = match (created, first) {
        (Some(created), Some(first)) => {
            let giver = gifter.id.as_deref().unwrap_or("anonymous");
            format!("kick:gifts:{giver}:{created}:{first}")
        }
        _ => format!("kick:{}", delivery.message_id),
    };
    let report = |kind, key: String, count, recipient: Option<Actor>| {
        let gift = Gift {
            count,
            batch_id: Some(batch_id.as_str().into()),
            recipient: recipient.map(Box::new),
            gifter_total: None,
        };
        let mut report = delivery.report(kind, at, Some(key));
        report.actor = Some(gifter.clone());
        report.subscription = Some(Subscription { gift: Some(gift), ..Subscription::default() });
        report
    };
    let count = recipients.len().try_into().unwrap_or(u32::MAX);
    let mut reports = vec![report(EventKind::SubscriptionGiftBatch, batch_id.clone(), count, None)];
    for (number, recipient) in recipients.into_iter().enumerate() {
        let whom = recipient.id.clone().unwrap_or_else(|| number.to_string().into());
        let key = format!("{batch_id}:to:{whom}");
        reports.push(report(EventKind::SubscriptionGiftReceived, key, 1, Some(recipient)));
    }
    Some(reports)
}

/// A redemption, and what became of it. It waits for the streamer or is accepted at once, as the reward has it; either
/// way it was redeemed, once.
fn redemption(delivery: &Delivery<'_>, body: &Value) -> Option<Vec<EventReport>> {
    let redemption_id = id(&body["id"])?;
    let status = text(&body["status"]);
    let redeemed_at = time(&body["redeemed_at"]).unwrap_or(delivery.sent_at);
    let reward = &body["reward"];
    let reward = Reward {
        id: id(&reward["id"])?,
        title: text(&reward["title"]).unwrap_or_default(),
        cost: reward["cost"].as_u64().unwrap_or(0),
        redemption_id: Some(redemption_id.clone()),
        status: status.clone(),
        input: text(&body["user_input"]),
    };
    let report = |kind, at, key| {
        let mut report = delivery.report(kind, at, Some(key));
        report.actor = actor(&body["redeemer"]);
        report.reward = Some(reward.clone());
        report
    };
    let mut redeemed =
        report(EventKind::RewardRedeemed, redeemed_at, format!("kick:redeemed:{redemption_id}"));
    redeemed.replayed = delivery.sent_at.duration_since(redeemed_at) > AT_ONCE;
    let updated = |status: &str| {
        let key = format!("kick:redeemed:{redemption_id}:{status}");
        report(EventKind::RewardUpdated, delivery.sent_at, key)
    };
    Some(match status.as_deref() {
        None | Some("pending") => vec![EventReport { replayed: false, ..redeemed }],
        Some("accepted") => vec![redeemed, updated("accepted")],
        Some(status) => vec![updated(status)],
    })
}

fn livestream(delivery: &Delivery<'_>, body: &Value) -> Option<EventReport> {
    let broadcaster = broadcaster_id(body)?;
    let on_air = OnAir { broadcaster: &broadcaster, since: time(&body["started_at"]) };
    let mut report = if body["is_live"].as_bool()? {
        on_air.online(delivery.sent_at)
    } else {
        on_air.offline(time(&body["ended_at"]), delivery.sent_at)
    };
    report.stream.get_or_insert_default().title = text(&body["title"]);
    if on_air.since.is_none() {
        report.dedupe_key = format!("kick:{}", delivery.message_id).into();
    }
    Some(report)
}

fn metadata(delivery: &Delivery<'_>, body: &Value) -> Option<EventReport> {
    let metadata = Some(&body["metadata"]).filter(|metadata| metadata.is_object())?;
    let category = metadata.get("category").or_else(|| metadata.get("Category"));
    let mut report = delivery.report(EventKind::StreamUpdated, delivery.sent_at, None);
    let category = category.and_then(|category| text(&category["name"]));
    report.stream = Some(About { title: text(&metadata["title"]), category }.facts());
    Some(report)
}

fn ban(delivery: &Delivery<'_>, body: &Value) -> Option<EventReport> {
    let target = actor(&body["banned_user"])?;
    let metadata = &body["metadata"];
    let created = time(&metadata["created_at"]);
    let expires_at = time(&metadata["expires_at"]);
    let at = created.unwrap_or(delivery.sent_at);
    let key = target.id.as_ref().zip(created).map(|(who, when)| format!("kick:ban:{who}:{when}"));
    let mut report = delivery.report(EventKind::Moderation, at, key);
    report.actor = actor(&body["moderator"]);
    report.reason = text(&metadata["reason"]);
    report.moderation = Some(Moderation {
        action: match expires_at {
            Some(_) => ModerationAction::Timeout,
            None => ModerationAction::Ban,
        },
        target: Some(Box::new(target)),
        duration_s: expires_at.map(|end| end.duration_since(at).as_secs().try_into().unwrap_or(0)),
        expires_at,
        message_id: None,
    });
    Some(report)
}

fn kicks(delivery: &Delivery<'_>, body: &Value) -> Option<EventReport> {
    let sender = actor(&body["sender"])?;
    let gift = &body["gift"];
    let amount = gift["amount"].as_u64()?;
    let created = time(&body["created_at"]);
    let key = sender.id.as_ref().zip(created);
    let key = key.map(|(who, when)| format!("kick:kicks:{who}:{when}:{amount}"));
    let mut report = delivery.report(EventKind::Cheer, created.unwrap_or(delivery.sent_at), key);
    report.actor = Some(sender);
    report.units = Some(Units { kind: UnitKind::Kicks, amount });
    report.message = text(&gift["message"]).map(|content| {
        let (text, fragments) = pieces(&content);
        Message { text, fragments, ..Message::default() }
    });
    Some(report)
}

/// Somebody. Of one who does not want to be known nothing is told, and at times not even that.
fn actor(user: &Value) -> Option<Actor> {
    let user = user.as_object().map(|_| user)?;
    let (id, name) = (id(&user["user_id"]), text(&user["username"]));
    let anonymous = user["is_anonymous"].as_bool() == Some(true) || id.is_none() && name.is_none();
    if anonymous {
        return Some(Actor { anonymous, ..Actor::default() });
    }
    let identity = &user["identity"];
    let badges = identity["badges"].as_array().into_iter().flatten();
    let badges = badges.filter_map(|badge| {
        let count = badge["count"].as_u64();
        let version = count.map(|count| count.to_string().into());
        Some(Badge { id: text(&badge["type"])?, version })
    });
    let badges: Vec<_> = badges.collect();
    let has = |badge: &str| badges.iter().any(|has| &*has.id == badge);
    let verified = user["is_verified"].as_bool() == Some(true);
    Some(Actor {
        id,
        name,
        login: text(&user["channel_slug"]),
        avatar_url: text(&user["profile_picture"]),
        anonymous,
        roles: Roles {
            owner: has("broadcaster"),
            moderator: has("moderator"),
            vip: has("vip"),
            subscriber: has("subscriber") || has("founder"),
            verified,
        },
        badges,
        color: text(&identity["username_color"]),
    })
}
