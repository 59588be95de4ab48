//! Users, channels and categories.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Shared,
    api::{Given, LetIn, bad_request, failure, success},
    bodies,
    world::{CATEGORIES, ChannelView},
};
use crate::lock;

/// How many may be asked for at once.
const MAX_IDS: usize = 50;
const MAX_TAGS: usize = 10;

/// The values of a parameter that may be repeated.
pub(crate) fn all(query: Option<&str>, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

pub(crate) async fn users(
    State(fake): State<Arc<Shared>>,
    who: LetIn,
    RawQuery(query): RawQuery,
) -> Response {
    let own = match who.account_with("user:read") {
        Ok(own) => own,
        Err(refusal) => return refusal,
    };
    let ids = all(query.as_deref(), "id");
    let ids = if ids.is_empty() { vec![own.to_string()] } else { ids };
    let world = lock(&fake.world);
    let user = |id: &String| {
        let channel = world.channel(id.parse().ok()?)?;
        Some(json!({
            "email": "",
            "name": channel.slug,
            "profile_picture": bodies::picture(channel.id),
            "user_id": channel.id,
        }))
    };
    success(ids.iter().filter_map(user).collect())
}

pub(crate) async fn channels(
    State(fake): State<Arc<Shared>>,
    who: LetIn,
    RawQuery(query): RawQuery,
) -> Response {
    let (ids, slugs) =
        (all(query.as_deref(), "broadcaster_user_id"), all(query.as_deref(), "slug"));
    if ids.len() > MAX_IDS || slugs.len() > MAX_IDS || !(ids.is_empty() || slugs.is_empty()) {
        return bad_request();
    }
    let world = lock(&fake.world);
    let mut found: Vec<&ChannelView> = Vec::new();
    for id in &ids {
        let Ok(id) = id.parse() else { return bad_request() };
        found.extend(world.channel(id));
    }
    found.extend(slugs.iter().filter_map(|slug| world.channel_of_slug(slug)));
    if ids.is_empty() && slugs.is_empty() {
        let Some(own) = who.account() else { return bad_request() };
        found.extend(world.channel(own));
    }
    let list = found.into_iter().map(|channel| {
        let is_own = who.account() == Some(channel.id) && who.has_scope("streamkey:read");
        channel_json(channel, is_own.then_some(&*fake.config.ingest_url))
    });
    success(list.collect())
}

/// With where to stream to, for whoever may know.
fn channel_json(channel: &ChannelView, ingest: Option<&str>) -> Value {
    let mut stream = json!({
        "custom_tags": channel.tags,
        "is_live": channel.live_since.is_some(),
        "is_mature": false,
        "language": "en",
        "start_time": "0001-01-01T00:00:00Z",
        "thumbnail": "",
        "viewer_count": channel.viewers,
        "url": "",
        "key": "",
    });
    if let Some(since) = channel.live_since {
        stream["start_time"] = bodies::time(since).into();
    }
    if let Some(url) = ingest {
        stream["url"] = url.into();
        stream["key"] = (*channel.stream_key).into();
    }
    json!({
        "active_subscribers_count": 0,
        "banner_picture": "",
        "broadcaster_user_id": channel.id,
        "canceled_subscribers_count": 0,
        "category": bodies::category(channel),
        "channel_description": "",
        "slug": channel.slug,
        "stream": stream,
        "stream_title": channel.title,
    })
}

pub(crate) async fn update(State(fake): State<Arc<Shared>>, who: LetIn, given: Given) -> Response {
    let own = match who.account_with("channel:write") {
        Ok(own) => own,
        Err(refusal) => return refusal,
    };
    let Ok(Json(Value::Object(given))) = given else { return bad_request() };
    let category = match given.get("category_id").map(Value::as_u64) {
        None => None,
        Some(id) => {
            let known = CATEGORIES.iter().find(|(known, _)| Some(*known) == id);
            let Some(known) = known else { return bad_request() };
            Some(*known)
        }
    };
    let title = given.get("stream_title").map(Value::as_str);
    let tags: Option<Option<Vec<Box<str>>>> = given.get("custom_tags").map(|tags| {
        let tags = tags.as_array()?.iter();
        tags.map(|tag| tag.as_str().map(Into::into)).collect()
    });
    if title == Some(None)
        || tags.as_ref().is_some_and(|tags| tags.as_ref().is_none_or(|tags| tags.len() > MAX_TAGS))
    {
        return bad_request();
    }
    {
        let mut world = lock(&fake.world);
        let Some(channel) = world.channel_mut(own) else {
            return failure(StatusCode::NOT_FOUND, "Not Found");
        };
        if let Some(title) = title.flatten() {
            channel.title = title.into();
        }
        if let Some((id, name)) = category {
            channel.category = (id, name.into());
        }
        if let Some(tags) = tags.flatten() {
            channel.tags = tags;
        }
    }
    fake.metadata_changed(own);
    StatusCode::NO_CONTENT.into_response()
}

pub(crate) async fn categories(_: LetIn, RawQuery(query): RawQuery) -> Response {
    let name = all(query.as_deref(), "name").pop().unwrap_or_default().to_lowercase();
    let found = CATEGORIES.iter().filter(|(_, known)| known.to_lowercase().contains(&name));
    let list = found.map(|(id, name)| {
        json!({ "id": id, "name": name, "tags": [], "thumbnail": bodies::thumbnail(*id) })
    });
    let list: Vec<_> = list.collect();
    let page = json!({ "data": list, "message": "OK", "pagination": { "next_cursor": "" } });
    Json(page).into_response()
}
