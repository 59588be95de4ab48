//! Chat and moderation.

use std::sync::Arc;

use axum::{Json, extract::State};
use stagedoor_stream::ModeratedView;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own},
};
use crate::api::{
    chat::{self, SendChat, SentChat},
    moderation::{self, Ban, DeleteMessage, Timeout, Unban},
};

type Done = Result<Json<ModeratedView>, ApiError>;

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(delete_message))
        .routes(routes!(ban))
        .routes(routes!(timeout))
        .routes(routes!(unban))
}

/// Send a chat message
///
/// To all platforms that are connected, or to some. Answered with 200 whatever became of it: each platform answers for
/// itself, with `ok` or `error`. Refused with 409 when no tree runs for the user (`tree_not_running`) or nothing is
/// connected (`nothing_connected`).
#[utoipa::path(post, path = "/chat", tag = "chat", operation_id = "sendChat",
    request_body = SendChat, responses((status = 200, body = SentChat)))]
async fn send(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    Body(body): Body<SendChat>,
) -> Result<Json<SentChat>, ApiError> {
    chat::send(&api.desk, &user, body).await.map(Json)
}

/// Delete a chat message
///
/// What a platform does not offer is refused with 422 (`unsupported`), here and in all of moderation.
#[utoipa::path(post, path = "/chat/delete", tag = "chat", operation_id = "deleteChatMessage",
    request_body = DeleteMessage, responses((status = 200, body = ModeratedView)))]
async fn delete_message(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    Body(body): Body<DeleteMessage>,
) -> Done {
    moderation::carry_out(&api.desk, &user, body.act()).await.map(Json)
}

/// Ban a viewer
#[utoipa::path(post, path = "/moderation/ban", tag = "chat", operation_id = "banViewer",
    request_body = Ban, responses((status = 200, body = ModeratedView)))]
async fn ban(State(api): State<Arc<Api>>, Own(user): Own, Body(body): Body<Ban>) -> Done {
    moderation::carry_out(&api.desk, &user, body.act()).await.map(Json)
}

/// Keep a viewer from writing for a while
///
/// Answers for how long it is, where the platform rounds.
#[utoipa::path(post, path = "/moderation/timeout", tag = "chat", operation_id = "timeOutViewer",
    request_body = Timeout, responses((status = 200, body = ModeratedView)))]
async fn timeout(State(api): State<Arc<Api>>, Own(user): Own, Body(body): Body<Timeout>) -> Done {
    moderation::carry_out(&api.desk, &user, body.act()).await.map(Json)
}

/// End a ban or timeout
#[utoipa::path(post, path = "/moderation/unban", tag = "chat", operation_id = "unbanViewer",
    request_body = Unban, responses((status = 200, body = ModeratedView)))]
async fn unban(State(api): State<Arc<Api>>, Own(user): Own, Body(body): Body<Unban>) -> Done {
    moderation::carry_out(&api.desk, &user, body.act()).await.map(Json)
}
