//! The platforms.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Own, PathOf, QueryOf},
};
use crate::api::{
    accounts::PlatformPath,
    platforms::{self, CategoryList, CategoryQuery, PlatformList},
};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(search_categories))
        .routes(routes!(reconnect))
}

/// The platforms
///
/// Those that are configured here: what they can do, and where a browser goes to connect an account.
#[utoipa::path(get, path = "/platforms", tag = "platforms", operation_id = "listPlatforms",
    responses((status = 200, body = PlatformList)))]
async fn list(State(api): State<Arc<Api>>, Own(_): Own) -> Json<PlatformList> {
    Json(platforms::list(&api.desk))
}

/// Find a category
#[utoipa::path(get, path = "/platforms/{platform}/categories", tag = "platforms", operation_id = "searchCategories",
    params(("platform" = stagedoor_domain::Platform, Path, description = "On which platform"), CategoryQuery),
    responses((status = 200, body = CategoryList)))]
async fn search_categories(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<PlatformPath>,
    QueryOf(query): QueryOf<CategoryQuery>,
) -> Result<Json<CategoryList>, ApiError> {
    platforms::search_categories(&api.desk, &user, &path.platform, &query.name).await.map(Json)
}

/// Make a lost connection now
///
/// Instead of when its wait is over.
#[utoipa::path(post, path = "/platforms/{platform}/reconnect", tag = "platforms", operation_id = "reconnectPlatform",
    params(("platform" = stagedoor_domain::Platform, Path, description = "To which platform")),
    responses((status = 204, description = "It is being made, if it was lost")))]
async fn reconnect(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<PlatformPath>,
) -> Result<StatusCode, ApiError> {
    platforms::reconnect(&api.desk, &user, &path.platform)?;
    Ok(StatusCode::NO_CONTENT)
}
