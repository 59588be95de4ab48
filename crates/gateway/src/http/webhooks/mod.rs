//! What others send of themselves. Each proves itself in its own way, none by a token.
//!
//! | | |
//! |---|---|
//! | `POST /webhooks/cloudflare` | what Cloudflare tells of live inputs |
//! | `POST /webhooks/kick` | what happens on channels of Kick |

mod cloudflare;
mod kick;

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request},
};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::{Api, ApiError};
use crate::metrics::WebhookLabels;

const MAX_BODY_BYTES: usize = 64 * 1024;

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It is an event now.
    Stored,
    /// It had been stored before.
    Duplicate,
    /// It is about a live input that is none of ours.
    UnknownInput,
    /// It is about an account that nobody has connected here.
    UnknownAccount,
    /// It is about something else: a test, another product.
    Ignored,
}

/// The answer to a webhook.
#[derive(Debug, Serialize, ToSchema)]
struct Received {
    /// What became of it.
    outcome: Outcome,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::UnknownInput => "unknown_input",
            Self::UnknownAccount => "unknown_account",
            Self::Ignored => "ignored",
        }
    }
}

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .merge(cloudflare::router())
        .merge(kick::router())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Counts what became of one.
fn count(api: &Api, source: &'static str, answer: &Result<Outcome, ApiError>) {
    let outcome = answer.as_ref().map_or_else(ApiError::code, |outcome| outcome.as_str());
    api.counters.webhooks.get_or_create(&WebhookLabels { source, outcome }).inc();
}

/// The body, as it was sent.
async fn body(request: Request, api: &Arc<Api>) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, api).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::body_too_large(MAX_BODY_BYTES)
        } else {
            ApiError::invalid("body", "the body broke off")
        }
    })
}
