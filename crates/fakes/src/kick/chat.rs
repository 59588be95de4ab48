//! Chat messages and moderation.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Shared,
    api::{Given, LetIn, bad_request, failure, success},
    events::Viewer,
    world::BanView,
};
use crate::lock;

const MAX_CHARS: usize = 500;
const MAX_REASON_CHARS: usize = 100;
const MAX_MINUTES: u64 = 10_080;

pub(crate) async fn send(State(fake): State<Arc<Shared>>, who: LetIn, given: Given) -> Response {
    let sender = match who.account_with("chat:write") {
        Ok(sender) => sender,
        Err(refusal) => return refusal,
    };
    let Ok(Json(given)) = given else { return bad_request() };
    let content = given["content"].as_str().unwrap_or_default();
    if content.is_empty() || content.chars().count() > MAX_CHARS {
        return bad_request();
    }
    let channel = match given["type"].as_str() {
        Some("bot") => Some(sender),
        Some("user") => given["broadcaster_user_id"].as_u64(),
        _ => None,
    };
    let Some(channel) = channel else { return bad_request() };
    let name = {
        let mut world = lock(&fake.world);
        if world.channel(channel).is_none() {
            return failure(StatusCode::NOT_FOUND, "Not Found");
        }
        if world.unsent > 0 || world.is_banned(channel, sender) {
            world.unsent = world.unsent.saturating_sub(1);
            return success(json!({ "is_sent": false, "message_id": "" }));
        }
        world.channel(sender).map(|channel| channel.slug.clone()).unwrap_or_default()
    };
    let sender = Viewer::new(sender, &name);
    let reply_to = given["reply_to_message_id"].as_str();
    let id = fake.message(channel, &sender, content, reply_to);
    success(json!({ "is_sent": true, "message_id": id }))
}

pub(crate) async fn delete(
    State(fake): State<Arc<Shared>>,
    who: LetIn,
    Path(id): Path<String>,
) -> Response {
    let account = match who.account_with("moderation:chat_message:manage") {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let mut world = lock(&fake.world);
    let message = world.message_mut(&id);
    let Some(message) = message.filter(|message| message.channel == account && !message.deleted)
    else {
        return failure(StatusCode::NOT_FOUND, "Not Found");
    };
    message.deleted = true;
    StatusCode::NO_CONTENT.into_response()
}

/// Whom it is about, if the account may do it.
#[expect(clippy::result_large_err, reason = "a refusal is an answer")]
fn target(who: &LetIn, given: &Value) -> Result<(u64, u64), Response> {
    let account = who.account_with("moderation:ban")?;
    let channel = given["broadcaster_user_id"].as_u64().ok_or_else(bad_request)?;
    let viewer = given["user_id"].as_u64().ok_or_else(bad_request)?;
    if channel != account || viewer == account {
        return Err(failure(StatusCode::FORBIDDEN, "Forbidden"));
    }
    Ok((channel, viewer))
}

pub(crate) async fn ban(State(fake): State<Arc<Shared>>, who: LetIn, given: Given) -> Response {
    let Ok(Json(given)) = given else { return bad_request() };
    let (channel, viewer) = match target(&who, &given) {
        Ok(target) => target,
        Err(refusal) => return refusal,
    };
    let minutes = match given.get("duration").map(Value::as_u64) {
        None => None,
        Some(Some(minutes @ 1..=MAX_MINUTES)) => Some(minutes),
        Some(_) => return bad_request(),
    };
    let reason = given["reason"].as_str();
    if reason.is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARS) {
        return bad_request();
    }
    let ban = BanView { channel, viewer, minutes, reason: reason.map(Into::into) };
    fake.ban(ban);
    success(json!({}))
}

pub(crate) async fn unban(State(fake): State<Arc<Shared>>, who: LetIn, given: Given) -> Response {
    let Ok(Json(given)) = given else { return bad_request() };
    let (channel, viewer) = match target(&who, &given) {
        Ok(target) => target,
        Err(refusal) => return refusal,
    };
    if lock(&fake.world).unban(channel, viewer) {
        success(json!({}))
    } else {
        failure(StatusCode::NOT_FOUND, "Not Found")
    }
}
