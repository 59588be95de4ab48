//! Channels, videos, broadcasts and streams.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Shared,
    access::Caller,
    wire::{self, failure, list, page_of},
    world::BroadcastView,
};
use crate::lock;

pub(crate) type Given = Result<Json<Value>, JsonRejection>;
pub(crate) type Asked = Query<HashMap<String, String>>;

pub(crate) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/youtube/v3/channels", get(list_channels))
        .route("/youtube/v3/videos", get(list_videos))
        .route(
            "/youtube/v3/liveBroadcasts",
            get(list_broadcasts).post(insert).put(update).delete(delete),
        )
        .route("/youtube/v3/liveBroadcasts/bind", post(bind))
        .route("/youtube/v3/liveBroadcasts/transition", post(transition))
        .route("/youtube/v3/liveStreams", get(list_streams).post(insert_stream))
        .with_state(Arc::clone(shared))
}

pub(crate) fn no_json() -> Response {
    failure(400, "parseError", "Parse Error")
}

fn no_broadcast() -> Response {
    failure(404, "liveBroadcastNotFound", "Live broadcast not found")
}

async fn list_channels(State(shared): State<Arc<Shared>>, Caller(channel): Caller) -> Response {
    let world = lock(&shared.world);
    let name = world.channels.get(&channel);
    let item = |name: &String| json!({ "kind": "youtube#channel", "id": channel, "snippet": { "title": name } });
    list("channel", &name.map(item).into_iter().collect::<Vec<_>>())
}

async fn list_videos(
    State(shared): State<Arc<Shared>>,
    _: Caller,
    Query(asked): Asked,
) -> Response {
    let ids: Vec<_> = asked.get("id").map(|ids| ids.split(',').collect()).unwrap_or_default();
    if ids.len() > 50 {
        return failure(400, "invalidValue", "too many ids");
    }
    let world = lock(&shared.world);
    let known = world.broadcasts.iter().filter(|its| ids.contains(&&*its.id));
    list("video", &known.map(wire::video).collect::<Vec<_>>())
}

async fn list_broadcasts(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    Query(asked): Asked,
) -> Response {
    let world = lock(&shared.world);
    let is_asked = |its: &&BroadcastView| match (asked.get("id"), asked.get("mine")) {
        (Some(id), _) => its.id == *id,
        (None, Some(mine)) => mine == "true" && its.channel == channel,
        (None, None) => false,
    };
    let number = |name: &str| asked.get(name).and_then(|number| number.parse::<usize>().ok());
    let (most, from) =
        (number("maxResults").unwrap_or(5).min(50), number("pageToken").unwrap_or(0));
    // Whoever lists knows of no order.
    let found: Vec<_> = world.broadcasts.iter().filter(is_asked).skip(from).collect();
    let page: Vec<_> = found.iter().take(most).map(|its| wire::broadcast(its)).collect();
    let next = (found.len() > most).then(|| (from + most).to_string());
    page_of("liveBroadcast", &page, next)
}

/// Whether it is a title as YouTube takes it.
fn is_title(title: &str) -> bool {
    (1..=100).contains(&title.chars().count()) && !title.contains(['<', '>'])
}

async fn insert(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    given: Given,
) -> Response {
    let Ok(Json(given)) = given else { return no_json() };
    let (snippet, details) = (&given["snippet"], &given["contentDetails"]);
    let Some(title) = snippet["title"].as_str().filter(|title| is_title(title)) else {
        return failure(400, "invalidTitle", "Title is invalid");
    };
    let scheduled = snippet["scheduledStartTime"].as_str().and_then(|at| at.parse().ok());
    let Some(scheduled) = scheduled.filter(|at: &Timestamp| *at > Timestamp::now()) else {
        return failure(400, "invalidScheduledStartTime", "Scheduled start time is invalid");
    };
    let Some(privacy) = given["status"]["privacyStatus"].as_str() else {
        return failure(400, "invalidPrivacyStatus", "Privacy status is required");
    };
    let broadcast = lock(&shared.world).create_broadcast(&channel, |its| BroadcastView {
        title: title.into(),
        description: snippet["description"].as_str().unwrap_or_default().into(),
        scheduled,
        privacy: privacy.into(),
        auto_start: details["enableAutoStart"] == true,
        ..its
    });
    Json(wire::broadcast(&broadcast)).into_response()
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    given: Given,
) -> Response {
    let Ok(Json(given)) = given else { return no_json() };
    let snippet = &given["snippet"];
    let mut world = lock(&shared.world);
    let broadcast = given["id"].as_str().and_then(|id| world.broadcast(id));
    let Some(broadcast) = broadcast.filter(|its| its.channel == channel) else {
        return no_broadcast();
    };
    let Some(title) = snippet["title"].as_str().filter(|title| is_title(title)) else {
        return failure(400, "invalidTitle", "Title is invalid");
    };
    let scheduled = snippet["scheduledStartTime"].as_str().and_then(|at| at.parse().ok());
    let Some(scheduled) = scheduled else {
        return failure(400, "scheduledStartTimeRequired", "Scheduled start time is required");
    };
    // It replaces the whole snippet: what is left out is gone.
    broadcast.title = title.into();
    broadcast.description = snippet["description"].as_str().unwrap_or_default().into();
    broadcast.scheduled = scheduled;
    Json(wire::broadcast(broadcast)).into_response()
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    Query(asked): Asked,
) -> Response {
    let mut world = lock(&shared.world);
    let is_asked = |its: &BroadcastView| Some(&its.id) == asked.get("id") && its.channel == channel;
    let Some(at) = world.broadcasts.iter().position(is_asked) else { return no_broadcast() };
    let broadcast = world.broadcasts.remove(at);
    world.recordings_lost += usize::from(broadcast.started.is_some());
    world.chats.remove(&broadcast.chat);
    StatusCode::NO_CONTENT.into_response()
}

async fn bind(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    Query(asked): Asked,
) -> Response {
    let mut world = lock(&shared.world);
    let stream = asked.get("streamId").filter(|id| world.streams.contains_key(*id)).cloned();
    let Some(stream) = stream else {
        return failure(404, "liveStreamNotFound", "Stream not found");
    };
    let broadcast = asked.get("id").and_then(|id| world.broadcast(id));
    let Some(broadcast) = broadcast.filter(|its| its.channel == channel) else {
        return no_broadcast();
    };
    if broadcast.status != "ready" {
        return failure(403, "liveBroadcastBindingNotAllowed", "it is too late for that");
    }
    broadcast.stream = Some(stream);
    if let Some(after) = shared.config.goes_live_after.filter(|_| broadcast.auto_start) {
        // It ends at the latest when it finds nobody to tell.
        let (shared, id) = (Arc::downgrade(&shared), broadcast.id.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(shared) = shared.upgrade() {
                lock(&shared.world).go_live(&id);
            }
        });
    }
    Json(wire::broadcast(broadcast)).into_response()
}

async fn transition(
    State(shared): State<Arc<Shared>>,
    Caller(channel): Caller,
    Query(asked): Asked,
) -> Response {
    let mut world = lock(&shared.world);
    let broadcast = asked.get("id").and_then(|id| world.broadcast(id));
    let Some(broadcast) = broadcast.filter(|its| its.channel == channel) else {
        return no_broadcast();
    };
    let (id, status) = (broadcast.id.clone(), broadcast.status.clone());
    match (asked.get("broadcastStatus").map(String::as_str), &*status) {
        (Some("complete"), "complete") => {
            failure(403, "redundantTransition", "Redundant transition")
        }
        (Some("complete"), "live" | "testing") => world
            .complete(&id)
            .map_or_else(no_broadcast, |its| Json(wire::broadcast(&its)).into_response()),
        (Some("live"), "ready") if world.go_live(&id) => {
            let its = world.broadcast(&id).map(|its| wire::broadcast(its));
            its.map_or_else(no_broadcast, |its| Json(its).into_response())
        }
        (Some("complete" | "live" | "testing"), _) => {
            failure(403, "invalidTransition", "Invalid transition")
        }
        _ => failure(400, "statusRequired", "Status is required"),
    }
}

async fn list_streams(
    State(shared): State<Arc<Shared>>,
    _: Caller,
    Query(asked): Asked,
) -> Response {
    let world = lock(&shared.world);
    let found = asked.get("id").and_then(|id| world.streams.get_key_value(id));
    let item = |(id, its): (&String, _)| wire::stream(id, its, &shared.config.ingest_url);
    list("liveStream", &found.map(item).into_iter().collect::<Vec<_>>())
}

async fn insert_stream(State(shared): State<Arc<Shared>>, _: Caller, given: Given) -> Response {
    let Ok(Json(given)) = given else { return no_json() };
    let Some(title) = given["snippet"]["title"].as_str().filter(|title| is_title(title)) else {
        return failure(400, "invalidTitle", "Title is invalid");
    };
    if given["cdn"]["ingestionType"] != "rtmp" || given["cdn"]["resolution"].is_null() {
        return failure(400, "invalidIngestionType", "Ingestion type is invalid");
    }
    let mut world = lock(&shared.world);
    let id = world.create_stream(title);
    Json(wire::stream(&id, &world.streams[&id], &shared.config.ingest_url)).into_response()
}
