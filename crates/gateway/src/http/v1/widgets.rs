//! Widgets.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Map, Value};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own, PathOf},
};
use crate::api::widgets::{self, WidgetPath, WidgetToken};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(create_token, revoke_token))
        .routes(routes!(get_settings, put_settings))
}

/// Make a widget's token
///
/// It is told this once. The one before it is void.
#[utoipa::path(post, path = "/widgets/{widget}/token", tag = "widgets", operation_id = "createWidgetToken",
    params(("widget" = String, Path, description = "The widget's name: `alert_box`, `goal-2`")),
    responses((status = 201, body = WidgetToken, description = "The new token")))]
async fn create_token(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<WidgetPath>,
) -> Result<(StatusCode, Json<WidgetToken>), ApiError> {
    let token = widgets::create_token(&api.desk, &user, &path.widget).await?;
    Ok((StatusCode::CREATED, Json(token)))
}

/// Revoke a widget's token
#[utoipa::path(delete, path = "/widgets/{widget}/token", tag = "widgets", operation_id = "revokeWidgetToken",
    params(("widget" = String, Path, description = "The widget's name")),
    responses((status = 204, description = "It is void")))]
async fn revoke_token(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<WidgetPath>,
) -> Result<StatusCode, ApiError> {
    widgets::revoke_token(&api.desk, &user, &path.widget).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A widget's settings
///
/// An empty object when none were saved.
#[utoipa::path(get, path = "/widgets/{widget}/settings", tag = "widgets", operation_id = "getWidgetSettings",
    params(("widget" = String, Path, description = "The widget's name")),
    responses((status = 200, body = serde_json::Map<String, Value>)))]
async fn get_settings(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<WidgetPath>,
) -> Result<Json<Value>, ApiError> {
    widgets::settings(&api.desk, &user, &path.widget).await.map(Json)
}

/// Save a widget's settings
///
/// Any object of at most 16 KiB: only the widget knows what it means.
#[utoipa::path(put, path = "/widgets/{widget}/settings", tag = "widgets", operation_id = "putWidgetSettings",
    params(("widget" = String, Path, description = "The widget's name")),
    request_body = serde_json::Map<String, Value>,
    responses((status = 200, body = serde_json::Map<String, Value>)))]
async fn put_settings(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<WidgetPath>,
    Body(settings): Body<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    widgets::set_settings(&api.desk, &user, &path.widget, settings).await.map(Json)
}
