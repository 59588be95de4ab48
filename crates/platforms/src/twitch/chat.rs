//! Writing in the chat, and moderating it.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Inner,
    helix::{Data, Id},
};
use crate::{
    AccountAccess, ChatMessage, Error, Moderated, ModerationAct, Priority, Sent,
    http::{Call, below},
};

/// <https://dev.twitch.tv/docs/api/reference/#send-chat-message>
pub(super) const MAX_CHARS: usize = 500;

/// The longest timeout, two weeks: <https://dev.twitch.tv/docs/api/reference/#ban-user>.
const MAX_TIMEOUT_S: u64 = 1_209_600;

/// The longest reason for a ban, in characters.
const MAX_REASON: usize = 500;

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    message_id: Box<str>,
    #[serde(default)]
    is_sent: bool,
    #[serde(default)]
    drop_reason: Option<DropReason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DropReason {
    code: Box<str>,
    message: Box<str>,
}

/// Sends a message. Twitch answers 200 also for one that it drops.
pub(super) async fn send(
    inner: &Inner,
    account: &AccountAccess,
    message: &ChatMessage,
) -> Result<Sent, Error> {
    let length = message.text.chars().count();
    if length > MAX_CHARS {
        let problem = format!("has {length} characters, more than the {MAX_CHARS} allowed");
        return Err(Error::Invalid { field: "text".into(), problem: problem.into() });
    }
    let mut body = json!({
        "broadcaster_id": account.external_id,
        "sender_id": account.external_id,
        "message": message.text,
    });
    if let Some(id) = &message.reply_to {
        body["reply_parent_message_id"] = Id::new("reply_to", id)?.get().into();
    }
    let url = below(&inner.helix, &["chat", "messages"]);
    let call = Call::new(Method::POST, url, account, Priority::Send).json(body);
    let unclear = |_| Error::Unclear { what: "the answer lacks what it should have".into() };
    let written: Written = inner.http.ask::<Data<Written>>(call).await?.one().map_err(unclear)?;
    if written.is_sent {
        return Ok(Sent { message_id: written.message_id });
    }
    let DropReason { code, message } = written.drop_reason.unwrap_or_default();
    let or = |text: Box<str>, otherwise: &str| {
        if text.is_empty() {
            otherwise.into()
        } else {
            text.chars().take(300).collect::<String>().into()
        }
    };
    Err(Error::Refused {
        code: or(code, "dropped"),
        reason: or(message, "the message was dropped without a reason"),
    })
}

/// Does what a moderator does, as the channel's streamer.
pub(super) async fn moderate(
    inner: &Inner,
    account: &AccountAccess,
    act: &ModerationAct,
) -> Result<Moderated, Error> {
    match act {
        ModerationAct::DeleteMessage { message_id } => {
            delete(inner, account, Id::new("message_id", message_id)?).await?;
            Ok(Moderated::default())
        }
        ModerationAct::Ban { viewer_id, reason } => {
            ban(inner, account, viewer_id, None, reason.as_deref()).await?;
            Ok(Moderated::default())
        }
        ModerationAct::Timeout { viewer_id, duration, reason } => {
            let seconds = timeout_seconds(*duration)?;
            ban(inner, account, viewer_id, Some(seconds), reason.as_deref()).await?;
            Ok(Moderated { ban_id: None, duration: Some(Duration::from_secs(seconds)) })
        }
        ModerationAct::Unban { viewer_id, .. } => {
            let call = moderation(inner, account, Method::DELETE, "bans")
                .query("user_id", Id::new("viewer_id", viewer_id)?.get());
            inner.http.tell(call).await?;
            Ok(Moderated::default())
        }
    }
}

/// Deletes one message. Without an id Twitch would empty the chat: so there is one, always.
async fn delete(inner: &Inner, account: &AccountAccess, message: Id<'_>) -> Result<(), Error> {
    let call =
        moderation(inner, account, Method::DELETE, "chat").query("message_id", message.get());
    inner.http.tell(call).await
}

async fn ban(
    inner: &Inner,
    account: &AccountAccess,
    viewer: &str,
    seconds: Option<u64>,
    reason: Option<&str>,
) -> Result<(), Error> {
    let mut data = json!({ "user_id": Id::new("viewer_id", viewer)?.get() });
    if let Some(seconds) = seconds {
        data["duration"] = seconds.into();
    }
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        data["reason"] = reason.chars().take(MAX_REASON).collect::<String>().into();
    }
    let call = moderation(inner, account, Method::POST, "bans").json(json!({ "data": data }));
    inner.http.ask::<Value>(call).await.map(drop)
}

fn moderation<'a>(
    inner: &Inner,
    account: &'a AccountAccess,
    method: Method,
    what: &str,
) -> Call<'a> {
    let url = below(&inner.helix, &["moderation", what]);
    Call::new(method, url, account, Priority::Stop)
        .query("broadcaster_id", &*account.external_id)
        .query("moderator_id", &*account.external_id)
}

/// Whole seconds, rounded up.
fn timeout_seconds(duration: Duration) -> Result<u64, Error> {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    if (1..=MAX_TIMEOUT_S).contains(&seconds) {
        return Ok(seconds);
    }
    let problem = format!("is {seconds} s, outside 1 to {MAX_TIMEOUT_S}");
    Err(Error::Invalid { field: "duration".into(), problem: problem.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_whole_seconds_within_two_weeks() {
        let seconds = |duration| timeout_seconds(duration).ok();
        assert_eq!(seconds(Duration::ZERO), None);
        assert_eq!(seconds(Duration::from_millis(1)), Some(1));
        assert_eq!(seconds(Duration::from_secs(MAX_TIMEOUT_S)), Some(MAX_TIMEOUT_S));
        assert_eq!(seconds(Duration::from_secs(MAX_TIMEOUT_S + 1)), None);
    }
}
