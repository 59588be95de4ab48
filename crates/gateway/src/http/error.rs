//! How the API says no: `{"error": {"code", "message", "at", "field", "help"}}`. Channels answer with what is in it.

use std::borrow::Cow;

use axum::{
    Json,
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use stagedoor_presence::TrackError;
use utoipa::ToSchema;

use crate::{auth::AuthError, websocket::HandshakeError};

/// A refusal: what, where, and what to do about it.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Boxed: what may be refused is mostly not.
    body: Box<Problem>,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// For programs. Stable.
    #[schema(value_type = String, example = "invalid")]
    code: &'static str,
    /// What is wrong, for people.
    #[schema(value_type = String)]
    message: Cow<'static, str>,
    /// Which part of the request: `path`, `query`, `body`, `header …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    at: Option<&'static str>,
    /// Which field or parameter in it: `ttl`, `tags[3]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Cow<'static, str>>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    help: Option<&'static str>,
    /// When to try again, in seconds, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl Problem {
    /// For programs.
    pub(crate) const fn code(&self) -> &str {
        self.code
    }

    /// For people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do, if there is something.
    pub(crate) const fn help(&self) -> Option<&str> {
        self.help
    }

    /// When to try again, in seconds.
    pub(crate) const fn retry_after_s(&self) -> Option<u64> {
        self.retry_after_s
    }

    /// Which field, if one is at fault.
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

/// Every answer with a status of 400 and above.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorAnswer {
    /// What is wrong.
    error: Problem,
}

/// How long a client had better wait when the server is full, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

// === impl ApiError ===

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        let body =
            Problem { code, message, at: None, field: None, help: None, retry_after_s: None };
        Self { status, headers: Vec::new(), body: Box::new(body) }
    }

    fn at(mut self, part: &'static str) -> Self {
        self.body.at = Some(part);
        self
    }

    /// Which field or parameter it is about.
    pub(crate) fn field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.body.field = Some(field.into());
        self
    }

    pub(crate) fn help(mut self, help: &'static str) -> Self {
        self.body.help = Some(help);
        self
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// For those who may succeed when they come again.
    pub(crate) fn retry_later(self) -> Self {
        self.header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// For those who may succeed when they come again after so long.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.body.retry_after_s = Some(seconds);
        self.header(header::RETRY_AFTER, seconds.into())
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, without the wrapping of HTTP.
    pub(crate) const fn problem(&self) -> &Problem {
        &self.body
    }

    /// The code, for programs and metrics.
    pub(crate) const fn code(&self) -> &'static str {
        self.body.code
    }

    pub(crate) fn invalid(part: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message).at(part)
    }

    /// A field of the body has a value that cannot be.
    pub(crate) fn invalid_field(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid("body", message).field(field)
    }

    pub(super) fn forbidden(message: &'static str, help: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message).help(help)
    }

    /// Something that could be there, but is not.
    pub(crate) fn missing(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
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
            .retry_later()
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
        Self::new(status, code, error.to_string()).help(help).retry_later()
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
        (self.status, AppendHeaders(self.headers), Json(ErrorAnswer { error: *self.body }))
            .into_response()
    }
}
