//! `POST /webhooks/kick`: what happens on channels of Kick.
//!
//! ```text
//! headers, raw body ≤ 64 KiB ─▶ signature (401) ─▶ whose account? ─▶ EventDoor: all durable ─▶ 200
//!                                  └─ no key yet ─▶ 503 ◀─ full, down ──────┘   Kick sends it again
//! ```
//!
//! What is genuine but of no use is answered with 200 too, for it would only be sent again.
//! <https://docs.kick.com/events/webhook-security>

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use futures_util::future::try_join_all;
use http::StatusCode;
use stagedoor_domain::Platform;
use stagedoor_platforms::kick::{Webhook, WebhookError};
use stagedoor_stream::SubmitError;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Api, ApiError, Outcome, Received, body, count};
use crate::{Backstage, api::in_time};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(kick))
}

/// A webhook of Kick's
///
/// For Kick, which signs what it sends instead of carrying a token.
#[utoipa::path(post, path = "/webhooks/kick", tag = "webhooks", operation_id = "kickWebhook",
    params(
        ("Kick-Event-Message-Id" = String, Header, description = "The same when it is delivered again"),
        ("Kick-Event-Message-Timestamp" = String, Header, description = "When it was made"),
        ("Kick-Event-Type" = String, Header, description = "What it is about: `chat.message.sent`"),
        ("Kick-Event-Signature" = String, Header, description = "Of id, timestamp and body, by Kick's key")),
    request_body = serde_json::Value, security(()),
    responses((status = 200, body = Received, description = "It is stored, or of no use")))]
async fn kick(State(api): State<Arc<Api>>, request: Request) -> Result<Json<Received>, ApiError> {
    let answer = receive(&api, request).await;
    count(&api, "kick", &answer);
    answer.map(|outcome| Json(Received { outcome }))
}

async fn receive(api: &Arc<Api>, request: Request) -> Result<Outcome, ApiError> {
    let backstage = api.desk.backstage();
    let client = backstage.kick.as_ref().ok_or_else(|| {
        let message = "Kick is not configured here";
        ApiError::new(StatusCode::NOT_FOUND, "webhooks_not_configured", message)
            .help("set `platforms.kick` in the daemon's configuration")
    })?;
    let headers = request.headers().clone();
    let body = body(request, api).await?;
    in_time(async {
        match client.read_webhook(&headers, &body).await {
            Ok(webhook) => take(backstage, webhook).await,
            Err(WebhookError::Header { name }) => {
                Err(unauthorized(format!("the header {name} is missing or not as it must be")))
            }
            Err(WebhookError::Forged) => Err(unauthorized("the signature does not fit")),
            Err(WebhookError::NoKey(error)) => {
                tracing::warn!(%error, "Kick's public key cannot be had: deliveries must wait");
                let message = "the public key cannot be had now: send it again";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(ApiError::new(status, "no_public_key", message).retry_later())
            }
            // It is Kick's, and would be no better the next time.
            Err(error) => {
                tracing::debug!(%error, "delivery of no use");
                Ok(Outcome::Ignored)
            }
        }
    })
    .await?
}

fn unauthorized(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "webhook_unauthorized", message)
}

async fn take(backstage: &Backstage, webhook: Webhook) -> Result<Outcome, ApiError> {
    let store = &backstage.services.store;
    let user = store.user_of_account(&Platform::Kick, &webhook.broadcaster_id).await?;
    let Some(user) = user else { return Ok(Outcome::UnknownAccount) };
    let submitted = webhook.reports.into_iter().map(|report| {
        let (door, user) = (&backstage.door, &user);
        async move {
            match door.submit(user, report).await {
                Ok(receipt) => Ok(Some(receipt.duplicate)),
                // The store will not take it the next time either.
                Err(error @ SubmitError::Rejected { .. }) => {
                    tracing::warn!(%user, %error, "event of a delivery not stored");
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        }
    });
    let stored: Vec<bool> = try_join_all(submitted).await?.into_iter().flatten().collect();
    Ok(match stored.iter().all(|duplicate| *duplicate) {
        _ if stored.is_empty() => Outcome::Ignored,
        true => Outcome::Duplicate,
        false => Outcome::Stored,
    })
}
