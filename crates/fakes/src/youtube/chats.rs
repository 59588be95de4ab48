//! Chats by REST, and bans.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Author, BanView, Said, Shared,
    access::Caller,
    broadcasts::{Asked, Given, no_json},
    wire::failure,
    world::{Chat, World},
};
use crate::lock;

/// How many messages an answer has at most.
pub(crate) const PAGE: usize = 500;

pub(crate) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route(
            "/youtube/v3/liveChat/messages",
            get(list_messages).post(insert_message).delete(delete_message),
        )
        .route("/youtube/v3/liveChat/bans", axum::routing::post(insert_ban).delete(delete_ban))
        .with_state(Arc::clone(shared))
}

/// Where reading goes on: a chat and a place in it.
pub(crate) fn token(chat: &str, place: usize) -> String {
    format!("{chat}~{place}")
}

/// The place that a token tells; without one, where recent history begins.
pub(crate) fn place(chat: &str, its: &Chat, page: Option<&str>, history: usize) -> Option<usize> {
    match page {
        None => Some(its.len().saturating_sub(history)),
        Some(page) => {
            let place = page.strip_prefix(chat)?.strip_prefix('~')?.parse().ok()?;
            (place <= its.len()).then_some(place)
        }
    }
}

/// The reason why a chat is not read or written, if it is not.
pub(crate) fn closed(world: &World, chat: Option<&String>) -> Option<(u16, &'static str)> {
    match chat.and_then(|chat| world.chats.get(chat)) {
        None => Some((404, "liveChatNotFound")),
        Some(chat) if chat.disabled => Some((403, "liveChatDisabled")),
        Some(_) => None,
    }
}

async fn list_messages(
    State(shared): State<Arc<Shared>>,
    _: Caller,
    Query(asked): Asked,
) -> Response {
    let world = lock(&shared.world);
    let id = asked.get("liveChatId");
    if let Some((status, reason)) = closed(&world, id) {
        return failure(status, reason, "The chat cannot be read.");
    }
    let id = id.expect("a chat that is not closed is there");
    let chat = &world.chats[id];
    let page = asked.get("pageToken").map(String::as_str);
    let place = place(id, chat, page, shared.config.history);
    let Some((place, entries)) =
        place.and_then(|place| Some((place, chat.from(place, PAGE)?.collect::<Vec<_>>())))
    else {
        return failure(400, "pageTokenInvalid", "The page token is not valid.");
    };
    if entries.is_empty() && chat.ended {
        return failure(403, "liveChatEnded", "The live chat is no longer live.");
    }
    let items: Vec<Value> = entries.iter().map(|entry| entry.json(id)).collect();
    let interval = u64::try_from(shared.config.polling_interval.as_millis()).unwrap_or(u64::MAX);
    let mut body = json!({
        "kind": "youtube#liveChatMessageListResponse",
        "etag": "etag",
        "nextPageToken": token(id, place + items.len()),
        "pollingIntervalMillis": interval,
        "pageInfo": { "totalResults": items.len(), "resultsPerPage": items.len() },
        "items": items,
    });
    if let Some(at) = chat.offline_at {
        body["offlineAt"] = at.to_string().into();
    }
    Json(body).into_response()
}

async fn insert_message(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    given: Given,
) -> Response {
    let Ok(Json(given)) = given else { return no_json() };
    let snippet = &given["snippet"];
    let text = snippet["textMessageDetails"]["messageText"].as_str();
    let Some(text) = text.filter(|text| (1..=200).contains(&text.chars().count())) else {
        return failure(400, "messageTextInvalid", "The message text is not valid.");
    };
    if snippet["type"] != "textMessageEvent" {
        return failure(400, "typeRequired", "The type is not valid.");
    }
    let mut world = lock(&shared.world);
    let id = snippet["liveChatId"].as_str().map(str::to_owned);
    if let Some((status, reason)) = closed(&world, id.as_ref()) {
        return failure(status, reason, "The chat cannot be written to.");
    }
    let chat = id.expect("a chat that is not closed is there");
    if world.chats[&chat].offline_at.is_some() || world.chats[&chat].ended {
        return failure(403, "liveChatEnded", "The live chat is no longer live.");
    }
    let author = Author {
        owner: world.chats[&chat].owner == channel,
        name: world.channels.get(&channel).cloned().unwrap_or_default(),
        id: channel,
        ..Author::default()
    };
    let said = Said::Text(text.into());
    let id = world.say(&chat, author, said, None).expect("a chat that is open");
    let written = world.chats[&chat].from(world.chats[&chat].len() - 1, 1);
    let entry = written.and_then(|mut entries| entries.next()).expect("what was said just now");
    debug_assert_eq!(entry.id, id);
    Json(entry.json(&chat)).into_response()
}

async fn delete_message(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    Query(asked): Asked,
) -> Response {
    let mut world = lock(&shared.world);
    let Some(id) = asked.get("id") else { return failure(400, "idRequired", "id is required") };
    let found = world.chats.iter().find(|(_, chat)| chat.contains(id));
    let Some((chat, owner)) = found.map(|(name, chat)| (name.clone(), chat.owner.clone())) else {
        return failure(404, "liveChatMessageNotFound", "The message cannot be found.");
    };
    if owner != channel {
        return failure(403, "forbidden", "it is somebody else's chat");
    }
    let author = Author { id: owner, owner: true, ..Author::default() };
    world.say(&chat, author, Said::Deleted { message: id.clone() }, None);
    StatusCode::NO_CONTENT.into_response()
}

async fn insert_ban(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    given: Given,
) -> Response {
    let Ok(Json(given)) = given else { return no_json() };
    let snippet = &given["snippet"];
    let viewer = snippet["bannedUserDetails"]["channelId"].as_str();
    let chat = snippet["liveChatId"].as_str();
    let (Some(viewer), Some(chat)) = (viewer, chat) else {
        return failure(400, "bannedUserChannelIdRequired", "who, and where, is required");
    };
    let seconds = &snippet["banDurationSeconds"];
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok());
    let seconds = match snippet["type"].as_str() {
        Some("permanent") if seconds.is_none() => None,
        Some("temporary") if seconds.is_some() => seconds,
        _ => return failure(400, "banTypeInvalid", "The type of ban is not valid."),
    };
    let mut world = lock(&shared.world);
    match world.chats.get(chat) {
        None => return failure(404, "liveChatNotFound", "The chat cannot be found."),
        Some(chat) if chat.owner != channel => {
            return failure(403, "forbidden", "it is somebody else's chat");
        }
        Some(_) => {}
    }
    let ban = BanView { id: world.id("ban-"), chat: chat.into(), viewer: viewer.into(), seconds };
    world.bans.push(ban.clone());
    let target = Author { id: viewer.into(), name: viewer.into(), ..Author::default() };
    let author = Author { id: channel, owner: true, ..Author::default() };
    world.say(chat, author, Said::Banned { target, seconds }, None);
    let body = json!({ "kind": "youtube#liveChatBan", "id": ban.id, "snippet": snippet });
    Json(body).into_response()
}

async fn delete_ban(State(shared): State<Arc<Shared>>, _: Caller, Query(asked): Asked) -> Response {
    let mut world = lock(&shared.world);
    let place = world.bans.iter().position(|ban| Some(&ban.id) == asked.get("id"));
    let Some(place) = place else {
        return failure(404, "liveChatBanNotFound", "The ban cannot be found.");
    };
    world.bans.remove(place);
    StatusCode::NO_CONTENT.into_response()
}
