//! Destinations and the live input.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use stagedoor_domain::Destination;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own, PathOf, QueryOf},
};
use crate::api::destinations::{
    self, DestinationBody, DestinationList, DestinationPath, LiveInput, LiveInputQuery,
};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(live_input))
}

/// All destinations
#[utoipa::path(get, path = "/destinations", tag = "destinations", operation_id = "listDestinations",
    responses((status = 200, body = DestinationList)))]
async fn list(
    State(api): State<Arc<Api>>,
    Own(user): Own,
) -> Result<Json<DestinationList>, ApiError> {
    destinations::list(&api.desk, &user).await.map(Json)
}

/// One destination
#[utoipa::path(get, path = "/destinations/{id}", tag = "destinations", operation_id = "getDestination",
    params(("id" = String, Path, description = "The destination's id")),
    responses((status = 200, body = Destination)))]
async fn get(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<DestinationPath>,
) -> Result<Json<Destination>, ApiError> {
    destinations::get(&api.desk, &user, &path.id).await.map(Json)
}

/// Add or change a destination
///
/// Its stream key is stored encrypted and never told again. While the stream is sent there, neither its URL nor its key
/// can be changed (409, `destination_in_use`).
#[utoipa::path(put, path = "/destinations/{id}", tag = "destinations", operation_id = "putDestination",
    params(("id" = String, Path, description = "The destination's id: lower-case letters, digits, - and _")),
    request_body = DestinationBody,
    responses((status = 200, body = Destination, description = "Changed"),
        (status = 201, body = Destination, description = "Added")))]
async fn put(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<DestinationPath>,
    Body(body): Body<DestinationBody>,
) -> Result<(StatusCode, Json<Destination>), ApiError> {
    let (destination, new) = destinations::put(&api.desk, &user, path.id, body).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(destination)))
}

/// Remove a destination
///
/// Refused with 409 (`destination_in_use`) while the stream is sent there.
#[utoipa::path(delete, path = "/destinations/{id}", tag = "destinations", operation_id = "deleteDestination",
    params(("id" = String, Path, description = "The destination's id")),
    responses((status = 204, description = "It is gone")))]
async fn delete(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<DestinationPath>,
) -> Result<StatusCode, ApiError> {
    destinations::delete(&api.desk, &user, &path.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the encoder sends to
///
/// With its stream key only when asked for.
#[utoipa::path(get, path = "/live_input", tag = "destinations", operation_id = "getLiveInput",
    params(LiveInputQuery), responses((status = 200, body = LiveInput)))]
async fn live_input(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    QueryOf(query): QueryOf<LiveInputQuery>,
) -> Result<Json<LiveInput>, ApiError> {
    destinations::live_input(&api.desk, &user, &query).await.map(Json)
}
