//! The JSON that Cloudflare answers.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Encoder, FakeConfig, OutputView, StatusForm, world::Input};

pub(crate) fn success(result: &Value) -> Response {
    Json(json!({ "success": true, "errors": [], "messages": [], "result": result })).into_response()
}

pub(crate) fn failure(status: StatusCode, code: i64, message: &str) -> Response {
    let errors = json!([{ "code": code, "message": message }]);
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    (status, Json(body)).into_response()
}

pub(crate) fn not_found() -> Response {
    failure(StatusCode::NOT_FOUND, 10_003, "Not Found: The requested resource could not be found")
}

pub(crate) fn bad_request(message: &str) -> Response {
    failure(StatusCode::BAD_REQUEST, 10_005, message)
}

/// A live input by its id: with what is secret.
pub(crate) fn input(input: &Input, config: &FakeConfig) -> Value {
    let mut value = json!({
        "uid": input.uid,
        "created": input.created,
        "modified": input.modified,
        "meta": input.given["meta"],
        "recording": input.given["recording"],
        "enabled": input.lets_encoders_in(),
        "rtmps": { "url": config.ingest_url, "streamKey": input.stream_key },
        "rtmpsPlayback": { "url": config.ingest_url, "streamKey": format!("play{}", input.stream_key) },
        "srt": {
            "url": "srt://live.cloudflare.com:778",
            "streamId": input.uid,
            "passphrase": format!("pass{}", input.stream_key),
        },
        "status": status(input, config.status_form),
    });
    if let Some(days) = input.given.get("deleteRecordingAfterDays") {
        value["deleteRecordingAfterDays"] = days.clone();
    }
    if let Some(at) = input.keys_rotated {
        value["keysRotatedAt"] = json!(at);
    }
    value
}

/// A live input in a list: without what is secret.
pub(crate) fn input_entry(input: &Input) -> Value {
    json!({
        "uid": input.uid,
        "created": input.created,
        "modified": input.modified,
        "meta": input.given["meta"],
    })
}

pub(crate) fn output(output: &OutputView) -> Value {
    json!({
        "uid": output.uid,
        "url": output.url,
        "streamKey": output.stream_key,
        "enabled": output.enabled,
    })
}

fn status(input: &Input, form: StatusForm) -> Value {
    let (text, state, reason) = match &input.encoder {
        Encoder::Never => return Value::Null,
        Encoder::Connected => ("connected", "connected", "connected"),
        Encoder::Disconnected => ("client_disconnect", "disconnected", "client_disconnect"),
        Encoder::Errored(code) => ("failed_to_connect", "disconnected", code.as_str()),
    };
    match form {
        StatusForm::Null => Value::Null,
        StatusForm::Text => text.into(),
        StatusForm::Object => json!({
            "current": {
                "ingestProtocol": "rtmp",
                "reason": reason,
                "state": state,
                "statusEnteredAt": input.encoder_since,
                "statusLastSeen": input.encoder_since,
            },
            "history": [],
        }),
    }
}
