//! The channel and its stream: follows, raids, rewards, bans, what is on air.

use jiff::Timestamp;
use serde_json::Value;
use stagedoor_domain::{
    EventKind, EventReport, Moderation, ModerationAction, Platform, Raid, Reward, StreamFacts,
    UnitKind, Units,
};

use super::{
    Notification, digest,
    fields::{flag, id, number, person, small, text, time},
    key, second,
};

pub(super) fn followed(notification: &Notification) -> Option<EventReport> {
    follow(&notification.event, notification.sent_at)
}

/// A follow, as EventSub tells it and as `GET /helix/channels/followers` lists it: that gives seconds and no more, so
/// the key has no more either.
pub(crate) fn follow(follow: &Value, otherwise_at: Timestamp) -> Option<EventReport> {
    let viewer = person(follow, "user_")?;
    let at = time(follow, "followed_at").unwrap_or(otherwise_at);
    let key = key(&["follow", viewer.id.as_deref()?, &second(at)]);
    let mut report = EventReport::new(Platform::Twitch, EventKind::Follow, at, key);
    report.actor = Some(viewer);
    Some(report)
}

pub(super) fn raided(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let from = person(event, "from_broadcaster_user_")?;
    let viewers = small(event, "viewers")?;
    let mut report = notification.report_of_now(EventKind::Raid, &["raid", from.id.as_deref()?]);
    report.actor = Some(from);
    report.raid = Some(Raid { viewers });
    Some(report)
}

pub(super) fn redemption(notification: &Notification, kind: EventKind) -> Option<EventReport> {
    let event = &notification.event;
    let redemption = id(event, "id")?;
    let reward = event.get("reward")?;
    let (cost, status) = (number(reward, "cost")?, id(event, "status"));
    let stands = status.as_deref().unwrap_or("unknown");
    let mut report = notification.report(kind, &["redemption", &redemption, stands]);
    if report.kind == EventKind::RewardRedeemed {
        report.occurred_at = time(event, "redeemed_at").unwrap_or(notification.sent_at);
        report.units = Some(Units { kind: UnitKind::Points, amount: cost });
    }
    report.actor = person(event, "user_");
    report.reward = Some(Reward {
        id: id(reward, "id")?,
        title: text(reward, "title")?.into(),
        cost,
        redemption_id: Some(redemption),
        status,
        input: text(event, "user_input").map(Into::into),
    });
    Some(report)
}

/// A ban, or a timeout, which is one that ends.
pub(super) fn banned(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let target = person(event, "user_")?;
    let at = time(event, "banned_at").unwrap_or(notification.sent_at);
    let until = time(event, "ends_at").filter(|_| !flag(event, "is_permanent"));
    let action = if until.is_some() { ModerationAction::Timeout } else { ModerationAction::Ban };
    let key = [action.as_str(), target.id.as_deref()?, &second(at)];
    let mut report = notification.report(EventKind::Moderation, &key);
    report.occurred_at = at;
    report.actor = person(event, "moderator_user_");
    report.reason = text(event, "reason").map(Into::into);
    report.moderation = Some(Moderation {
        action,
        target: Some(Box::new(target)),
        duration_s: until.and_then(|until| u64::try_from(until.duration_since(at).as_secs()).ok()),
        expires_at: until,
        message_id: None,
    });
    Some(report)
}

pub(super) fn unbanned(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let target = person(event, "user_")?;
    let key = ["unban", target.id.as_deref()?];
    let mut report = notification.report_of_now(EventKind::Moderation, &key);
    report.actor = person(event, "moderator_user_");
    report.moderation = Some(Moderation {
        action: ModerationAction::Unban,
        target: Some(Box::new(target)),
        duration_s: None,
        expires_at: None,
        message_id: None,
    });
    Some(report)
}

pub(super) fn updated(notification: &Notification) -> EventReport {
    let event = &notification.event;
    let (title, category) = (text(event, "title"), text(event, "category_name"));
    let what = digest(&[
        title.unwrap_or_default(),
        category.unwrap_or_default(),
        text(event, "language").unwrap_or_default(),
    ]);
    let mut report = notification.report_of_now(EventKind::StreamUpdated, &["updated", &what]);
    report.stream = Some(StreamFacts {
        title: title.map(Into::into),
        category: category.map(Into::into),
        ..StreamFacts::default()
    });
    report
}

pub(super) fn online(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let mut report = notification.report(EventKind::StreamOnline, &["online", &id(event, "id")?]);
    let started_at = time(event, "started_at");
    report.occurred_at = started_at.unwrap_or(notification.sent_at);
    report.stream = Some(StreamFacts { started_at, ..StreamFacts::default() });
    Some(report)
}

pub(super) fn offline(notification: &Notification) -> EventReport {
    let mut report = notification.report_of_now(EventKind::StreamOffline, &["offline"]);
    let ended_at = Some(notification.sent_at);
    report.stream = Some(StreamFacts { ended_at, ..StreamFacts::default() });
    report
}

/// A hype train has no kind of its own among the domain's: it is kept as `hype_train.begin`, `.progress` and `.end`,
/// with its level in words and the rest as Twitch tells it.
pub(super) fn hype_train(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let (train, level) = (id(event, "id")?, number(event, "level")?);
    let total = number(event, "total").unwrap_or_default();
    let kind = notification.kind.strip_prefix("channel.")?;
    let phase = kind.strip_prefix("hype_train.")?;
    let progress = format!("{level}.{total}");
    let key: &[&str] = match phase {
        "progress" => &["hype_train", &train, phase, &progress],
        _ => &["hype_train", &train, phase],
    };
    let mut report = notification.report(EventKind::Unknown(kind.into()), key);
    let at = match phase {
        "begin" => time(event, "started_at"),
        "end" => time(event, "ended_at"),
        _ => None,
    };
    report.occurred_at = at.unwrap_or(notification.sent_at);
    report.reason = Some(match (number(event, "progress"), number(event, "goal")) {
        (Some(progress), Some(goal)) => format!("level {level}, {progress} of {goal}").into(),
        _ => format!("level {level}").into(),
    });
    Some(report)
}

/// Advertisements begin: kept as `ad_break.begin`.
pub(super) fn ad_break(notification: &Notification) -> EventReport {
    let event = &notification.event;
    let at = time(event, "started_at").unwrap_or(notification.sent_at);
    let kind = EventKind::Unknown("ad_break.begin".into());
    let mut report = notification.report(kind, &["ad_break", &second(at)]);
    report.occurred_at = at;
    report.actor = person(event, "requester_user_").filter(|_| !flag(event, "is_automatic"));
    report.reason = number(event, "duration_seconds").map(|length| format!("{length} s").into());
    report
}
