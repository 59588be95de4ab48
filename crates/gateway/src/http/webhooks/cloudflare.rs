//! `POST /webhooks/cloudflare`: what Cloudflare tells of live inputs.
//!
//! ```text
//! cf-webhook-auth (401) ─▶ body ≤ 64 KiB (413) ─▶ EventDoor: durable ─▶ 200
//!                                                     └─ the store is full or down ─▶ 503: Cloudflare sends it again
//! ```
//!
//! What is understood but none of ours is answered with 200 too, for it would only be sent again.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use stagedoor_stream::WebhookOutcome;
use subtle::ConstantTimeEq;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Api, ApiError, Outcome, Received, body, count};
use crate::api::in_time;

/// The header in which Cloudflare sends the secret of the webhook.
/// <https://developers.cloudflare.com/notifications/get-started/configure-webhooks/>
const AUTH_HEADER: &str = "cf-webhook-auth";

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(cloudflare))
}

/// A webhook of Cloudflare's
///
/// For Cloudflare: with the header `cf-webhook-auth`, which carries the secret of the daemon's configuration, instead of
/// a token.
#[utoipa::path(post, path = "/webhooks/cloudflare", tag = "webhooks", operation_id = "cloudflareWebhook",
    params(("cf-webhook-auth" = String, Header, description = "The secret")),
    request_body = serde_json::Value, security(()),
    responses((status = 200, body = Received, description = "It is stored, or none of ours")))]
async fn cloudflare(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Json<Received>, ApiError> {
    let answer = receive(&api, request).await;
    count(&api, "cloudflare", &answer);
    answer.map(|outcome| Json(Received { outcome }))
}

async fn receive(api: &Arc<Api>, request: Request) -> Result<Outcome, ApiError> {
    let backstage = api.desk.backstage();
    let secret = backstage.webhook_secret.as_ref().ok_or_else(|| {
        let message = "webhooks are not configured here";
        ApiError::new(StatusCode::NOT_FOUND, "webhooks_not_configured", message)
            .help("set `cloudflare.webhook_secret` in the daemon's configuration")
    })?;
    if !carries(request.headers(), secret) {
        let message = "the header cf-webhook-auth does not carry the secret";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "webhook_unauthorized", message));
    }
    let body = body(request, api).await?;
    Ok(match in_time(backstage.door.cloudflare_webhook(&body)).await?? {
        WebhookOutcome::Stored(receipt) if receipt.duplicate => Outcome::Duplicate,
        WebhookOutcome::Stored(_) => Outcome::Stored,
        WebhookOutcome::UnknownInput => Outcome::UnknownInput,
        WebhookOutcome::NotAboutALiveInput => Outcome::Ignored,
    })
}

/// In a time that tells nothing of how much of it was right. An empty secret is none that anybody could know.
fn carries(headers: &HeaderMap, secret: &SecretString) -> bool {
    let secret = secret.expose_secret().as_bytes();
    let given = headers.get(AUTH_HEADER);
    given.is_some_and(|given| !secret.is_empty() && bool::from(given.as_bytes().ct_eq(secret)))
}
