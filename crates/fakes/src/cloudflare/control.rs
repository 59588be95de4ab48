//! Routes for people: what there is, and an encoder without a camera.
//!
//! ```text
//! GET  /control/inputs                          all live inputs, without keys
//! POST /control/users/{user}/encoder/connect    the user's encoder connects
//! POST /control/users/{user}/encoder/disconnect it goes
//! POST /control/users/{user}/encoder/error      it sends what Cloudflare refuses
//! ```

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Encoder, Shared, lock, world::InputView};

pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/control/inputs", get(inputs))
        .route("/control/users/{user}/encoder/{command}", post(command))
        .with_state(shared)
}

async fn inputs(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(lock(&shared.world).inputs().iter().map(view).collect())
}

async fn command(
    State(shared): State<Arc<Shared>>,
    Path((user, command)): Path<(String, String)>,
) -> Response {
    let encoder = match &*command {
        "connect" => Encoder::Connected,
        "disconnect" => Encoder::Disconnected,
        "error" => Encoder::Errored("ERR_GOP_OUT_OF_RANGE".into()),
        _ => return refuse("no such command: connect, disconnect and error are"),
    };
    let found = lock(&shared.world).inputs().into_iter().rev().find(|input| input.is_of(&user));
    let Some(input) = found else { return refuse("this user has no live input") };
    if !shared.encoder(&input.uid, encoder) {
        return refuse("the live input lets nobody in");
    }
    let now = lock(&shared.world).input(&input.uid).map(|input| input.view());
    Json(now.as_ref().map(view)).into_response()
}

fn refuse(why: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": why }))).into_response()
}

fn view(input: &InputView) -> Value {
    let outputs = input.outputs.iter();
    json!({
        "uid": input.uid,
        "name": input.name,
        "encoder": match &input.encoder {
            Encoder::Never => "never connected",
            Encoder::Connected => "connected",
            Encoder::Disconnected => "disconnected",
            Encoder::Errored(_) => "errored",
        },
        "outputs": outputs
            .map(|output| json!({ "uid": output.uid, "url": output.url, "enabled": output.enabled }))
            .collect::<Vec<_>>(),
    })
}
