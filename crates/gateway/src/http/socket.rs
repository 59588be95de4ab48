//! `GET /socket/websocket`: from a request to a session.
//!
//! ```text
//! handshake (400, 403, 426) ─▶ draining? (503) ─▶ origin (403) ─▶ who? (401) ─▶ 101 ─▶ a session
//! ```
//!
//! Whatever is refused is refused by an HTTP answer, before the upgrade.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};

use super::{Api, ApiError};
use crate::{listener::PlacedStream, websocket::handshake};

pub(super) async fn connect(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, _no_body) = request.into_parts();
    let accepted = handshake(&request)?;
    if api.readiness.is_draining() {
        return Err(ApiError::draining());
    }
    if !api.origins.allow(&request.headers) {
        api.counters.origins_refused.inc();
        return Err(ApiError::origin());
    }
    let identity = api.identify(&request)?;
    tracing::debug!(user = %identity.user, role = ?identity.role, "socket opened");
    let upgrade = hyper::upgrade::on(Request::from_parts(request, Body::empty()));
    api.sessions.serve_upgrade::<PlacedStream>(upgrade, identity);
    Ok(accepted.response())
}
