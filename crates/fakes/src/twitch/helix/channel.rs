//! Channels: what they are called, who watches and follows, their keys.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Caller, Pairs, data, first, refuse};
use crate::{
    lock,
    twitch::{Shared, world::GAMES},
};

pub(super) async fn modify(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    pairs: Pairs,
    given: Result<Json<Value>, JsonRejection>,
) -> Response {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, message);
    let scope = "channel:manage:broadcast";
    let channel = match caller.owns(first(&pairs, "broadcaster_id"), scope) {
        Ok(channel) => channel,
        Err(refusal) => return refusal,
    };
    let Ok(Json(Value::Object(given))) = given else { return bad("no JSON") };
    if given.is_empty() {
        return bad("The request must specify at least one field");
    }
    let mut shows = match lock(&shared.world).channels.get(&channel) {
        Some(channel) => channel.shows.clone(),
        None => return bad("no such channel"),
    };
    if let Some(title) = given.get("title") {
        let title =
            title.as_str().filter(|title| !title.is_empty() && title.chars().count() <= 140);
        let Some(title) = title else { return bad("The title field is not valid") };
        shows.title = title.into();
    }
    if let Some(game) = given.get("game_id") {
        let Some(id) = game.as_str() else { return bad("The game_id field is not valid") };
        let name = GAMES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name);
        match name {
            Some(name) => (shows.game_id, shows.game_name) = (id.into(), name.into()),
            None if matches!(id, "" | "0") => {
                (shows.game_id, shows.game_name) = (Box::default(), Box::default());
            }
            None => return bad("The ID in the game_id field is not valid"),
        }
    }
    if let Some(tags) = given.get("tags") {
        let is_tag = |tag: &Value| {
            tag.as_str().is_some_and(|tag| {
                (1..=25).contains(&tag.chars().count()) && tag.chars().all(char::is_alphanumeric)
            })
        };
        let tags = tags.as_array().filter(|tags| tags.len() <= 10 && tags.iter().all(is_tag));
        let Some(tags) = tags else { return bad("The tags field is not valid") };
        shows.tags = tags.iter().filter_map(Value::as_str).map(Into::into).collect();
    }
    if let Some(channel) = lock(&shared.world).channels.get_mut(&channel) {
        channel.shows = shows.clone();
    }
    let event = shared.event_of(
        &channel,
        json!({
            "title": shows.title, "language": "en", "category_id": shows.game_id,
            "category_name": shows.game_name, "content_classification_labels": [],
        }),
    );
    shared.emit(&channel, "channel.update", &event);
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn search(_: Caller, pairs: Pairs) -> Response {
    let Some(query) = first(&pairs, "query").filter(|query| !query.is_empty()) else {
        return refuse(StatusCode::BAD_REQUEST, "The query field is required");
    };
    let query = query.to_lowercase();
    let games = GAMES.iter().filter(|(_, name)| name.to_lowercase().contains(&query));
    let game = |(id, name): &(&str, &str)| {
        let art = format!("https://static-cdn.jtvnw.net/ttv-boxart/{id}-52x72.jpg");
        json!({ "id": id, "name": name, "box_art_url": art })
    };
    data(games.map(game).collect::<Vec<_>>())
}

pub(super) async fn streams(
    State(shared): State<Arc<Shared>>,
    _: Caller,
    pairs: Pairs,
) -> Response {
    let wanted = pairs.iter().filter(|(name, _)| name == "user_id");
    if wanted.clone().count() > 100 {
        return refuse(StatusCode::BAD_REQUEST, "The number of user_id is greater than 100");
    }
    let world = lock(&shared.world);
    let streams = wanted.filter_map(|(_, id)| {
        let channel = world.channels.get(&**id)?;
        let stream = channel.stream.as_ref()?;
        Some(json!({
            "id": stream.id.to_string(),
            "user_id": channel.owner.id, "user_login": channel.owner.login,
            "user_name": channel.owner.name,
            "game_id": channel.shows.game_id, "game_name": channel.shows.game_name,
            "type": "live", "title": channel.shows.title, "tags": channel.shows.tags,
            "viewer_count": stream.viewers, "started_at": stream.started_at, "language": "en",
        }))
    });
    data(streams.collect::<Vec<_>>())
}

pub(super) async fn stream_key(caller: Caller, pairs: Pairs) -> Response {
    let scope = "channel:read:stream_key";
    match caller.owns(first(&pairs, "broadcaster_id"), scope) {
        Ok(channel) => data(json!([{ "stream_key": Shared::stream_key(&channel) }])),
        Err(refusal) => refusal,
    }
}

pub(super) async fn followers(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    pairs: Pairs,
) -> Response {
    let scope = "moderator:read:followers";
    let id = match caller.owns(first(&pairs, "broadcaster_id"), scope) {
        Ok(channel) => channel,
        Err(refusal) => return refusal,
    };
    let count = first(&pairs, "first").and_then(|first| first.parse().ok()).unwrap_or(20);
    let from: usize = first(&pairs, "after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let world = lock(&shared.world);
    let followers = world.channels.get(&id).map_or(&[][..], |channel| &channel.followers);
    let page = followers.iter().rev().skip(from).take(count).map(|(viewer, at)| {
        // Whole seconds, unlike EventSub.
        let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        json!({ "user_id": viewer.id, "user_login": viewer.login, "user_name": viewer.name,
            "followed_at": at })
    });
    let page: Vec<_> = page.collect();
    let next = from + page.len();
    let pagination =
        if next < followers.len() { json!({ "cursor": next.to_string() }) } else { json!({}) };
    let total = followers.len();
    drop(world);
    Json(json!({ "total": total, "data": page, "pagination": pagination })).into_response()
}

pub(super) async fn users(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    pairs: Pairs,
) -> Response {
    let ids = pairs.iter().filter(|(name, _)| name == "id").map(|(_, id)| id.as_str());
    let mut ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        ids.extend(caller.0.account.as_deref());
    }
    let world = lock(&shared.world);
    let users = ids.iter().filter_map(|id| world.channels.get(*id)).map(|channel| {
        let owner = &channel.owner;
        json!({ "id": owner.id, "login": owner.login, "display_name": owner.name,
            "broadcaster_type": "partner", "profile_image_url": "" })
    });
    data(users.collect::<Vec<_>>())
}
