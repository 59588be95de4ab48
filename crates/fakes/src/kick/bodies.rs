//! The JSON of channels, people and deliveries.

use jiff::{Timestamp, tz};
use serde_json::{Value, json};

use super::{events::Viewer, world::ChannelView};

/// A time, to the second, by the clocks of Sydney: as Kick writes when a stream began or ended.
pub(crate) fn time(at: Timestamp) -> String {
    let at = Timestamp::from_second(at.as_second()).expect("a whole second of a time is one");
    at.display_with_offset(tz::offset(11)).to_string()
}

pub(crate) fn category(channel: &ChannelView) -> Value {
    let (id, name) = &channel.category;
    json!({ "id": id, "name": name, "thumbnail": thumbnail(*id) })
}

pub(crate) fn thumbnail(category: u64) -> String {
    format!("https://files.kick.example/images/subcategories/{category}/banner")
}

pub(crate) fn picture(user: u64) -> String {
    format!("https://files.kick.example/images/user/{user}/profile_image/fullsize.webp")
}

/// Somebody, without who they are in the channel.
pub(crate) fn person(viewer: &Viewer) -> Value {
    json!({
        "is_anonymous": false,
        "user_id": viewer.id,
        "username": viewer.name,
        "is_verified": null,
        "profile_picture": picture(viewer.id),
        "channel_slug": viewer.name.to_lowercase().replace('_', "-"),
        "identity": null,
    })
}

/// Somebody of whom nothing is told, not even that.
pub(crate) fn anonymous() -> Value {
    json!({
        "is_anonymous": false,
        "user_id": null,
        "username": null,
        "is_verified": null,
        "profile_picture": null,
        "channel_slug": null,
        "identity": null,
    })
}

pub(crate) fn broadcaster(channel: &ChannelView) -> Value {
    person(&Viewer::new(channel.id, &channel.slug))
}

/// Whoever writes in the chat, with who they are there.
pub(crate) fn chatter(viewer: &Viewer) -> Value {
    let mut person = person(viewer);
    let badges = viewer.badges.iter().map(|badge| json!({ "text": badge, "type": badge }));
    person["identity"] = json!({
        "username_color": format!("#{:06X}", viewer.id.wrapping_mul(0x9e_37_79) & 0xff_ff_ff),
        "badges": badges.collect::<Vec<_>>(),
    });
    person
}

/// A chat message, but for whose channel it is in.
pub(crate) fn message(id: &str, sender: &Viewer, content: &str, replies_to: &Value) -> Value {
    json!({
        "message_id": id,
        "replies_to": replies_to,
        "sender": chatter(sender),
        "content": content,
        "emotes": emotes(content),
        "created_at": Timestamp::now(),
    })
}

/// The emotes of a text, with where they stand.
pub(crate) fn emotes(content: &str) -> Value {
    let mut emotes: Vec<Value> = Vec::new();
    let mut from = 0;
    while let Some(at) = content[from..].find("[emote:").map(|at| from + at) {
        let Some(length) = content[at..].find(']') else { break };
        let id = content[at + 7..at + length].split(':').next().unwrap_or_default();
        let place = json!({ "s": at, "e": at + length });
        emotes.push(json!({ "emote_id": id, "positions": [place] }));
        from = at + length;
    }
    emotes.into()
}
