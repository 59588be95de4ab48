//! The chats of all platforms: one message goes to all of them, or to some.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Platform, UserId};
use stagedoor_stream::{PlatformCommandError, SentMessage, UserContext};
use utoipa::ToSchema;

use super::{
    ANSWER_LIMIT, Desk, limits,
    outcome::{Outcomes, PlatformOutcome, each},
};
use crate::http::ApiError;

/// The longest message, in characters. Each platform has a limit of its own, most of them of 200 to 500.
const MAX_TEXT_CHARS: usize = 8_000;
const MAX_PLATFORMS: usize = 16;
/// The longest id of a message or viewer, in bytes.
pub(super) const MAX_ID_BYTES: usize = 512;

/// A chat message to send.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SendChat {
    /// What it says: one line.
    #[schema(example = "Hello, all of you")]
    text: Box<str>,
    /// Where to: all that are connected when absent.
    #[serde(default)]
    #[schema(example = json!(["twitch", "kick"]))]
    platforms: Option<Vec<Platform>>,
    /// The message that it answers. It goes to its platform alone when `platforms` is absent; to the others it goes as
    /// a message like any.
    #[serde(default)]
    reply_to: Option<ReplyTo>,
}

/// A message to answer.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ReplyTo {
    /// On which platform it is.
    platform: Platform,
    /// The platform's id of it.
    message_id: Box<str>,
}

/// What became of a message on each platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SentChat {
    /// By the platforms.
    #[schema(value_type = BTreeMap<String, PlatformOutcome<SentMessage>>)]
    platforms: Outcomes<SentMessage>,
}

/// Sends a message.
pub(crate) async fn send(desk: &Desk, user: &UserId, body: SendChat) -> Result<SentChat, ApiError> {
    let SendChat { text, platforms, reply_to } = body;
    limits::name("text", &text, MAX_TEXT_CHARS)?;
    if let Some(reply_to) = &reply_to {
        limits::key("reply_to.message_id", &reply_to.message_id, MAX_ID_BYTES)?;
    }
    let tree = desk.tree(user)?;
    let to = addressees(desk, &tree, platforms, reply_to.as_ref())?;
    let sent = each(&to, ANSWER_LIMIT, |platform| {
        let answered = reply_to.as_ref().filter(|it| it.platform == platform);
        send_to(&tree, platform, &text, answered.map(|it| &*it.message_id))
    });
    Ok(SentChat { platforms: sent.await })
}

async fn send_to(
    tree: &UserContext,
    platform: Platform,
    text: &str,
    reply_to: Option<&str>,
) -> Result<SentMessage, PlatformCommandError> {
    if let Some(message) = reply_to {
        return tree.reply_chat(&platform, text, message).await;
    }
    let mut sent = tree.send_chat(std::slice::from_ref(&platform), text).await;
    let sent = sent.remove(&platform);
    sent.unwrap_or(Err(PlatformCommandError::NotConnected { platform }))
}

/// To whom it goes, each once.
fn addressees(
    desk: &Desk,
    tree: &UserContext,
    platforms: Option<Vec<Platform>>,
    reply_to: Option<&ReplyTo>,
) -> Result<Vec<Platform>, ApiError> {
    let mut to = match (platforms, reply_to) {
        (Some(platforms), _) => {
            limits::count("platforms", &platforms, MAX_PLATFORMS)?;
            platforms
        }
        (None, Some(reply_to)) => vec![reply_to.platform.clone()],
        (None, None) => {
            let connected = desk.connected(tree);
            if connected.is_empty() {
                let message = "no account is connected to a platform that runs here";
                return Err(ApiError::new(StatusCode::CONFLICT, "nothing_connected", message)
                    .help("connect one at its `connect_url`, see the list of platforms"));
            }
            connected
        }
    };
    to.iter().try_for_each(limits::platform)?;
    to.sort_unstable();
    to.dedup();
    if to.is_empty() {
        return Err(ApiError::invalid_field("platforms", "names no platform"));
    }
    if let Some(reply_to) = reply_to.filter(|reply_to| !to.contains(&reply_to.platform)) {
        let message = format!("{} is not among the platforms", reply_to.platform);
        return Err(ApiError::invalid_field("reply_to.platform", message));
    }
    Ok(to)
}
