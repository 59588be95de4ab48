//! How the HTTP API says no: `{"error": {"code", "message", "at", "help"}}`.

use std::borrow::Cow;

use axum::{
    Json,
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use stagedoor_presence::TrackError;

use crate::{auth::AuthError, websocket::HandshakeError};

/// A refusal: what, where, and what to do about it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: ErrorBody,
}

#[derive(Debug, Serialize)]
struct ErrorBody {
    /// For programs.
    code: &'static str,
    /// What is wrong, for people.
    message: Cow<'static, str>,
    /// Which part of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'static str>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'static str>,
}

#[derive(Serialize)]
struct Envelope {
    error: ErrorBody,
}

/// How long a client had better wait when the server is full, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

// === impl ApiError ===

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let body = ErrorBody { code, message: message.into(), at: None, help: None };
        Self { status, headers: Vec::new(), body }
    }

    fn at(mut self, part: &'static str) -> Self {
        self.body.at = Some(part);
        self
    }

    fn help(mut self, help: &'static str) -> Self {
        self.body.help = Some(help);
        self
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn invalid(part: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message).at(part)
    }

    pub(super) fn forbidden(message: &'static str, help: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message).help(help)
    }

    pub(super) fn origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "origin_refused", "pages of this origin may not connect")
            .at("header Origin")
            .help("add the origin to `gateway.allowed_origins` in the server's configuration")
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
    }

    pub(super) fn method_not_allowed() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "method_not_allowed", "this path has no such method")
            .help("the header Allow names the methods it has")
    }

    pub(super) fn body_too_large(limit: usize) -> Self {
        let message = format!("the body has more than the {limit} bytes allowed");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message).at("body")
    }

    pub(super) fn draining() -> Self {
        let message = "the server is about to go and takes no new sessions";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", message)
            .help("try again after a few seconds")
            .header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// Also for who does not get to the end of a body.
    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request took too long")
            .header(header::CONNECTION, HeaderValue::from_static("close"))
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error.code(), error.to_string())
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }
}

impl From<TrackError> for ApiError {
    fn from(error: TrackError) -> Self {
        let (status, code, help) = match error {
            TrackError::TooManySessions { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_sessions",
                "end a session of this user with DELETE, or let one expire",
            ),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "too_many_users", "try again later"),
        };
        Self::new(status, code, error.to_string())
            .help(help)
            .header(header::RETRY_AFTER, RETRY_AFTER)
    }
}

impl From<HandshakeError> for ApiError {
    fn from(error: HandshakeError) -> Self {
        if error == HandshakeError::Token {
            return AuthError::Invalid("the sub-protocol does not carry base64url").into();
        }
        let mut refusal = Self::new(error.status(), "handshake_refused", error.to_string());
        for (name, value) in &error.headers() {
            refusal = refusal.header(name.clone(), value.clone());
        }
        refusal
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, AppendHeaders(self.headers), Json(Envelope { error: self.body }))
            .into_response()
    }
}
