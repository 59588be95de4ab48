//! Helix, and the validation of tokens.

mod channel;
mod chat;
mod eventsub;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequestParts, Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{Request, StatusCode, header::AUTHORIZATION, request::Parts};
use serde_json::{Value, json};

use super::{Shared, socket};
use crate::Session;

pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/oauth2/validate", get(validate))
        .route("/ws", get(open))
        .route("/helix/eventsub/subscriptions", post(eventsub::subscribe))
        .route("/helix/chat/messages", post(chat::send))
        .route("/helix/moderation/chat", axum::routing::delete(chat::delete))
        .route("/helix/moderation/bans", post(chat::ban).delete(chat::unban))
        .route("/helix/channels", axum::routing::patch(channel::modify))
        .route("/helix/search/categories", get(channel::search))
        .route("/helix/streams", get(channel::streams))
        .route("/helix/streams/key", get(channel::stream_key))
        .route("/helix/channels/followers", get(channel::followers))
        .route("/helix/users", get(channel::users))
        .with_state(shared)
}

/// What stands in an address, in its order.
type Pairs = Query<Vec<(String, String)>>;

/// The first value of this name.
fn first<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
}

/// A refusal, as Helix writes them.
pub(crate) fn refuse(status: StatusCode, message: &str) -> Response {
    let error = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "error": error, "status": status.as_u16(), "message": message });
    (status, Json(body)).into_response()
}

fn data(data: impl Into<Value>) -> Response {
    Json(json!({ "data": data.into() })).into_response()
}

/// Whoever is let in, by their token.
struct Caller(Session);

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let unauthorized = |message| refuse(StatusCode::UNAUTHORIZED, message);
        if parts.headers.get("client-id").is_none_or(|id| *id != *shared.config.client_id) {
            return Err(unauthorized("Client ID and OAuth token do not match"));
        }
        let session = token(parts, "Bearer ").and_then(|token| shared.oauth.whose(token));
        session.map(Self).ok_or_else(|| unauthorized("Invalid OAuth token"))
    }
}

/// The token, after this word.
pub(crate) fn token<'a>(parts: &'a Parts, word: &str) -> Option<&'a str> {
    parts.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(word)
}

impl Caller {
    /// The channel that a call is about, when it is the caller's own and was allowed.
    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    fn owns(&self, channel: Option<&str>, scope: &str) -> Result<Box<str>, Response> {
        let Some(account) = &self.0.account else {
            return Err(refuse(StatusCode::UNAUTHORIZED, "Missing User OAUTH Token"));
        };
        if channel != Some(&**account) {
            let message = "The ID in broadcaster_id must match the user ID found in the request's OAuth token.";
            return Err(refuse(StatusCode::UNAUTHORIZED, message));
        }
        if !scope.is_empty() && !self.0.has_scope(scope) {
            let message = format!("Missing scope: {scope}");
            return Err(refuse(StatusCode::UNAUTHORIZED, &message));
        }
        Ok(account.clone())
    }
}

async fn validate(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, _) = request.into_parts();
    let token = token(&parts, "OAuth ").or_else(|| token(&parts, "Bearer "));
    let Some(session) = token.and_then(|token| shared.oauth.whose(token)) else {
        let body = json!({ "status": 401, "message": "invalid access token" });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    };
    let mut body = json!({
        "client_id": shared.config.client_id,
        "scopes": session.scopes,
        "expires_in": session.expires_in.as_secs(),
    });
    if let Some(account) = &session.account {
        let world = crate::lock(&shared.world);
        body["user_id"] = (**account).into();
        body["login"] = world.channels.get(account).map(|channel| &*channel.owner.login).into();
    }
    Json(body).into_response()
}

async fn open(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    socket::upgrade(&shared, request)
}
