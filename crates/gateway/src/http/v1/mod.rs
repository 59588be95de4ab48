//! `/api/v1/users/{user}/…`: everything about a user's streams. `docs/api.md` is the guide, `/api/openapi.json` the
//! reference; the operations themselves are in [`crate::api`].
//!
//! A user's token is for that user's things, one of a service or an admin for everybody's. What only the latter may
//! do takes [`Trusted`](extract::Trusted) instead of [`Own`](extract::Own): reporting events and donations, and
//! connecting accounts.

mod accounts;
mod alerts;
mod analytics;
mod chat;
mod destinations;
mod events;
pub(super) mod extract;
mod livestreams;
mod platforms;
mod stream;
mod widgets;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;

use super::Api;

/// The largest body.
pub(super) const MAX_BODY_BYTES: usize = 128 * 1024;

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    let users = OpenApiRouter::new()
        .merge(stream::router())
        .merge(destinations::router())
        .merge(events::router())
        .merge(alerts::router())
        .merge(livestreams::router())
        .merge(analytics::router())
        .merge(accounts::router())
        .merge(platforms::router())
        .merge(chat::router())
        .merge(widgets::router());
    OpenApiRouter::new()
        .nest("/api/v1/users/{user}", users)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}
