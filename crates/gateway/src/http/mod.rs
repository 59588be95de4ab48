//! What the two listeners answer.
//!
//! | public | |
//! |---|---|
//! | `GET /socket/websocket` | a Phoenix channel connection |
//! | `PUT /api/presence/{user}/sessions/{session}` | take or renew a lease |
//! | `DELETE` the same | end it |
//! | `GET /api/presence` | who is here |
//!
//! The admin listener's are in [`admin`].

pub(crate) mod admin;
mod caller;
mod error;
mod leases;
mod presence;
mod socket;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, put},
};
use http::request::Parts;
use stagedoor_presence::Tracker;

pub(crate) use self::error::ApiError;
use crate::{
    Authenticator, Identity, Readiness, Sessions,
    leases::Leases,
    metrics::{AuthLabels, Counters},
    origin::Origins,
};

/// What the public routes need.
pub(crate) struct Api {
    pub(crate) tracker: Tracker,
    pub(crate) leases: Leases,
    pub(crate) sessions: Sessions,
    pub(crate) authenticator: Authenticator,
    pub(crate) origins: Origins,
    pub(crate) readiness: Readiness,
    pub(crate) counters: Counters,
}

impl Api {
    fn identify(&self, request: &Parts) -> Result<Identity, ApiError> {
        self.authenticator.identify(request).map_err(|error| {
            self.counters.auth_refused.get_or_create(&AuthLabels { reason: error.code() }).inc();
            error.into()
        })
    }
}

pub(crate) fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/socket/websocket", get(socket::connect))
        .route("/api/presence", get(presence::list))
        .route("/api/presence/{user}/sessions/{session}", put(leases::put).delete(leases::delete))
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(DefaultBodyLimit::max(leases::MAX_BODY_BYTES))
        .with_state(api)
}
