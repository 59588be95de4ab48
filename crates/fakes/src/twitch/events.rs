//! What happens, as EventSub tells it.

use serde_json::{Value, json};

use super::Viewer;

/// A chat message.
pub(crate) fn message(
    channel: &Viewer,
    viewer: &Viewer,
    id: &str,
    text: &str,
    reply_to: Option<&str>,
) -> Value {
    let is_owner = viewer.id == channel.id;
    let badges = if is_owner {
        json!([{ "set_id": "broadcaster", "id": "1", "info": "" }])
    } else {
        json!([])
    };
    let reply = reply_to.map(|id| {
        json!({ "parent_message_id": id, "parent_message_body": "", "parent_user_id": "",
            "parent_user_name": "", "parent_user_login": "", "thread_message_id": id })
    });
    json!({
        "broadcaster_user_id": channel.id, "broadcaster_user_login": channel.login,
        "broadcaster_user_name": channel.name,
        "chatter_user_id": viewer.id, "chatter_user_login": viewer.login,
        "chatter_user_name": viewer.name,
        "message_id": id,
        "message": { "text": text, "fragments": fragments(text) },
        "color": color(viewer), "badges": badges, "message_type": "text", "cheer": null,
        "reply": reply, "channel_points_custom_reward_id": null,
        "source_broadcaster_user_id": null, "source_broadcaster_user_login": null,
        "source_broadcaster_user_name": null, "source_message_id": null, "source_badges": null,
    })
}

const EMOTES: &[(&str, &str)] =
    &[("Kappa", "25"), ("LUL", "425618"), ("PogChamp", "305954156"), ("HeyGuys", "30259")];

/// Words and emotes.
fn fragments(text: &str) -> Vec<Value> {
    let plain = |text: &str| json!({ "type": "text", "text": text, "cheermote": null, "emote": null, "mention": null });
    let mut fragments = Vec::new();
    let mut words = String::new();
    for word in text.split_inclusive(' ') {
        match EMOTES.iter().find(|(name, _)| *name == word.trim_end()) {
            Some((name, id)) => {
                if !words.is_empty() {
                    fragments.push(plain(&words));
                }
                let emote =
                    json!({ "id": id, "emote_set_id": "0", "owner_id": "0", "format": ["static"] });
                fragments.push(json!({ "type": "emote", "text": name, "emote": emote,
                    "cheermote": null, "mention": null }));
                words = word[name.len()..].into();
            }
            None => words.push_str(word),
        }
    }
    if !words.is_empty() {
        fragments.push(plain(&words));
    }
    fragments
}

/// One of the colours that people have there.
fn color(viewer: &Viewer) -> &'static str {
    const COLORS: &[&str] = &[
        "#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50", "#9ACD32", "#FF4500", "#2E8B57", "",
    ];
    let sum: usize = viewer.id.bytes().map(usize::from).sum();
    COLORS[sum % COLORS.len()]
}
