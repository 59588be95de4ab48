//! The JSON that Facebook answers.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::world::{CommentView, LiveVideo, Stage};

/// Why a call is not done: HTTP status, code, subcode, words.
#[derive(Clone, Debug)]
pub(super) struct Wrong(pub(super) u16, pub(super) i64, pub(super) i64, pub(super) String);

pub(super) type Answer = Result<Value, Wrong>;

impl Wrong {
    pub(super) fn parameter(words: &str) -> Self {
        Self(400, 100, 0, format!("(#100) {words}"))
    }

    pub(super) fn not_there(id: &str) -> Self {
        let words = format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or \
             does not support this operation"
        );
        Self(400, 100, 33, words)
    }

    pub(super) fn body(&self) -> Value {
        let Self(_, code, subcode, message) = self;
        let mut error = json!({
            "message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEfGhIjKlMnOp",
        });
        if *subcode != 0 {
            error["error_subcode"] = (*subcode).into();
        }
        json!({ "error": error })
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(self.body())).into_response()
    }
}

/// `2018-08-30T18:47:02+0000`
pub(super) fn time(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string().into()
}

/// The names at the top of a list of fields, with what stands in brackets after them.
pub(super) fn fields(list: &str) -> Vec<&str> {
    let (mut fields, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, character) in list.char_indices() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ',' if depth == 0 => {
                fields.push(&list[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    fields.push(&list[from..]);
    fields.retain(|field| !field.is_empty());
    fields
}

pub(super) fn name(field: &str) -> &str {
    field.split(['{', '.', '(']).next().unwrap_or(field)
}

/// A live video with these of its fields; those that it does not have are left out. What is no field is refused.
pub(super) fn video(video: &LiveVideo, list: &str) -> Answer {
    let mut answer = Map::new();
    answer.insert("id".into(), (*video.view.id).into());
    for field in fields(list) {
        let (at, value) = match name(field) {
            "reactions" => {
                let reaction = reaction(video, field);
                reaction.ok_or_else(|| Wrong::parameter("Invalid parameter of reactions"))?
            }
            known => (known, one_field(video, known)?),
        };
        if !value.is_null() {
            answer.insert(at.into(), value);
        }
    }
    Ok(Value::Object(answer))
}

fn one_field(video: &LiveVideo, name: &str) -> Answer {
    let view = &video.view;
    let host = "live-api-s.facebook.com";
    Ok(match name {
        "id" => (*view.id).into(),
        "title" => json!(view.title),
        "description" => json!(view.description),
        "status" => match view.stage {
            Stage::Unpublished => "UNPUBLISHED".into(),
            Stage::Live => "LIVE".into(),
            Stage::Ended => "VOD".into(),
        },
        "live_views" => (view.stage == Stage::Live).then_some(view.viewers).into(),
        "creation_time" => time(video.created),
        "broadcast_start_time" => video.started.map_or(Value::Null, time),
        "permalink_url" => format!("/{}/videos/{}/", view.page, view.video).into(),
        "video" => json!({ "id": view.video }),
        "secure_stream_url" => format!("rtmps://{host}:443/rtmp/{}", view.stream_key).into(),
        "stream_url" => format!("rtmp://{host}:80/rtmp/{}", view.stream_key).into(),
        other => {
            let words =
                format!("Tried accessing nonexisting field ({other}) on node type (LiveVideo)");
            return Err(Wrong::parameter(&words));
        }
    })
}

/// `reactions.type(LIKE).limit(0).summary(total_count).as(like)`
fn reaction<'a>(video: &LiveVideo, field: &'a str) -> Option<(&'a str, Value)> {
    let argument = |name: &str| {
        let from = field.find(&format!(".{name}("))? + name.len() + 2;
        Some(&field[from..from + field[from..].find(')')?])
    };
    let (kind, alias) = (argument("type")?, argument("as").unwrap_or("reactions"));
    if argument("summary") != Some("total_count") {
        return None;
    }
    let mut counts = video.reactions.iter();
    let count = counts.find(|(name, _)| name.eq_ignore_ascii_case(kind)).map_or(0, |(_, n)| *n);
    Some((alias, json!({ "data": [], "summary": { "total_count": count } })))
}

/// A comment, without who wrote it where that is not to be told.
pub(super) fn comment(comment: &CommentView, parent: Option<&CommentView>, authors: bool) -> Value {
    let (id, name) = &comment.author;
    let mut answer = json!({
        "id": comment.id,
        "created_time": time(comment.created),
        "message": comment.message,
    });
    if authors {
        answer["from"] = json!({ "id": id, "name": name });
    }
    if let Some(parent) = parent {
        answer["parent"] = json!({ "id": parent.id, "message": parent.message });
        if authors {
            let (id, name) = &parent.author;
            answer["parent"]["from"] = json!({ "id": id, "name": name });
        }
    }
    answer
}
