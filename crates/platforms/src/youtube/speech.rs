//! What is written into a chat, and what is taken out of it.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{api::Api, quota::cost};
use crate::{
    AccountAccess, ChatMessage, Error, Moderated, ModerationAct, Operation, Priority, Sent,
};

/// The longest message, in characters: <https://developers.google.com/youtube/v3/live/docs/liveChatMessages>.
pub(crate) const MAX_MESSAGE: usize = 200;

#[derive(Deserialize)]
struct Created {
    id: String,
}

impl Api {
    pub(crate) async fn send_chat(
        &self,
        account: &AccountAccess,
        chat: &str,
        message: &ChatMessage,
    ) -> Result<Sent, Error> {
        if message.reply_to.is_some() {
            let platform = stagedoor_domain::Platform::YouTube;
            return Err(Error::Unsupported { platform, operation: Operation::Reply });
        }
        let length = message.text.chars().count();
        if length > MAX_MESSAGE {
            let problem = format!("has {length} characters, more than the {MAX_MESSAGE} allowed");
            return Err(Error::Invalid { field: "text".into(), problem: problem.into() });
        }
        let body = json!({
            "snippet": {
                "liveChatId": chat,
                "type": "textMessageEvent",
                "textMessageDetails": { "messageText": message.text },
            },
        });
        let call = self
            .change(Method::POST, &["liveChat", "messages"], account, Priority::Send)
            .query("part", "id,snippet")
            .json(body)
            .cost(cost::SEND_CHAT);
        let sent: Created = self.ask(call).await?;
        Ok(Sent { message_id: sent.id.into() })
    }

    pub(crate) async fn moderate(
        &self,
        account: &AccountAccess,
        chat: Option<&str>,
        act: &ModerationAct,
    ) -> Result<Moderated, Error> {
        match act {
            ModerationAct::DeleteMessage { message_id } => {
                let call = self
                    .change(Method::DELETE, &["liveChat", "messages"], account, Priority::Stop)
                    .query("id", &**message_id)
                    .cost(cost::DELETE_CHAT);
                self.tell(call).await?;
                Ok(Moderated::default())
            }
            ModerationAct::Ban { viewer_id, .. } => self.ban(account, chat, viewer_id, None).await,
            ModerationAct::Timeout { viewer_id, duration, .. } => {
                self.ban(account, chat, viewer_id, Some(*duration)).await
            }
            ModerationAct::Unban { ban_id: Some(ban_id), .. } => {
                let call =
                    self.change(Method::DELETE, &["liveChat", "bans"], account, Priority::Stop);
                self.tell(call.query("id", &**ban_id)).await?;
                Ok(Moderated::default())
            }
            ModerationAct::Unban { ban_id: None, .. } => Err(Error::Refused {
                code: "banUnknown".into(),
                reason:
                    "YouTube lifts bans by their own id, and that of this one is not known here: \
                         lift it on YouTube"
                        .into(),
            }),
        }
    }

    async fn ban(
        &self,
        account: &AccountAccess,
        chat: Option<&str>,
        viewer: &str,
        duration: Option<Duration>,
    ) -> Result<Moderated, Error> {
        let chat = chat.ok_or(Error::NoBroadcast)?;
        let mut snippet = json!({
            "liveChatId": chat,
            "type": if duration.is_some() { "temporary" } else { "permanent" },
            "bannedUserDetails": { "channelId": viewer },
        });
        let seconds = duration.map(|duration| {
            let begun = u64::from(duration.subsec_nanos() > 0);
            duration.as_secs().saturating_add(begun).max(1)
        });
        if let Some(seconds) = seconds {
            snippet["banDurationSeconds"] = seconds.into();
        }
        let call = self
            .change(Method::POST, &["liveChat", "bans"], account, Priority::Stop)
            .query("part", "id,snippet")
            .json(json!({ "snippet": snippet }));
        let ban: Created = self.ask(call).await?;
        Ok(Moderated { ban_id: Some(ban.id.into()), duration: seconds.map(Duration::from_secs) })
    }
}
