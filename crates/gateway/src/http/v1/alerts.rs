//! Alerts: the queue, the streamer's hand on it, the settings.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use stagedoor_domain::AlertSettings;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own, PathOf, QueryOf},
};
use crate::api::alerts::{
    self, Action, AlertList, AlertPath, AlertQueued, AlertsCleared, AlertsQuery, KindPath,
};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(skip))
        .routes(routes!(clear))
        .routes(routes!(mute))
        .routes(routes!(unmute))
        .routes(routes!(replay))
        .routes(routes!(test))
        .routes(routes!(get_settings, put_settings))
}

/// The alerts
#[utoipa::path(get, path = "/alerts", tag = "alerts", operation_id = "listAlerts",
    params(AlertsQuery), responses((status = 200, body = AlertList)))]
async fn list(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    QueryOf(query): QueryOf<AlertsQuery>,
) -> Result<Json<AlertList>, ApiError> {
    alerts::list(&api.desk, &user, &query).await.map(Json)
}

macro_rules! action {
    ($(#[$doc:meta])* $name:ident, $path:literal, $id:literal, $action:ident) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "alerts", operation_id = $id,
            responses((status = 204, description = "Done")))]
        async fn $name(
            State(api): State<Arc<Api>>,
            Own(user): Own,
        ) -> Result<StatusCode, ApiError> {
            alerts::act(&api.desk, &user, Action::$action).await?;
            Ok(StatusCode::NO_CONTENT)
        }
    };
}

action! {
    /// Pause the queue
    ///
    /// Nothing new is shown; alerts wait.
    pause, "/alerts/pause", "pauseAlerts", Pause
}

action! {
    /// Resume the queue
    resume, "/alerts/resume", "resumeAlerts", Resume
}

action! {
    /// Take the alert off that is on the overlays
    ///
    /// Refused with 409 (`nothing_showing`) when none is.
    skip, "/alerts/skip", "skipAlert", Skip
}

action! {
    /// Show alerts without their sound
    mute, "/alerts/mute", "muteAlerts", Mute
}

action! {
    /// Show alerts with their sound
    unmute, "/alerts/unmute", "unmuteAlerts", Unmute
}

/// Take all out of the queue that wait
#[utoipa::path(post, path = "/alerts/clear", tag = "alerts", operation_id = "clearAlerts",
    responses((status = 200, body = AlertsCleared)))]
async fn clear(
    State(api): State<Arc<Api>>,
    Own(user): Own,
) -> Result<Json<AlertsCleared>, ApiError> {
    alerts::clear(&api.desk, &user).await.map(Json)
}

/// Show an alert again
#[utoipa::path(post, path = "/alerts/replay/{id}", tag = "alerts", operation_id = "replayAlert",
    params(("id" = uuid::Uuid, Path, description = "The alert's id")),
    responses((status = 202, body = AlertQueued, description = "It waits for its turn, which is next")))]
async fn replay(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<AlertPath>,
) -> Result<(StatusCode, Json<AlertQueued>), ApiError> {
    let queued = alerts::replay(&api.desk, &user, path.id).await?;
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

/// Show an alert that no event raised
#[utoipa::path(post, path = "/alerts/test/{kind}", tag = "alerts", operation_id = "testAlert",
    params(("kind" = stagedoor_domain::AlertKind, Path, description = "What it is about")),
    responses((status = 202, body = AlertQueued, description = "It waits for its turn")))]
async fn test(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<KindPath>,
) -> Result<(StatusCode, Json<AlertQueued>), ApiError> {
    let queued = alerts::test(&api.desk, &user, path.kind).await?;
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

/// What alerts the user wants
#[utoipa::path(get, path = "/alerts/settings", tag = "alerts", operation_id = "getAlertSettings",
    responses((status = 200, body = AlertSettings)))]
async fn get_settings(
    State(api): State<Arc<Api>>,
    Own(user): Own,
) -> Result<Json<AlertSettings>, ApiError> {
    alerts::settings(&api.desk, &user).await.map(Json)
}

/// Set what alerts the user wants
///
/// What is absent becomes the default.
#[utoipa::path(put, path = "/alerts/settings", tag = "alerts", operation_id = "putAlertSettings",
    request_body = AlertSettings, responses((status = 200, body = AlertSettings)))]
async fn put_settings(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    Body(body): Body<AlertSettings>,
) -> Result<Json<AlertSettings>, ApiError> {
    alerts::set_settings(&api.desk, &user, body).await.map(Json)
}
