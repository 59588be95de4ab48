//! What the page writes under its live video, and what it takes away.
//!
//! A live video takes no comments by itself (its edge `comments` can only be read), but the video that it shows does:
//! <https://developers.facebook.com/docs/graph-api/reference/video/comments>. An answer goes to the comment that it
//! answers. Who comments is known by a page-scoped id; by that the page blocks people:
//! <https://developers.facebook.com/docs/graph-api/reference/page/blocked>.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    SEND_CHARS,
    graph::Graph,
    wire::{Id, Node},
};
use crate::{
    AccountAccess, Broadcast, ChatMessage, Error, Moderated, ModerationAct, Operation, Place,
    Priority, Sent,
};

#[derive(Debug, Deserialize)]
struct Made {
    id: Id,
}

#[derive(Debug, Deserialize)]
struct Shows {
    #[serde(default)]
    video: Option<Node>,
}

fn invalid(field: &str, problem: impl Into<Box<str>>) -> Error {
    Error::Invalid { field: field.into(), problem: problem.into() }
}

/// Whether it is the id of a comment: `<video or post>_<comment>`. With any other id of the page a call would delete
/// something else: a video, a post. A post's id looks alike, and begins with the page's.
fn comment_id<'a>(field: &str, id: &'a str, page: &str) -> Result<&'a str, Error> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match id.split_once('_') {
        Some((under, own)) if is_number(under) && is_number(own) && under != page => Ok(id),
        _ => Err(invalid(field, "is not the id of a comment")),
    }
}

fn viewer_id(id: &str) -> Result<&str, Error> {
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id).ok_or_else(|| invalid("viewer_id", "is not an id of Facebook"))
}

/// Writes a comment, or answers one.
pub(super) async fn send(
    graph: &Graph,
    place: Place<'_>,
    message: &ChatMessage,
) -> Result<Sent, Error> {
    let length = message.text.chars().count();
    if length > SEND_CHARS {
        let problem = format!("has {length} characters, more than the {SEND_CHARS} allowed");
        return Err(invalid("text", problem));
    }
    if message.text.trim().is_empty() {
        return Err(invalid("text", "is empty"));
    }
    let broadcast = place.broadcast.ok_or(Error::NoBroadcast)?;
    let under = match &message.reply_to {
        Some(id) => comment_id("reply_to", id, &place.account.external_id)?.into(),
        None => video(graph, place.account, broadcast).await?,
    };
    let call = graph.post(&[&under, "comments"], place.account, Priority::Send);
    let Made { id: Id(message_id) } = graph.ask(call.form("message", &*message.text)).await?;
    Ok(Sent { message_id })
}

/// The video that the live video shows.
async fn video(
    graph: &Graph,
    account: &AccountAccess,
    broadcast: &Broadcast,
) -> Result<Box<str>, Error> {
    if let Some(id) = &broadcast.chat_id {
        return Ok(id.clone());
    }
    let shows: Shows = graph.fields(&[&broadcast.id], account, "video{id}", Priority::Send).await?;
    shows.video.map(|video| video.id.0).ok_or(Error::NotFound)
}

/// Deletes, blocks, lets in again. Pages cannot silence somebody for a while.
pub(super) async fn moderate(
    graph: &Graph,
    place: Place<'_>,
    act: &ModerationAct,
) -> Result<Moderated, Error> {
    let (account, page) = (place.account, &*place.account.external_id);
    match act {
        ModerationAct::DeleteMessage { message_id } => {
            let id = comment_id("message_id", message_id, page)?;
            graph.act(graph.delete(&[id], account, Priority::Stop)).await?;
        }
        ModerationAct::Ban { viewer_id: viewer, .. } => {
            let viewer = viewer_id(viewer)?;
            let call = graph.post(&[page, "blocked"], account, Priority::Stop);
            let blocked: Map<String, Value> =
                graph.ask(call.form("psid", format!("[{viewer}]"))).await?;
            // Answered by person, or as other acts are.
            let answer = blocked.get(viewer).or_else(|| blocked.get("success"));
            if answer.is_some_and(|answer| *answer == Value::Bool(false)) {
                let reason = "Facebook does not block this person".into();
                return Err(Error::Refused { code: "false".into(), reason });
            }
        }
        ModerationAct::Unban { viewer_id: viewer, .. } => {
            let call = graph.delete(&[page, "blocked"], account, Priority::Stop);
            graph.act(call.query("psid", viewer_id(viewer)?)).await?;
        }
        ModerationAct::Timeout { .. } => {
            return Err(Error::Unsupported {
                platform: stagedoor_domain::Platform::Facebook,
                operation: Operation::Timeout,
            });
        }
    }
    Ok(Moderated::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_can_be_meant() {
        assert_eq!(comment_id("message_id", "17_42", "9"), Ok("17_42"));
        for other in ["17", "9_42", "17_", "_42", "17_42_3", "17_42/../..", "me_1", "", "17_4 2"] {
            assert!(comment_id("message_id", other, "9").is_err(), "{other:?}");
        }
    }

    #[test]
    fn only_ids_of_people_can_be_blocked() {
        assert_eq!(viewer_id("17"), Ok("17"));
        for other in ["", "me", "17,18", "17]"] {
            assert!(viewer_id(other).is_err(), "{other:?}");
        }
    }
}
