//! Events and donations.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use stagedoor_domain::EventReport;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own, QueryOf, Trusted},
};
use crate::api::{
    donations::{self, Donation},
    events::{self, EventPage, EventReceipt, EventsQuery},
};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list, report)).routes(routes!(donate))
}

/// What happened
///
/// Newest first, in pages: the next one with `before=<next>`. With `after` instead oldest first, to read on where one
/// has stopped: then with `after=<next>`.
#[utoipa::path(get, path = "/events", tag = "events", operation_id = "listEvents",
    params(EventsQuery), responses((status = 200, body = EventPage)))]
async fn list(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    QueryOf(query): QueryOf<EventsQuery>,
) -> Result<Json<EventPage>, ApiError> {
    events::list(&api.desk, &user, query).await.map(Json)
}

/// Report an event
///
/// For services and admins. Answered when it is durable; sent again with the same `dedupe_key` it is a duplicate.
/// 503 with `Retry-After` when events come faster than they can be stored: slow down, and send it again.
#[utoipa::path(post, path = "/events", tag = "events", operation_id = "reportEvent",
    request_body = EventReport,
    responses((status = 201, body = EventReceipt, description = "Stored"),
        (status = 200, body = EventReceipt, description = "It had been stored before")))]
async fn report(
    State(api): State<Arc<Api>>,
    Trusted(user): Trusted,
    Body(body): Body<EventReport>,
) -> Result<(StatusCode, Json<EventReceipt>), ApiError> {
    events::report(&api.desk, &user, body).await.map(receipt)
}

/// Report a donation
///
/// For services and admins. It becomes an event of the kind `donation`, and an alert if the user wants one. Answered
/// when it is durable; sent again with the same id it is a duplicate.
#[utoipa::path(post, path = "/donations", tag = "events", operation_id = "reportDonation",
    params(("Idempotency-Key" = Option<String>, Header, description = "The donation's id, where the body has none")),
    request_body = Donation,
    responses((status = 201, body = EventReceipt, description = "Stored"),
        (status = 200, body = EventReceipt, description = "It had been stored before")))]
async fn donate(
    State(api): State<Arc<Api>>,
    Trusted(user): Trusted,
    headers: HeaderMap,
    Body(body): Body<Donation>,
) -> Result<(StatusCode, Json<EventReceipt>), ApiError> {
    const KEY: &str = "idempotency-key";
    let key = match headers.get(KEY).map(|key| key.to_str()) {
        None => None,
        Some(Ok(key)) => Some(key),
        Some(Err(_)) => {
            return Err(ApiError::invalid("header Idempotency-Key", "the key is not ASCII"));
        }
    };
    donations::give(&api.desk, &user, key, body).await.map(receipt)
}

fn receipt(receipt: EventReceipt) -> (StatusCode, Json<EventReceipt>) {
    let status = if receipt.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    (status, Json(receipt))
}
