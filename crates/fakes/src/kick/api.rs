//! The public API: who is let in, and what its answers are wrapped in.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequestParts, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use http::{HeaderMap, Method, StatusCode, header::AUTHORIZATION, request::Parts};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Shared, channels, chat, subscriptions};
use crate::{OAuthCall, Provider, Session};

/// A call, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// Of its OAuth.
    OAuth(OAuthCall),
    /// `POST /oauth/token/introspect`
    Introspect,
    /// `GET /public/v1/users`
    Users,
    /// `GET /public/v1/channels`
    Channels,
    /// `PATCH /public/v1/channels`
    UpdateChannel,
    /// `GET /public/v2/categories`
    Categories,
    /// `POST /public/v1/chat`
    SendChat,
    /// `DELETE /public/v1/chat/{message_id}`
    DeleteChat,
    /// `POST /public/v1/moderation/bans`
    Ban,
    /// `DELETE /public/v1/moderation/bans`
    Unban,
    /// `GET /public/v1/events/subscriptions`
    Subscriptions,
    /// `POST /public/v1/events/subscriptions`
    Subscribe,
    /// `DELETE /public/v1/events/subscriptions`
    Unsubscribe,
    /// `GET /public/v1/public-key`
    PublicKey,
}

impl Call {
    /// What a request is; none when it is nothing that Kick knows.
    pub(crate) fn of(oauth: &Provider, method: &Method, path: &str) -> Option<Self> {
        if path == "/oauth/token/introspect" {
            return Some(Self::Introspect);
        }
        let Some(path) = path.strip_prefix("/public/") else {
            return OAuthCall::of(oauth, path).map(Self::OAuth);
        };
        let path: Vec<_> = path.split('/').collect();
        Some(match (method.as_str(), &path[..]) {
            ("GET", ["v1", "users"]) => Self::Users,
            ("GET", ["v1", "channels"]) => Self::Channels,
            ("PATCH", ["v1", "channels"]) => Self::UpdateChannel,
            ("GET", ["v2", "categories"]) => Self::Categories,
            ("POST", ["v1", "chat"]) => Self::SendChat,
            ("DELETE", ["v1", "chat", _]) => Self::DeleteChat,
            ("POST", ["v1", "moderation", "bans"]) => Self::Ban,
            ("DELETE", ["v1", "moderation", "bans"]) => Self::Unban,
            ("GET", ["v1", "events", "subscriptions"]) => Self::Subscriptions,
            ("POST", ["v1", "events", "subscriptions"]) => Self::Subscribe,
            ("DELETE", ["v1", "events", "subscriptions"]) => Self::Unsubscribe,
            ("GET", ["v1", "public-key"]) => Self::PublicKey,
            _ => return None,
        })
    }
}

pub(crate) fn routes(fake: Arc<Shared>) -> Router {
    let subscriptions =
        get(subscriptions::list).post(subscriptions::subscribe).delete(subscriptions::unsubscribe);
    Router::new()
        .route("/oauth/token/introspect", post(introspect))
        .route("/public/v1/users", get(channels::users))
        .route("/public/v1/channels", get(channels::channels).patch(channels::update))
        .route("/public/v2/categories", get(channels::categories))
        .route("/public/v1/chat", post(chat::send))
        .route("/public/v1/chat/{message_id}", delete(chat::delete))
        .route("/public/v1/moderation/bans", post(chat::ban).delete(chat::unban))
        .route("/public/v1/events/subscriptions", subscriptions)
        .route("/public/v1/public-key", get(public_key))
        .with_state(fake)
}

/// A body that is to be JSON.
pub(crate) type Given = Result<Json<Value>, JsonRejection>;

#[expect(clippy::needless_pass_by_value, reason = "it is made for this")]
pub(crate) fn success(data: Value) -> Response {
    Json(json!({ "data": data, "message": "OK" })).into_response()
}

pub(crate) fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "data": {}, "message": message }))).into_response()
}

pub(crate) fn bad_request() -> Response {
    failure(StatusCode::BAD_REQUEST, "Invalid request")
}

/// Whoever is let in.
pub(crate) struct LetIn(Session);

impl LetIn {
    /// The account whose token it is; none for the app's.
    pub(crate) fn account(&self) -> Option<u64> {
        self.0.account.as_deref()?.parse().ok()
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.0.has_scope(scope)
    }

    /// The account, if it has agreed to this.
    #[expect(clippy::result_large_err, reason = "a refusal is an answer")]
    pub(crate) fn account_with(&self, scope: &str) -> Result<u64, Response> {
        let forbidden = || failure(StatusCode::FORBIDDEN, "Forbidden");
        let account = self.account().ok_or_else(forbidden)?;
        if self.has_scope(scope) { Ok(account) } else { Err(forbidden()) }
    }
}

impl FromRequestParts<Arc<Shared>> for LetIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, fake: &Arc<Shared>) -> Result<Self, Response> {
        let session = session(&parts.headers, fake).map(Self);
        session.ok_or_else(|| failure(StatusCode::UNAUTHORIZED, "Unauthorized"))
    }
}

fn session(headers: &HeaderMap, fake: &Shared) -> Option<Session> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    fake.oauth.whose(token)
}

async fn introspect(State(fake): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(session) = session(&headers, &fake) else {
        return success(json!({ "active": false }));
    };
    let ends = Timestamp::now() + session.expires_in;
    success(json!({
        "active": true,
        "client_id": fake.config.client_id,
        "exp": ends.as_second(),
        "scope": session.scopes.join(" "),
        "token_type": if session.account.is_some() { "user" } else { "app" },
    }))
}

async fn public_key(State(fake): State<Arc<Shared>>) -> Response {
    success(json!({ "public_key": fake.deliveries.public_key() }))
}
