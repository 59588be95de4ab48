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

use super::{Api, ApiError, caller::Caller};

/// The largest body. A page and a time to live have 100 bytes.
pub(super) const MAX_BODY_BYTES: usize = 4096;

const DEFAULT_TTL: Duration = Duration::from_secs(30);
const MIN_TTL: Duration = Duration::from_secs(1);
const MAX_TTL: Duration = Duration::from_hours(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaseRequest {
    page: Page,
    #[serde(default = "default_ttl", with = "humantime_serde")]
    ttl: Duration,
}

fn default_ttl() -> Duration {
    DEFAULT_TTL
}

/// What stands after the request.
#[derive(Serialize)]
struct LeaseView {
    user: UserId,
    session: SessionId,
    page: Page,
    #[serde(with = "humantime_serde")]
    ttl: Duration,
    phx_ref: PhxRef,
}

/// Takes a lease (201) or renews it (200).
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

/// Ends a lease, or finds it ended: 204 both times.
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
        UserId::new(user).map_err(|error| ApiError::invalid("path", error.to_string()))?,
        SessionId::new(session).map_err(|error| ApiError::invalid("path", error.to_string()))?,
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
    let request: LeaseRequest = serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid("body", error.to_string()))?;
    if !(MIN_TTL..=MAX_TTL).contains(&request.ttl) {
        let message = "the ttl must be from \"1s\" to \"1h\"";
        return Err(ApiError::invalid("body, field ttl", message));
    }
    Ok(request)
}
