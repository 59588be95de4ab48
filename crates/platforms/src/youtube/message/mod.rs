//! A message of a live chat becomes a report. What is not known, or lacks what it should have, is kept as unknown.
//!
//! Keys: a chat message is `youtube:chat:<id>`, anything else `youtube:<id>`. A message that is deleted is so once, by
//! whichever of the ways YouTube tells it: `youtube:deleted:<id of the message>`.

mod wire;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use stagedoor_domain::{
    Actor, EventKind, EventReport, Gift, Message, Moderation, ModerationAction, Money, Platform,
    Roles, Subscription, UnitKind, Units,
};

use crate::fit::fit;
pub(crate) use wire::json;

/// The longest id that is part of a key as it is, in bytes.
const MAX_ID: usize = 200;

/// What a message of the chat comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// Something happened.
    Report(Box<EventReport>),
    /// The chat has ended.
    Ended,
}

/// Reads a message in the REST API's form: <https://developers.google.com/youtube/v3/live/docs/liveChatMessages>.
pub(crate) fn parse(message: Value, now: Timestamp) -> Item {
    let snippet = &message["snippet"];
    let kind = snippet["type"].as_str().unwrap_or("none");
    if kind == "chatEndedEvent" {
        return Item::Ended;
    }
    let id = words(&message["id"]).unwrap_or_default();
    let at = words(&snippet["publishedAt"]).and_then(|at| at.parse().ok()).unwrap_or(now);
    let known = known(kind, &id, &message).unwrap_or_else(|| {
        let mut report = bare(EventKind::Unknown(format!("youtube.{kind}").into()), &id);
        report.message = written(&id, words(&snippet["displayMessage"]));
        // A poll comes again when it is closed.
        report.revision = u32::from(snippet["pollDetails"]["status"] == "closed");
        report.actor = Some(author(&message));
        report
    });
    let mut report = EventReport { occurred_at: at, raw: Some(message), ..known };
    if report.dedupe_key.ends_with(':') {
        // Without an id it is the same as one that says the same.
        let all = report.raw.as_ref().map(Value::to_string).unwrap_or_default();
        report.dedupe_key = format!("youtube:{}", digest(&all)).into();
    }
    Item::Report(Box::new(fit(report, now)))
}

/// The report of a message that is known, and has what it is about.
fn known(kind: &str, id: &str, message: &Value) -> Option<EventReport> {
    let snippet = &message["snippet"];
    let mut report = match kind {
        "textMessageEvent" => {
            let text = words(&snippet["textMessageDetails"]["messageText"])
                .or_else(|| words(&snippet["displayMessage"]))?;
            let mut report = bare(EventKind::ChatMessage, id);
            report.dedupe_key = EventReport::chat_key(&Platform::YouTube, id);
            report.message = written(id, Some(text));
            report
        }
        "superChatEvent" => donation(id, &snippet["superChatDetails"])?,
        "superStickerEvent" => donation(id, &snippet["superStickerDetails"])?,
        "fanFundingEvent" => donation(id, &snippet["fanFundingEventDetails"])?,
        "giftEvent" => gift(id, snippet)?,
        "newSponsorEvent" => {
            let details = &snippet["newSponsorDetails"];
            let is_upgrade = details["isUpgrade"] == true;
            let kind = if is_upgrade {
                EventKind::SubscriptionRenewed
            } else {
                EventKind::SubscriptionNew
            };
            let mut report = bare(kind, id);
            report.reason = is_upgrade.then(|| "upgrade".into());
            report.subscription = Some(level(&details["memberLevelName"]));
            report
        }
        "memberMilestoneChatEvent" => {
            let details = &snippet["memberMilestoneChatDetails"];
            let mut report = bare(EventKind::SubscriptionRenewed, id);
            report.subscription = Some(Subscription {
                cumulative_months: small(&details["memberMonth"]),
                ..level(&details["memberLevelName"])
            });
            report.message = written(id, words(&details["userComment"]));
            report
        }
        "membershipGiftingEvent" => {
            let details = &snippet["membershipGiftingDetails"];
            let count = small(&details["giftMembershipsCount"])?;
            let mut report = bare(EventKind::SubscriptionGiftBatch, id);
            let gift = Gift { count, batch_id: Some(id.into()), ..Gift::default() };
            report.subscription = Some(Subscription {
                gift: Some(gift),
                ..level(&details["giftMembershipsLevelName"])
            });
            report
        }
        "giftMembershipReceivedEvent" => return Some(received(id, message)),
        "userBannedEvent" => banned(id, &snippet["userBannedDetails"]),
        "messageDeletedEvent" => {
            deleted(words(&snippet["messageDeletedDetails"]["deletedMessageId"])?)
        }
        "messageRetractedEvent" => {
            let id = words(&snippet["messageRetractedDetails"]["retractedMessageId"])?;
            EventReport { reason: Some("retracted".into()), ..deleted(id) }
        }
        // What is left of a message that is gone.
        "tombstone" if !id.is_empty() => deleted(id.into()),
        _ => return None,
    };
    report.actor = Some(author(message)).filter(|author| *author != Actor::default());
    Some(report)
}

fn bare(kind: EventKind, id: &str) -> EventReport {
    EventReport::new(Platform::YouTube, kind, Timestamp::UNIX_EPOCH, key("youtube:", id))
}

/// A key; of an id that is too long its digest.
fn key(kind: &str, id: &str) -> Box<str> {
    if id.len() <= MAX_ID {
        return format!("{kind}{id}").into();
    }
    format!("{kind}{}", digest(id)).into()
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk().expect("a digest of 32 bytes begins with 16");
    format!("{:032x}", u128::from_be_bytes(*first))
}

/// A super chat, a super sticker, and what was there before them: money.
fn donation(id: &str, details: &Value) -> Option<EventReport> {
    let micros = long(&details["amountMicros"])?;
    let money = Money {
        micros: i64::try_from(micros).unwrap_or(i64::MAX),
        currency: words(&details["currency"])?.parse().ok()?,
    };
    let text = words(&details["userComment"])
        .or_else(|| words(&details["superStickerMetadata"]["altText"]));
    let mut report = bare(EventKind::Donation, id);
    report.money = Some(money);
    report.message = written(id, text);
    Some(report)
}

/// A gift comes again with the same id and more of it while its sender goes on. The description of the API and its
/// reference have it in different places.
fn gift(id: &str, snippet: &Value) -> Option<EventReport> {
    let inner = &snippet["giftEventDetails"]["giftMetadata"];
    let details = [&snippet["giftDetails"], inner, &snippet["giftEventDetails"]]
        .into_iter()
        .find(|details| !details["jewelsAmount"].is_null())?;
    let combo = small(&details["comboCount"]).unwrap_or(1);
    let amount = long(&details["jewelsAmount"])?.saturating_mul(combo.max(1).into());
    let mut report = bare(EventKind::Cheer, id);
    report.revision = combo;
    report.units = Some(Units { kind: UnitKind::Jewels, amount });
    let name = words(&details["giftName"]).or_else(|| words(&details["altText"]));
    report.message = written(id, name);
    Some(report)
}

/// Who did it is the giver, of whom only the id is told; the message's author is who was given it.
fn received(id: &str, message: &Value) -> EventReport {
    let details = &message["snippet"]["giftMembershipReceivedDetails"];
    let mut report = bare(EventKind::SubscriptionGiftReceived, id);
    report.actor = words(&details["gifterChannelId"])
        .map(|giver| Actor { id: Some(giver), ..Actor::default() });
    let gift = Gift {
        count: 1,
        batch_id: words(&details["associatedMembershipGiftingMessageId"]),
        recipient: Some(Box::new(author(message))),
        gifter_total: None,
    };
    report.subscription =
        Some(Subscription { gift: Some(gift), ..level(&details["memberLevelName"]) });
    report
}

fn banned(id: &str, details: &Value) -> EventReport {
    let target = &details["bannedUserDetails"];
    let duration_s = long(&details["banDurationSeconds"]);
    let for_a_while = details["banType"] == "temporary" || duration_s.is_some();
    let mut report = bare(EventKind::Moderation, id);
    report.moderation = Some(Moderation {
        action: if for_a_while { ModerationAction::Timeout } else { ModerationAction::Ban },
        target: Some(Box::new(Actor {
            id: words(&target["channelId"]),
            name: words(&target["displayName"]),
            avatar_url: words(&target["profileImageUrl"]),
            ..Actor::default()
        })),
        duration_s,
        expires_at: None,
        message_id: None,
    });
    report
}

fn deleted(message: Box<str>) -> EventReport {
    let mut report = bare(EventKind::ChatDeleted, "");
    report.dedupe_key = key("youtube:deleted:", &message);
    report.moderation = Some(Moderation {
        action: ModerationAction::Delete,
        target: None,
        duration_s: None,
        expires_at: None,
        message_id: Some(message),
    });
    report
}

fn author(message: &Value) -> Actor {
    let details = &message["authorDetails"];
    let is = |role: &str| details[role] == true;
    Actor {
        id: words(&details["channelId"]).or_else(|| words(&message["snippet"]["authorChannelId"])),
        name: words(&details["displayName"]),
        avatar_url: words(&details["profileImageUrl"]),
        roles: Roles {
            owner: is("isChatOwner"),
            moderator: is("isChatModerator"),
            subscriber: is("isChatSponsor"),
            verified: is("isVerified"),
            ..Roles::default()
        },
        ..Actor::default()
    }
}

fn level(name: &Value) -> Subscription {
    Subscription { level_name: words(name), ..Subscription::default() }
}

fn written(id: &str, text: Option<Box<str>>) -> Option<Message> {
    let id = Some(id).filter(|id| !id.is_empty()).map(Into::into);
    text.map(|text| Message { id, text, ..Message::default() })
}

/// A text that says something.
fn words(value: &Value) -> Option<Box<str>> {
    value.as_str().filter(|text| !text.is_empty()).map(Into::into)
}

/// A number, written as one or as a text.
fn long(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn small(value: &Value) -> Option<u32> {
    long(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}
