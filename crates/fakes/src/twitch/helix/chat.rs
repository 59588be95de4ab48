//! The chat and its moderators.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Caller, Pairs, data, first, refuse};
use crate::{
    lock,
    twitch::{BanView, MessageView, Shared, Viewer, events},
};

type Given = Result<Json<Value>, JsonRejection>;

pub(super) async fn send(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    given: Given,
) -> Response {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, message);
    let Ok(Json(given)) = given else { return bad("no JSON") };
    let sender = given["sender_id"].as_str();
    let channel = match caller.owns(sender, "user:write:chat") {
        Ok(channel) if given["broadcaster_id"].as_str() == Some(&channel) => channel,
        Ok(_) => return bad("the fake knows a chat only as its streamer"),
        Err(refusal) => return refusal,
    };
    let text = given["message"].as_str().unwrap_or_default();
    if text.is_empty() {
        return bad("The message field is required");
    }
    if text.chars().count() > 500 {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "The message is too large");
    }
    let reply_to = given["reply_parent_message_id"].as_str();
    let id = shared.message_id();
    let sent = {
        let mut world = lock(&shared.world);
        if let Some((code, message)) = world.drops.pop() {
            let reason = json!({ "code": code, "message": message });
            let dropped = json!([{ "message_id": "", "is_sent": false, "drop_reason": reason }]);
            return data(dropped);
        }
        let Some(channel) = world.channels.get_mut(&channel) else {
            return bad("no such channel");
        };
        channel.write(MessageView {
            id: id.clone(),
            text: text.into(),
            reply_to: reply_to.map(Into::into),
            deleted: false,
        });
        events::message(&channel.owner, &channel.owner, &id, text, reply_to)
    };
    shared.emit(&channel, "channel.chat.message", &sent);
    data(json!([{ "message_id": id, "is_sent": true, "drop_reason": null }]))
}

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    pairs: Pairs,
) -> Response {
    let scope = "moderator:manage:chat_messages";
    let channel = match caller.owns(first(&pairs, "broadcaster_id"), scope) {
        Ok(channel) => channel,
        Err(refusal) => return refusal,
    };
    let Some(id) = first(&pairs, "message_id") else {
        // This is what Twitch does, and nobody wants.
        if let Some(channel) = lock(&shared.world).channels.get_mut(&channel) {
            channel.clears += 1;
        }
        let event = shared.event_of(&channel, json!({}));
        shared.emit(&channel, "channel.chat.clear", &event);
        return StatusCode::NO_CONTENT.into_response();
    };
    if let Some(channel) = lock(&shared.world).channels.get_mut(&channel)
        && let Some(message) = channel.messages.iter_mut().find(|message| *message.id == *id)
    {
        message.deleted = true;
    }
    let event = shared.event_of(&channel, json!({ "message_id": id }));
    shared.emit(&channel, "channel.chat.message_delete", &event);
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn ban(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    pairs: Pairs,
    given: Given,
) -> Response {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, message);
    let channel = match moderated(&caller, &pairs) {
        Ok(channel) => channel,
        Err(refusal) => return refusal,
    };
    let Ok(Json(given)) = given else { return bad("no JSON") };
    let given = &given["data"];
    let Some(viewer) = given["user_id"].as_str() else { return bad("user_id is missing") };
    let seconds = given["duration"].as_u64();
    if seconds.is_some_and(|seconds| !(1..=1_209_600).contains(&seconds)) {
        return bad("The value of the duration field is not valid");
    }
    let reason = given["reason"].as_str().unwrap_or_default();
    {
        let mut world = lock(&shared.world);
        let Some(channel) = world.channels.get_mut(&channel) else { return bad("no such channel") };
        if channel.bans.get(viewer).is_some_and(|ban| ban.seconds.is_none()) {
            return bad("The user specified in the user_id field is already banned.");
        }
        let ban = BanView { viewer_id: viewer.into(), seconds, reason: reason.into() };
        channel.bans.insert(viewer.into(), ban);
    }
    let now = Timestamp::now();
    let ends_at = seconds.and_then(|seconds| {
        now.checked_add(SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok()
    });
    let viewer = Viewer { id: viewer.into(), login: "somebody".into(), name: "Somebody".into() };
    let moderator = shared.owner(&channel);
    let event = shared.event_of(
        &channel,
        json!({
            "user_id": viewer.id, "user_login": viewer.login, "user_name": viewer.name,
            "moderator_user_id": moderator.id, "moderator_user_login": moderator.login,
            "moderator_user_name": moderator.name,
            "reason": reason, "banned_at": now, "ends_at": ends_at, "is_permanent": ends_at.is_none(),
        }),
    );
    shared.emit(&channel, "channel.ban", &event);
    data(json!([{ "broadcaster_id": channel, "moderator_id": channel, "user_id": viewer.id,
        "created_at": now, "end_time": ends_at }]))
}

pub(super) async fn unban(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    pairs: Pairs,
) -> Response {
    let channel = match moderated(&caller, &pairs) {
        Ok(channel) => channel,
        Err(refusal) => return refusal,
    };
    let viewer = first(&pairs, "user_id").unwrap_or_default();
    let ban = lock(&shared.world)
        .channels
        .get_mut(&channel)
        .and_then(|channel| channel.bans.remove(viewer));
    if ban.is_none() {
        let message = "The user specified in the user_id query parameter is not banned.";
        return refuse(StatusCode::BAD_REQUEST, message);
    }
    let moderator = shared.owner(&channel);
    let event = shared.event_of(
        &channel,
        json!({
            "user_id": viewer, "user_login": "somebody", "user_name": "Somebody",
            "moderator_user_id": moderator.id, "moderator_user_login": moderator.login,
            "moderator_user_name": moderator.name,
        }),
    );
    shared.emit(&channel, "channel.unban", &event);
    StatusCode::NO_CONTENT.into_response()
}

#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn moderated(caller: &Caller, pairs: &Pairs) -> Result<Box<str>, Response> {
    if first(pairs, "moderator_id") != first(pairs, "broadcaster_id") {
        return Err(refuse(StatusCode::BAD_REQUEST, "the fake knows streamers as moderators only"));
    }
    caller.owns(first(pairs, "broadcaster_id"), "moderator:manage:banned_users")
}
