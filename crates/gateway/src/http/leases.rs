//! `PUT` and `DELETE /api/presence/{user}/sessions/{session}`: sessions of web backends, in any language.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_presence::PhxRef;
use utoipa::ToSchema;

use super::{Api, ApiError, caller::Caller};
use crate::api::read;

/// The largest body. A page and a time to live have 100 bytes.
pub(super) const MAX_BODY_BYTES: usize = 4096;

const DEFAULT_TTL: Duration = Duration::from_secs(30);
const MIN_TTL: Duration = Duration::from_secs(1);
const MAX_TTL: Duration = Duration::from_hours(1);

/// A session that a backend holds.
#[derive(Deserialize, ToSchema)]
pub(super) struct LeaseRequest {
    /// Which page it shows.
    page: Page,
    /// How long it lasts unless it is renewed: `1s` to `1h`, `30s` when absent.
    #[serde(default = "default_ttl", with = "humantime_serde")]
    #[schema(value_type = Option<String>, example = "30s")]
    ttl: Duration,
}

fn default_ttl() -> Duration {
    DEFAULT_TTL
}

/// What stands after the request.
#[derive(Serialize, ToSchema)]
pub(super) struct LeaseView {
    /// Whose session it is.
    user: UserId,
    /// Its id.
    session: SessionId,
    /// Which page it shows.
    page: Page,
    /// How long it lasts unless it is renewed.
    #[serde(with = "humantime_serde")]
    #[schema(value_type = String)]
    ttl: Duration,
    /// The reference of its meta.
    #[schema(value_type = String)]
    phx_ref: PhxRef,
}

/// Take or renew a lease
///
/// A session of somebody whose page is not connected to us. One that is not renewed in time is a leave.
#[utoipa::path(put, path = "/api/presence/{user}/sessions/{session}", tag = "presence", operation_id = "putLease",
    params(("session" = String, Path, description = "The session's id, which the backend chooses")),
    request_body = LeaseRequest,
    responses((status = 200, body = LeaseView, description = "Renewed"),
        (status = 201, body = LeaseView, description = "Taken")))]
pub(super) async fn put(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let (user, session) = ids(&path)?;
    caller.may_act_for(&user)?;
    if api.readiness.is_draining() {
        return Err(ApiError::draining());
    }
    let LeaseRequest { page, ttl } = read(&body.map_err(|rejection| unread(&rejection))?)?;
    let held = api.leases.put(&user, &session, page.clone(), ttl)?;
    let status = if held.created { StatusCode::CREATED } else { StatusCode::OK };
    let view = LeaseView { user, session, page, ttl, phx_ref: held.phx_ref };
    Ok((status, Json(view)).into_response())
}

/// End a lease
///
/// Or find it ended.
#[utoipa::path(delete, path = "/api/presence/{user}/sessions/{session}", tag = "presence", operation_id = "deleteLease",
    params(("session" = String, Path, description = "The session's id")),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (user, session) = ids(&path)?;
    caller.may_act_for(&user)?;
    api.leases.remove(&user, &session);
    Ok(StatusCode::NO_CONTENT)
}

fn ids((user, session): &(String, String)) -> Result<(UserId, SessionId), ApiError> {
    Ok((
        UserId::new(user)
            .map_err(|error| ApiError::invalid("path", error.to_string()).field("user"))?,
        SessionId::new(session)
            .map_err(|error| ApiError::invalid("path", error.to_string()).field("session"))?,
    ))
}

fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::body_too_large(MAX_BODY_BYTES)
    } else {
        ApiError::invalid("body", "the body broke off")
    }
}

fn read(body: &[u8]) -> Result<LeaseRequest, ApiError> {
    let request: LeaseRequest = read::json("body", body)?;
    if !(MIN_TTL..=MAX_TTL).contains(&request.ttl) {
        let message = "the ttl must be from \"1s\" to \"1h\"";
        return Err(ApiError::invalid_field("ttl", message));
    }
    Ok(request)
}
