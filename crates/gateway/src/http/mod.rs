//! What the two listeners answer.
//!
//! | public | |
//! |---|---|
//! | `GET /socket/websocket` | a Phoenix channel connection |
//! | `PUT /api/presence/{user}/sessions/{session}` | take or renew a lease |
//! | `DELETE` the same | end it |
//! | `GET /api/presence` | who is here |
//! | `/api/v1/users/{user}/…` | the user's streams, see [`v1`] |
//! | `GET /connect/{platform}` | a page: connects an account, see [`connect`] |
//! | `POST /webhooks/…` | what Cloudflare and Kick tell, see [`webhooks`] |
//! | `GET /api/openapi.json` | all of this, for programs |
//!
//! The admin listener's are in [`admin`].

pub(crate) mod admin;
mod caller;
mod connect;
mod error;
mod leases;
mod openapi;
mod page;
mod presence;
mod socket;
mod v1;
mod webhooks;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header, request::Parts};
use stagedoor_presence::Tracker;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::error::{ApiError, Problem};
use crate::{
    Authenticator, Identity, Readiness, Sessions,
    api::Desk,
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
    pub(crate) desk: Desk,
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
    let (router, document) = documented().split_for_parts();
    let json = Bytes::from(rendered(document));
    Router::new()
        .route("/socket/websocket", get(socket::connect))
        .route("/connect/{platform}", get(connect::begin))
        .route("/connect/{platform}/callback", get(connect::finish))
        .route("/api/openapi.json", get(move || async move { openapi_json(json) }))
        .merge(router)
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .with_state(api)
}

/// The routes that the `OpenAPI` document describes.
fn documented() -> OpenApiRouter<Arc<Api>> {
    let presence = OpenApiRouter::new()
        .routes(routes!(presence::list))
        .routes(routes!(leases::put, leases::delete))
        .layer(DefaultBodyLimit::max(leases::MAX_BODY_BYTES));
    OpenApiRouter::with_openapi(openapi::document())
        .merge(presence)
        .merge(v1::router())
        .merge(webhooks::router())
        .layer(axum::middleware::map_response(not_stored))
}

/// The document as it is served, and as it lies in `docs/openapi.json`.
fn rendered(mut document: utoipa::openapi::OpenApi) -> String {
    openapi::complete(&mut document);
    let json = document.to_pretty_json().expect("the document is plain data with text keys");
    json + "\n"
}

fn openapi_json(json: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// Answers may have secrets in them, and are about now: nobody in between shall keep them.
async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
