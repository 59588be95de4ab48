//! The API of live inputs, and the lifecycle address.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{StatusCode, header::AUTHORIZATION, request::Parts};
use serde_json::{Value, json};

use super::{
    Encoder, Shared, lock,
    wire::{self, bad_request, failure, not_found, success},
    world::NoOutput,
};

const INPUTS: &str = "/client/v4/accounts/{account}/stream/live_inputs";

pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    let at = |path: &str| format!("{INPUTS}{path}");
    Router::new()
        .route(INPUTS, get(list_inputs).post(create_input))
        .route(&at("/{input}"), get(get_input).put(update_input).delete(delete_input))
        .route(&at("/{input}/rotate_keys"), post(rotate_keys))
        .route(&at("/{input}/outputs"), get(list_outputs).post(create_output))
        .route(&at("/{input}/outputs/{output}"), put(update_output).delete(delete_output))
        .route("/{input}/lifecycle", get(lifecycle))
        .with_state(shared)
}

type Given = Result<Json<Value>, JsonRejection>;

/// Whoever is let in: with the right token, to the right account.
struct LetIn;

impl FromRequestParts<Arc<Shared>> for LetIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let expected = format!("Bearer {}", shared.config.token);
        if parts.headers.get(AUTHORIZATION).is_none_or(|given| *given != *expected) {
            return Err(failure(StatusCode::UNAUTHORIZED, 10_000, "Authentication error"));
        }
        let account = format!("/accounts/{}/", shared.config.account_id);
        if !parts.uri.path().contains(&account) {
            return Err(failure(StatusCode::FORBIDDEN, 10_000, "Authentication error"));
        }
        Ok(Self)
    }
}

async fn list_inputs(State(shared): State<Arc<Shared>>, _: LetIn) -> Response {
    let world = lock(&shared.world);
    let inputs: Vec<_> = world.all().iter().map(wire::input_entry).collect();
    success(&json!({ "liveInputs": inputs, "range": inputs.len(), "total": inputs.len() }))
}

async fn create_input(State(shared): State<Arc<Shared>>, _: LetIn, given: Given) -> Response {
    let Ok(Json(given)) = given else { return bad_request("Bad Request: no JSON") };
    if given["recording"].get("deleteRecordingAfterDays").is_some() {
        return bad_request("Bad Request: deleteRecordingAfterDays is no part of recording");
    }
    let days = given.get("deleteRecordingAfterDays").map(Value::as_u64);
    if days.is_some_and(|days| days.is_none_or(|days| !(30..=1096).contains(&days))) {
        return bad_request("Bad Request: deleteRecordingAfterDays must be in 30..=1096");
    }
    let input = lock(&shared.world).create_input(given);
    if let Some(after) = shared.config.encoder_connects_after {
        // It ends at the latest when it finds nobody to tell.
        let (shared, uid) = (Arc::downgrade(&shared), input.uid.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(shared) = shared.upgrade() {
                shared.encoder(&uid, Encoder::Connected);
            }
        });
    }
    success(&wire::input(&input, &shared.config))
}

async fn get_input(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid)): Path<(String, String)>,
) -> Response {
    match lock(&shared.world).input(&uid) {
        Some(input) => success(&wire::input(input, &shared.config)),
        None => not_found(),
    }
}

async fn update_input(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid)): Path<(String, String)>,
    given: Given,
) -> Response {
    let Ok(Json(Value::Object(given))) = given else { return bad_request("Bad Request: no JSON") };
    let mut world = lock(&shared.world);
    let Some(input) = world.input(&uid) else { return not_found() };
    for (key, value) in given {
        input.given[key] = value;
    }
    if !input.lets_encoders_in() && input.encoder == Encoder::Connected {
        input.encoder = Encoder::Disconnected;
    }
    success(&wire::input(input, &shared.config))
}

async fn delete_input(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid)): Path<(String, String)>,
) -> Response {
    if lock(&shared.world).delete_input(&uid) { success(&Value::Null) } else { not_found() }
}

async fn rotate_keys(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid)): Path<(String, String)>,
) -> Response {
    let rotated = lock(&shared.world).rotate_keys(&uid);
    let Some(input) = rotated else { return not_found() };
    if input.encoder == Encoder::Connected {
        shared.encoder(&uid, Encoder::Disconnected);
    }
    success(&wire::input(&input, &shared.config))
}

async fn list_outputs(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid)): Path<(String, String)>,
) -> Response {
    match lock(&shared.world).input(&uid) {
        Some(input) => success(&input.outputs.iter().map(wire::output).collect()),
        None => not_found(),
    }
}

async fn create_output(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid)): Path<(String, String)>,
    given: Given,
) -> Response {
    let Ok(Json(given)) = given else { return bad_request("Bad Request: no JSON") };
    let (Some(url), Some(key)) = (given["url"].as_str(), given["streamKey"].as_str()) else {
        return bad_request("Bad Request: url and streamKey are required");
    };
    if !["rtmp://", "rtmps://", "srt://"].iter().any(|scheme| url.starts_with(scheme)) {
        return bad_request(&format!("Bad Request: url and streamKey {key} are not valid"));
    }
    let enabled = given["enabled"].as_bool().unwrap_or(true);
    match lock(&shared.world).create_output(&uid, url, key, enabled) {
        Ok(output) => success(&wire::output(&output)),
        Err(NoOutput::NoInput) => not_found(),
        Err(NoOutput::TooMany) => bad_request("Bad Request: too many outputs"),
    }
}

async fn update_output(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid, output)): Path<(String, String, String)>,
    given: Given,
) -> Response {
    let Ok(Json(Value::Object(given))) = given else { return bad_request("Bad Request: no JSON") };
    let enabled = given.get("enabled").and_then(Value::as_bool);
    let Some(enabled) = enabled.filter(|_| given.len() == 1) else {
        return bad_request("Bad Request: only enabled can be changed");
    };
    match lock(&shared.world).output(&uid, &output) {
        Some(output) => {
            output.enabled = enabled;
            success(&wire::output(output))
        }
        None => not_found(),
    }
}

async fn delete_output(
    State(shared): State<Arc<Shared>>,
    _: LetIn,
    Path((_, uid, output)): Path<(String, String, String)>,
) -> Response {
    match lock(&shared.world).delete_output(&uid, &output) {
        Some(output) => success(&wire::output(&output)),
        None => not_found(),
    }
}

async fn lifecycle(State(shared): State<Arc<Shared>>, Path(uid): Path<String>) -> Response {
    let mut world = lock(&shared.world);
    let Some(input) = world.input(&uid) else { return StatusCode::NOT_FOUND.into_response() };
    let live = input.encoder == Encoder::Connected;
    let video = live.then(|| format!("video{uid}"));
    Json(json!({ "isInput": true, "videoUID": video, "live": live })).into_response()
}
