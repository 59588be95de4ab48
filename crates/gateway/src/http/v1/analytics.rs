//! Numbers over time.

use std::sync::Arc;

use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Own, QueryOf},
};
use crate::api::analytics::{self, Series, SeriesRequest};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(series))
}

/// Viewers, messages, followers, subscriptions and money over time
///
/// Oldest first, at most 2,000 points at a time or as many as begin at the same moment: the next ones with
/// `from=<next>`.
#[utoipa::path(get, path = "/analytics/series", tag = "analytics", operation_id = "getSeries",
    params(SeriesRequest), responses((status = 200, body = Series)))]
async fn series(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    QueryOf(query): QueryOf<SeriesRequest>,
) -> Result<Json<Series>, ApiError> {
    analytics::series(&api.desk, &user, query).await.map(Json)
}
