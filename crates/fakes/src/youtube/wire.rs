//! How the REST API writes what there is.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::world::{BroadcastView, Stream};

/// A list.
pub(crate) fn list(kind: &str, items: &[Value]) -> Response {
    page_of(kind, items, None)
}

/// A part of a list, and where the next one begins.
pub(crate) fn page_of(kind: &str, items: &[Value], next: Option<String>) -> Response {
    let mut body = json!({
        "kind": format!("youtube#{kind}ListResponse"),
        "etag": "etag",
        "pageInfo": { "totalResults": items.len(), "resultsPerPage": items.len() },
        "items": items,
    });
    if let Some(next) = next {
        body["nextPageToken"] = next.into();
    }
    Json(body).into_response()
}

/// A refusal, as Google writes it.
pub(crate) fn failure(status: u16, reason: &str, message: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "error": {
            "code": status,
            "message": message,
            "errors": [{ "message": message, "domain": "youtube.liveBroadcast", "reason": reason }],
        },
    });
    (code, Json(body)).into_response()
}

pub(crate) fn broadcast(its: &BroadcastView) -> Value {
    let mut snippet = json!({
        "publishedAt": its.published.to_string(),
        "channelId": its.channel,
        "title": its.title,
        "description": its.description,
        // YouTube knows seconds.
        "scheduledStartTime": whole_seconds(its.scheduled),
        "thumbnails": { "default": { "url": "https://i.example/d.jpg", "width": 120, "height": 90 } },
        "isDefaultBroadcast": false,
        "liveChatId": its.chat,
    });
    if let Some(at) = its.started {
        snippet["actualStartTime"] = at.to_string().into();
    }
    if let Some(at) = its.ended {
        snippet["actualEndTime"] = at.to_string().into();
    }
    let mut details = json!({
        "monitorStream": { "enableMonitorStream": false },
        "enableAutoStart": its.auto_start,
        "enableAutoStop": false,
        "enableDvr": true,
        "recordFromStart": true,
        "latencyPreference": "low",
    });
    if let Some(stream) = &its.stream {
        details["boundStreamId"] = stream.as_str().into();
    }
    json!({
        "kind": "youtube#liveBroadcast",
        "etag": "etag",
        "id": its.id,
        "snippet": snippet,
        "status": {
            "lifeCycleStatus": its.status,
            "privacyStatus": its.privacy,
            "recordingStatus": if its.status == "ready" { "notRecording" } else { "recording" },
            "madeForKids": false,
            "selfDeclaredMadeForKids": false,
        },
        "contentDetails": details,
    })
}

pub(crate) fn stream(id: &str, its: &Stream, ingest_url: &str) -> Value {
    json!({
        "kind": "youtube#liveStream",
        "etag": "etag",
        "id": id,
        "snippet": { "title": its.title, "isDefaultStream": false },
        "cdn": {
            "ingestionType": "rtmp",
            "resolution": "variable",
            "frameRate": "variable",
            "ingestionInfo": {
                "streamName": its.key,
                "ingestionAddress": "rtmp://a.rtmp.example/live2",
                "backupIngestionAddress": "rtmp://b.rtmp.example/live2?backup=1",
                "rtmpsIngestionAddress": ingest_url,
                "rtmpsBackupIngestionAddress": "rtmps://b.rtmps.example/live2?backup=1",
            },
        },
    })
}

pub(crate) fn video(its: &BroadcastView) -> Value {
    let mut details = json!({ "scheduledStartTime": whole_seconds(its.scheduled) });
    if its.status != "complete" {
        details["activeLiveChatId"] = its.chat.as_str().into();
    }
    if let Some(at) = its.started {
        details["actualStartTime"] = at.to_string().into();
    }
    if let Some(at) = its.ended {
        details["actualEndTime"] = at.to_string().into();
    }
    if let Some(viewers) = its.viewers {
        details["concurrentViewers"] = viewers.to_string().into();
    }
    json!({
        "kind": "youtube#video",
        "id": its.id,
        "snippet": { "channelId": its.channel, "title": its.title },
        "liveStreamingDetails": details,
    })
}

fn whole_seconds(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
