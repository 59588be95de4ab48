//! Which events go to the app's webhook.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::{
    Shared,
    api::{Given, LetIn, bad_request, failure, success},
    channels::all,
    ulid::ulid,
};
use crate::lock;

/// All that can be subscribed to, in version 1.
pub(crate) const EVENTS: &[&str] = &[
    "chat.message.sent",
    "channel.followed",
    "channel.subscription.renewal",
    "channel.subscription.gifts",
    "channel.subscription.new",
    "channel.reward.redemption.updated",
    "livestream.status.updated",
    "livestream.metadata.updated",
    "moderation.banned",
    "kicks.gifted",
];

pub(crate) async fn list(
    State(fake): State<Arc<Shared>>,
    who: LetIn,
    RawQuery(query): RawQuery,
) -> Response {
    if let Err(refusal) = may(&who) {
        return refusal;
    }
    let asked = all(query.as_deref(), "broadcaster_user_id").pop();
    let asked = asked.and_then(|id| id.parse().ok()).or(who.account());
    let world = lock(&fake.world);
    let channels = world.subscriptions.iter().filter(|(id, _)| asked.is_none_or(|is| is == **id));
    let list = channels.flat_map(|(channel, events)| {
        events.iter().map(move |(event, id)| {
            json!({
                "app_id": "01FAKEAPP",
                "broadcaster_user_id": channel,
                "created_at": "2026-01-01T00:00:00Z",
                "event": event,
                "id": id,
                "method": "webhook",
                "updated_at": "2026-01-01T00:00:00Z",
                "version": 1,
            })
        })
    });
    success(list.collect())
}

pub(crate) async fn subscribe(
    State(fake): State<Arc<Shared>>,
    who: LetIn,
    given: Given,
) -> Response {
    if let Err(refusal) = may(&who) {
        return refusal;
    }
    let Ok(Json(given)) = given else { return bad_request() };
    let channel = who.account().or_else(|| given["broadcaster_user_id"].as_u64());
    let (Some(channel), Some(events)) = (channel, given["events"].as_array()) else {
        return bad_request();
    };
    if given["method"] != "webhook" || events.is_empty() {
        return bad_request();
    }
    let mut world = lock(&fake.world);
    let mut granted = Vec::new();
    for event in events {
        let (name, version) = (event["name"].as_str().unwrap_or_default(), &event["version"]);
        let refusal = world.refused_events.get(name).cloned();
        let refusal = match refusal {
            None if !EVENTS.contains(&name) || *version != 1 => Some("unknown event".into()),
            refusal => refusal,
        };
        let mut answer = json!({ "name": name, "version": version });
        if let Some(error) = refusal {
            answer["error"] = (*error).into();
        } else {
            let events = world.subscriptions.entry(channel).or_default();
            let id = events.entry(name.into()).or_insert_with(|| ulid().into());
            answer["subscription_id"] = (**id).into();
        }
        granted.push(answer);
    }
    success(granted.into())
}

pub(crate) async fn unsubscribe(
    State(fake): State<Arc<Shared>>,
    who: LetIn,
    RawQuery(query): RawQuery,
) -> Response {
    if let Err(refusal) = may(&who) {
        return refusal;
    }
    let ids = all(query.as_deref(), "id");
    let mut world = lock(&fake.world);
    for events in world.subscriptions.values_mut() {
        events.retain(|_, id| !ids.iter().any(|gone| **gone == **id));
    }
    StatusCode::NO_CONTENT.into_response()
}

/// The app itself, or an account that has agreed to it.
#[expect(clippy::result_large_err, reason = "a refusal is an answer")]
fn may(who: &LetIn) -> Result<(), Response> {
    if who.account().is_none() || who.has_scope("events:subscribe") {
        return Ok(());
    }
    Err(failure(StatusCode::FORBIDDEN, "Forbidden"))
}
