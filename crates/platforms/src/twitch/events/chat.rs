//! Chat: messages, what is taken away of them, announcements.

use serde_json::Value;
use stagedoor_domain::{
    Actor, Badge, EventKind, EventReport, Fragment, FragmentKind, Message, Moderation,
    ModerationAction, Reply, Subscription,
};

use super::{
    Notification,
    fields::{flag, giver, id, list, number, person, small, text},
};

pub(super) fn message(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let message_id = id(event, "message_id")?;
    let mut report = notification.report(EventKind::ChatMessage, &["chat", &message_id]);
    report.message = Some(written(event, Some(message_id))?);
    report.actor = chatter(event);
    Some(report)
}

/// Whether a chat message's payload has something that its event has no place for: from which channel of a shared chat
/// it comes, which reward or cheer it belongs to, what is special about it.
pub(super) fn says_more(event: &Value) -> bool {
    let is_there = |field: &str| event.get(field).is_some_and(|value| !value.is_null());
    is_there("source_broadcaster_user_id")
        || is_there("channel_points_custom_reward_id")
        || is_there("cheer")
        || text(event, "message_type").is_some_and(|kind| kind != "text")
}

pub(super) fn deleted(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let message_id = id(event, "message_id")?;
    let mut report = notification.report(EventKind::ChatDeleted, &["chat-deleted", &message_id]);
    report.moderation = Some(Moderation {
        action: ModerationAction::Delete,
        target: person(event, "target_user_").map(Box::new),
        duration_s: None,
        expires_at: None,
        message_id: Some(message_id),
    });
    Some(report)
}

pub(super) fn user_cleared(notification: &Notification) -> Option<EventReport> {
    let target = person(&notification.event, "target_user_")?;
    let key = ["chat-user-cleared", target.id.as_deref()?];
    let mut report = notification.report_of_now(EventKind::ChatUserCleared, &key);
    report.moderation = Some(Moderation {
        action: ModerationAction::Clear,
        target: Some(Box::new(target)),
        duration_s: None,
        expires_at: None,
        message_id: None,
    });
    Some(report)
}

pub(super) fn cleared(notification: &Notification) -> EventReport {
    notification.report_of_now(EventKind::ChatCleared, &["chat-cleared"])
}

/// `channel.chat.notification`: announcements, and subscriptions that are paid for from now on. The rest of what it
/// tells comes by its own type too; what does not, or is new, is kept as `chat.<notice_type>`.
pub(super) fn notice(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let notice = text(event, "notice_type").unwrap_or("unknown");
    let of_this_channel = notice.strip_prefix("shared_chat_").unwrap_or(notice);
    let kind = match (notice, of_this_channel) {
        (_, "announcement") => EventKind::ChatAnnouncement,
        ("gift_paid_upgrade" | "prime_paid_upgrade", _) => EventKind::SubscriptionRenewed,
        (_, "sub" | "resub" | "sub_gift" | "community_sub_gift" | "raid") => return None,
        // What happens in another channel of a shared chat is that channel's.
        (notice, stripped) if notice != stripped => return None,
        (notice, _) => EventKind::Unknown(format!("chat.{notice}").into()),
    };
    let message_id = id(event, "message_id").unwrap_or_else(|| notification.message_id.clone());
    let mut report = notification.report(kind, &["chat", &message_id]);
    report.message = written(event, Some(message_id));
    report.reason = text(event, "system_message").map(Into::into);
    report.actor = if flag(event, "chatter_is_anonymous") {
        giver(event, "chatter_user_", "chatter_is_anonymous")
    } else {
        chatter(event)
    };
    if report.kind != EventKind::ChatAnnouncement {
        report.message.take_if(|message| message.text.is_empty());
    }
    if report.kind == EventKind::SubscriptionRenewed {
        let tier = event.get(notice).and_then(|upgrade| id(upgrade, "sub_tier"));
        report.subscription = Some(Subscription { tier, ..Subscription::default() });
    }
    Some(report)
}

/// What somebody wrote, in all forms in which Twitch writes it.
pub(super) fn written(event: &Value, message_id: Option<Box<str>>) -> Option<Message> {
    let message = event.get("message")?;
    Some(Message {
        id: message_id,
        text: message.get("text")?.as_str()?.into(),
        fragments: list(message, "fragments").iter().filter_map(fragment).collect(),
        reply_to: event.get("reply").and_then(reply),
    })
}

fn reply(reply: &Value) -> Option<Reply> {
    Some(Reply {
        message_id: id(reply, "parent_message_id")?,
        name: id(reply, "parent_user_name"),
        text: id(reply, "parent_message_body"),
    })
}

fn fragment(fragment: &Value) -> Option<Fragment> {
    let kind = text(fragment, "type")?;
    let its = fragment.get(kind).unwrap_or(&Value::Null);
    let plain = |kind| Fragment {
        kind,
        text: fragment.get("text").and_then(Value::as_str).unwrap_or_default().into(),
        id: None,
        url: None,
        amount: None,
    };
    Some(match kind {
        "emote" => {
            let id = id(its, "id");
            let url = id.as_deref().and_then(emote_url);
            Fragment { id, url, ..plain(FragmentKind::Emote) }
        }
        "mention" => Fragment { id: id(its, "user_id"), ..plain(FragmentKind::Mention) },
        "cheermote" => Fragment {
            id: id(its, "prefix"),
            amount: number(its, "bits"),
            ..plain(FragmentKind::Cheer)
        },
        "text" => plain(FragmentKind::Text),
        other => plain(FragmentKind::Unknown(other.into())),
    })
}

/// Where the emote's picture is, by the template of `GET /helix/chat/emotes`. An id that is no id has none.
fn emote_url(id: &str) -> Option<Box<str>> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let url = || format!("https://static-cdn.jtvnw.net/emoticons/v2/{id}/default/dark/2.0").into();
    is_plain.then(url)
}

/// Who wrote it, with what stands beside their name.
fn chatter(event: &Value) -> Option<Actor> {
    let mut actor = person(event, "chatter_user_")?;
    actor.color = text(event, "color").map(Into::into);
    for badge in list(event, "badges") {
        let Some(set) = id(badge, "set_id") else { continue };
        match &*set {
            "broadcaster" => actor.roles.owner = true,
            "moderator" | "lead_moderator" => actor.roles.moderator = true,
            "vip" => actor.roles.vip = true,
            "subscriber" | "founder" => actor.roles.subscriber = true,
            "partner" => actor.roles.verified = true,
            _ => {}
        }
        actor.badges.push(Badge { id: set, version: id(badge, "id") });
    }
    Some(actor)
}

/// `months` of something, for those who tell them.
pub(super) fn months(of: &Value, field: &str) -> Option<u32> {
    small(of, field).filter(|months| *months > 0)
}
