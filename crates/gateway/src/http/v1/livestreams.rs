//! Livestreams and their summaries.

use std::sync::Arc;

use axum::{Json, extract::State};
use stagedoor_domain::LivestreamSummary;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Own, PathOf, QueryOf},
};
use crate::api::livestreams::{self, LivestreamPage, LivestreamPath, LivestreamsQuery};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// The livestreams
///
/// Newest first, in pages: the next one with `before=<next>`.
#[utoipa::path(get, path = "/livestreams", tag = "livestreams", operation_id = "listLivestreams",
    params(LivestreamsQuery), responses((status = 200, body = LivestreamPage)))]
async fn list(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    QueryOf(query): QueryOf<LivestreamsQuery>,
) -> Result<Json<LivestreamPage>, ApiError> {
    livestreams::list(&api.desk, &user, &query).await.map(Json)
}

/// A livestream in numbers
#[utoipa::path(get, path = "/livestreams/{id}", tag = "livestreams", operation_id = "getLivestream",
    params(("id" = uuid::Uuid, Path, description = "The livestream's id")),
    responses((status = 200, body = LivestreamSummary)))]
async fn get(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<LivestreamPath>,
) -> Result<Json<LivestreamSummary>, ApiError> {
    livestreams::get(&api.desk, &user, path.id).await.map(Json)
}
