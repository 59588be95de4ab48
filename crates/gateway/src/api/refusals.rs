//! What those behind the gateway refuse, as the API says it.

use http::StatusCode;
use stagedoor_store::StoreError;
use stagedoor_stream::{AlertCommandError, StreamCommandError, SubmitError, WebhookError};
use stagedoor_supervision::AddressError;

use crate::http::ApiError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let cause = cause.as_deref();
        // Its causes may name what is none of a client's business.
        if error.is_transient() {
            // How the store is, the store tells by itself: once, and not for each request.
            tracing::debug!(%error, cause, "request not carried out");
            store_unavailable()
        } else {
            tracing::error!(%error, cause, "request not carried out");
            let message = "the store cannot do this";
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store_failed", message)
        }
    }
}

fn store_unavailable() -> ApiError {
    let message = "the store does not work now, and nothing has been done";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", message).retry_later()
}

impl From<AddressError> for ApiError {
    fn from(error: AddressError) -> Self {
        let (code, message) = match error {
            AddressError::Down | AddressError::NotStarted | AddressError::Full => (
                "tree_restarting",
                "that part of the tree is restarting, and nothing has been done",
            ),
            _ => ("no_answer", "no answer came: whether something was done is not known"),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message).retry_later()
    }
}

impl From<StreamCommandError> for ApiError {
    fn from(error: StreamCommandError) -> Self {
        let status = match error {
            StreamCommandError::NoDestinations
            | StreamCommandError::UnknownDestination { .. }
            | StreamCommandError::InvalidMetadata { .. } => StatusCode::BAD_REQUEST,
            StreamCommandError::StoreUnavailable | StreamCommandError::Loading => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::CONFLICT,
        };
        let refusal = Self::new(status, error.code(), error.to_string());
        let refusal = match error.field() {
            Some(field) => refusal.field(field.to_owned()),
            None => refusal,
        };
        if status == StatusCode::SERVICE_UNAVAILABLE { refusal.retry_later() } else { refusal }
    }
}

impl From<AlertCommandError> for ApiError {
    fn from(error: AlertCommandError) -> Self {
        let status = match error.code() {
            "nothing_showing" => StatusCode::CONFLICT,
            "unknown_alert" => StatusCode::NOT_FOUND,
            "too_many" => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let refusal = Self::new(status, error.code(), error.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE { refusal.retry_later() } else { refusal }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        if let SubmitError::Rejected { .. } = error {
            return Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string());
        }
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), error.to_string())
            .help("slow down: send it again later with the same key, it will be stored once")
            .retry_later()
    }
}

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Malformed(_) => {
                Self::new(StatusCode::BAD_REQUEST, "malformed", error.to_string())
            }
            WebhookError::Store(error) => error.into(),
            WebhookError::Submit(error) => error.into(),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error.to_string()),
        }
    }
}
