//! Subscriptions of EventSub.

use std::sync::Arc;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Caller, refuse};
use crate::{
    lock,
    twitch::{Shared, sessions::NoSubscription},
};

/// The types that there are: version, and what the token must have been given for.
const TYPES: &[(&str, &str, &str)] = &[
    ("channel.chat.message", "1", "user:read:chat"),
    ("channel.chat.message_delete", "1", "user:read:chat"),
    ("channel.chat.clear", "1", "user:read:chat"),
    ("channel.chat.clear_user_messages", "1", "user:read:chat"),
    ("channel.chat.notification", "1", "user:read:chat"),
    ("channel.follow", "2", "moderator:read:followers"),
    ("channel.subscribe", "1", "channel:read:subscriptions"),
    ("channel.subscription.message", "1", "channel:read:subscriptions"),
    ("channel.subscription.gift", "1", "channel:read:subscriptions"),
    ("channel.subscription.end", "1", "channel:read:subscriptions"),
    ("channel.cheer", "1", "bits:read"),
    ("channel.raid", "1", ""),
    ("channel.channel_points_custom_reward_redemption.add", "1", "channel:read:redemptions"),
    ("channel.channel_points_custom_reward_redemption.update", "1", "channel:read:redemptions"),
    ("stream.online", "1", ""),
    ("stream.offline", "1", ""),
    ("channel.update", "2", ""),
    ("channel.hype_train.begin", "2", "channel:read:hype_train"),
    ("channel.hype_train.progress", "2", "channel:read:hype_train"),
    ("channel.hype_train.end", "2", "channel:read:hype_train"),
    ("channel.ban", "1", "channel:moderate"),
    ("channel.unban", "1", "channel:moderate"),
    ("channel.ad_break.begin", "1", "channel:read:ads"),
];

/// What a type's condition must name.
fn condition_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "channel.follow" => &["broadcaster_user_id", "moderator_user_id"],
        "channel.raid" => &["to_broadcaster_user_id"],
        kind if kind.starts_with("channel.chat.") => &["broadcaster_user_id", "user_id"],
        _ => &["broadcaster_user_id"],
    }
}

pub(super) async fn subscribe(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    given: Result<Json<Value>, JsonRejection>,
) -> Response {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, message);
    let Ok(Json(given)) = given else { return bad("no JSON") };
    let Some(account) = &caller.0.account else {
        return bad("invalid transport and auth combination");
    };
    let (kind, version) = (given["type"].as_str(), given["version"].as_str());
    let known =
        TYPES.iter().find(|(name, number, _)| kind == Some(name) && version == Some(number));
    let Some((kind, version, scope)) = known else {
        return bad("invalid subscription type and version");
    };
    let session = given["transport"]["session_id"].as_str();
    let Some(session) = session.filter(|_| given["transport"]["method"] == "websocket") else {
        return bad("invalid transport");
    };
    let condition = &given["condition"];
    let wanted = condition_of(kind);
    let is_whole = condition.as_object().is_some_and(|fields| fields.len() == wanted.len())
        && wanted.iter().all(|field| condition[*field].as_str() == Some(account));
    if !is_whole {
        return bad("invalid condition");
    }
    if !scope.is_empty() && !caller.0.has_scope(scope) {
        return refuse(StatusCode::FORBIDDEN, "subscription missing proper authorization");
    }
    let mut sessions = lock(&shared.sessions);
    match sessions.subscribe(session, account, kind, version, condition.clone()) {
        Ok(view) => {
            let body = json!({ "data": [view], "total": 1, "total_cost": 0, "max_total_cost": 10 });
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        Err(NoSubscription::NoSession) => {
            bad("websocket transport session does not exist or has already disconnected")
        }
        Err(NoSubscription::AnotherUser) => {
            bad("websocket transport cannot have subscriptions created by different users")
        }
        Err(NoSubscription::Exists) => refuse(StatusCode::CONFLICT, "subscription already exists"),
        Err(NoSubscription::TooManySockets) => {
            refuse(StatusCode::TOO_MANY_REQUESTS, "number of websocket transports limit exceeded")
        }
    }
}
