//! The stream: state, start, stop, metadata.

use std::sync::Arc;

use axum::{Json, extract::State};
use stagedoor_domain::Metadata;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own},
};
use crate::api::stream::{self, Accepted, MetadataChange, SavedMetadata, StartStream, StreamView};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(get_metadata, put_metadata, patch_metadata))
}

/// The state of the stream
///
/// From the user's tree if it runs, else as it is stored.
#[utoipa::path(get, path = "/stream", tag = "stream", operation_id = "getStream",
    responses((status = 200, body = StreamView)))]
async fn get(State(api): State<Arc<Api>>, Own(user): Own) -> Result<Json<StreamView>, ApiError> {
    stream::get(&api.desk, &user).await.map(Json)
}

/// Start the stream
///
/// Answers when the start is begun; how it goes on is told by `GET …/stream` and pushed as `stream_state`. Refused with
/// 409 while no encoder is connected (`encoder_not_connected`), when the stream is on already (`already_on_air`) or
/// when no tree runs for the user (`tree_not_running`).
#[utoipa::path(post, path = "/stream/start", tag = "stream", operation_id = "startStream",
    request_body = StartStream, responses((status = 202, body = Accepted, description = "The start is begun")))]
async fn start(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    Body(body): Body<StartStream>,
) -> Result<(http::StatusCode, Json<Accepted>), ApiError> {
    let accepted = stream::start(&api.desk, &user, body).await?;
    Ok((http::StatusCode::ACCEPTED, Json(accepted)))
}

/// Stop the stream
///
/// Answers when the stop is begun. Refused with 409 when nothing is on air (`not_on_air`).
#[utoipa::path(post, path = "/stream/stop", tag = "stream", operation_id = "stopStream",
    responses((status = 202, body = Accepted, description = "The stop is begun")))]
async fn stop(
    State(api): State<Arc<Api>>,
    Own(user): Own,
) -> Result<(http::StatusCode, Json<Accepted>), ApiError> {
    let accepted = stream::stop(&api.desk, &user).await?;
    Ok((http::StatusCode::ACCEPTED, Json(accepted)))
}

/// What the stream is called
#[utoipa::path(get, path = "/stream/metadata", tag = "stream", operation_id = "getMetadata",
    responses((status = 200, body = Metadata)))]
async fn get_metadata(
    State(api): State<Arc<Api>>,
    Own(user): Own,
) -> Result<Json<Metadata>, ApiError> {
    stream::metadata(&api.desk, &user).await.map(Json)
}

/// Set what the stream is called
///
/// What is absent becomes empty. The platforms that are connected are told at once, and each answers for itself in
/// `platforms`: the metadata is saved whatever they say.
#[utoipa::path(put, path = "/stream/metadata", tag = "stream", operation_id = "putMetadata",
    request_body = Metadata, responses((status = 200, body = SavedMetadata)))]
async fn put_metadata(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    Body(body): Body<Metadata>,
) -> Result<Json<SavedMetadata>, ApiError> {
    stream::set_metadata(&api.desk, &user, body).await.map(Json)
}

/// Change what the stream is called
///
/// What is absent stays. The platforms are told as with `PUT`.
#[utoipa::path(patch, path = "/stream/metadata", tag = "stream", operation_id = "patchMetadata",
    request_body = MetadataChange, responses((status = 200, body = SavedMetadata)))]
async fn patch_metadata(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    Body(body): Body<MetadataChange>,
) -> Result<Json<SavedMetadata>, ApiError> {
    stream::change_metadata(&api.desk, &user, body).await.map(Json)
}
