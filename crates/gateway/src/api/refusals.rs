//! What those behind the gateway refuse, as the API says it.

use http::StatusCode;
use stagedoor_platforms::Error;
use stagedoor_store::StoreError;
use stagedoor_stream::{
    AlertCommandError, PlatformCommandError, StreamCommandError, SubmitError, WebhookError,
};
use stagedoor_supervision::AddressError;

use crate::http::ApiError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if let StoreError::AccountTaken { platform } = &error {
            let message = format!("another user has connected this account on {platform}");
            return Self::new(StatusCode::CONFLICT, "account_taken", message)
                .help("it can be connected here once it is disconnected there");
        }
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

impl From<PlatformCommandError> for ApiError {
    fn from(error: PlatformCommandError) -> Self {
        let (status, help) = match &error {
            PlatformCommandError::Platform(error) => return Self::of_platform(error),
            PlatformCommandError::NotConnected { .. } => {
                (StatusCode::CONFLICT, Some("connect an account there"))
            }
            PlatformCommandError::TimedOut { .. } => {
                (StatusCode::GATEWAY_TIMEOUT, Some("look before doing it again"))
            }
            _ => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        let refusal = Self::new(status, error.code(), error.to_string());
        let refusal = match help {
            Some(help) => refusal.help(help),
            None => refusal,
        };
        match (error.retry_after(), status) {
            (Some(after), _) => refusal.retry_after(after.as_secs().max(1)),
            (None, StatusCode::SERVICE_UNAVAILABLE) => refusal.retry_later(),
            _ => refusal,
        }
    }
}

impl ApiError {
    /// What a platform refuses, or what stands in its way.
    pub(super) fn of_platform(error: &Error) -> Self {
        let status = match error {
            Error::Unsupported { .. } | Error::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::Forbidden { .. } => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::RateLimited { .. } | Error::QuotaExhausted { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Error::Unclear { .. } => StatusCode::BAD_GATEWAY,
            Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            // `NoBroadcast`, `NeedsReauth`: not as things are.
            _ => StatusCode::CONFLICT,
        };
        let refusal = Self::new(status, error.code(), error.to_string());
        let refusal = match error {
            Error::Invalid { field, .. } => refusal.field(field.to_string()),
            Error::NeedsReauth { .. } => refusal.help("connect the account again"),
            Error::Forbidden { .. } => {
                refusal.help("connect the account again and agree to all that is asked")
            }
            Error::Unclear { .. } => refusal.help("look before doing it again"),
            _ => refusal,
        };
        match error.retry_after() {
            Some(after) => refusal.retry_after(after.as_secs().max(1)),
            None if error.is_transient() && !error.may_have_been_done() => refusal.retry_later(),
            None => refusal,
        }
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
