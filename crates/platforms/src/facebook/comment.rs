//! Comments under a live video: its chat. <https://developers.facebook.com/docs/graph-api/reference/comment>

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stagedoor_domain::{
    Actor, EventKind, EventReport, Fragment, FragmentKind, Message, Platform, Reply, Roles,
};

use super::{
    mentions,
    wire::{Id, Listed, hex, time},
};
use crate::fit::fit;

/// What is asked for of a comment. Who wrote it and what it answers is left out of the answer where the page's
/// permissions do not cover it.
pub(super) const FIELDS: &str = "id,created_time,message,message_tags,from{id,name},\
                                 attachment{type,title,url,media},parent{id,message,from{id,name}}";

/// How far Facebook's clock may be ahead of ours, in seconds.
const AHEAD_S: i64 = 300;

/// A comment, and what orders it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comment {
    /// When it was written, in seconds since 1970: Facebook tells no finer. 0 where it is not told.
    pub(crate) created: i64,
    pub(crate) id: Box<str>,
    pub(crate) report: EventReport,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    message: Option<Box<str>>,
    message_tags: Value,
    from: Value,
    attachment: Value,
    parent: Value,
}

#[derive(Debug, Deserialize)]
struct Author {
    id: Id,
    #[serde(default)]
    name: Option<Box<str>>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    id: Id,
    #[serde(default)]
    message: Option<Box<str>>,
    #[serde(default)]
    from: Value,
}

/// The events of an answer of the edge `comments` of the page's live video. What cannot be understood is kept as an
/// unknown event; what is no such answer has none.
#[must_use]
pub fn parse(body: &[u8], page_id: &str, now: Timestamp) -> Vec<EventReport> {
    let Ok(listed) = serde_json::from_slice::<Listed<Value>>(body) else { return Vec::new() };
    listed.data.into_iter().map(|comment| Comment::read(comment, page_id, now).report).collect()
}

impl Comment {
    /// What a comment of the page's live video says.
    pub(super) fn read(raw: Value, page_id: &str, now: Timestamp) -> Self {
        let id = raw.get("id").and_then(|id| Id::deserialize(id).ok());
        let at = raw.get("created_time").and_then(time);
        let wire = Wire::deserialize(&raw);
        let (Some(Id(id)), Some(at), Ok(wire)) = (id, at, wire) else {
            return Self::unknown(raw, at, now);
        };
        let key = EventReport::chat_key(&Platform::Facebook, &id);
        let mut report = EventReport::new(Platform::Facebook, EventKind::ChatMessage, at, key);
        report.actor = author(&wire.from, page_id);
        report.message = Some(message(wire, id.clone()));
        report.raw = Some(raw);
        Self { created: second(at, now), id, report: fit(report, now) }
    }

    /// Something without an id or a time: known again by what it says.
    fn unknown(raw: Value, at: Option<Timestamp>, now: Timestamp) -> Self {
        let digest = Sha256::digest(raw.to_string().as_bytes());
        let id = hex(&digest[..16]);
        let kind = EventKind::from("facebook.comment");
        let key = format!("facebook:unknown:{id}");
        let mut report = EventReport::new(Platform::Facebook, kind, at.unwrap_or(now), key);
        report.raw = Some(raw);
        let created = at.map_or(0, |at| second(at, now));
        Self { created, id: id.into(), report: fit(report, now) }
    }
}

/// When it was written. One from far in the future would have us ask for nothing earlier any more.
fn second(at: Timestamp, now: Timestamp) -> i64 {
    at.as_second().min(now.as_second().saturating_add(AHEAD_S))
}

fn author(from: &Value, page_id: &str) -> Option<Actor> {
    let Author { id: Id(id), name } = Author::deserialize(from).ok()?;
    let roles = Roles { owner: *id == *page_id, ..Roles::default() };
    Some(Actor {
        id: Some(id),
        name: name.filter(|name| !name.is_empty()),
        roles,
        ..Actor::default()
    })
}

fn message(wire: Wire, id: Box<str>) -> Message {
    let text = wire.message.unwrap_or_default();
    let mut fragments = mentions::fragments(&text, &wire.message_tags);
    if let Some(attached) = attached(&wire.attachment) {
        if fragments.is_empty() && !text.is_empty() {
            fragments.push(mentions::words(&text));
        }
        fragments.push(attached);
    }
    let reply_to = Parent::deserialize(&wire.parent).ok().map(|parent| Reply {
        message_id: parent.id.0,
        name: Author::deserialize(&parent.from).ok().and_then(|author| author.name),
        text: parent.message,
    });
    Message { id: Some(id), text, fragments, reply_to }
}

/// A sticker, a picture, a link. Its own text is not part of what was written.
fn attached(attachment: &Value) -> Option<Fragment> {
    let text_at =
        |path| attachment.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = text_at("/type")?;
    let (picture, page) = (text_at("/media/image/src"), text_at("/url"));
    let is_picture = matches!(kind, "sticker" | "animated_image_autoplay" | "animated_image_share");
    let (kind, url) = if is_picture {
        (FragmentKind::Emote, picture.or(page))
    } else {
        (FragmentKind::Link, page.or(picture))
    };
    let text = text_at("/title").unwrap_or_default();
    url.map(|url| Fragment {
        kind,
        text: text.into(),
        id: None,
        url: Some(url.into()),
        amount: None,
    })
}

#[cfg(test)]
mod tests;
