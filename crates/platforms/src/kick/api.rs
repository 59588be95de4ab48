//! The calls of the public API (<https://docs.kick.com>).

use std::borrow::Cow;

use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Value, json};
use stagedoor_domain::Metadata;

use super::{
    channel::Channel,
    json::{id, text},
};
use crate::{
    AccountAccess, Applied, Category, ChatMessage, Error, Moderated, ModerationAct, Priority, Sent,
    Skipped,
    fit::clip,
    http::{Auth, Call, Http, below},
};

/// The longest message, in characters.
pub(crate) const MAX_CHARS: usize = 500;

/// The longest reason of a ban, in characters.
const MAX_REASON_CHARS: usize = 100;

/// A timeout's bounds, in minutes.
const TIMEOUT_MINUTES: (u64, u64) = (1, 10_080);

/// How many tags a channel may have.
const MAX_TAGS: usize = 10;

/// How many channels may be asked for at once.
pub(crate) const MAX_CHANNELS: usize = 50;

/// How many categories are asked for at once.
const CATEGORIES: &str = "25";

/// The public API.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) http: Http,
    pub(crate) base: Url,
}

impl Api {
    pub(crate) fn at(&self, path: &[&str]) -> Url {
        below(&self.base, &[&["public"], path].concat())
    }

    /// Makes a call and hands out what its answer wraps in `data`.
    pub(crate) async fn data(&self, call: Call<'_>) -> Result<Value, Error> {
        let mut answer: Value = self.http.ask(call).await?;
        Ok(answer["data"].take())
    }

    /// The channels of these accounts; without ids the one whose token it is. At most [`MAX_CHANNELS`].
    pub(crate) async fn channels(
        &self,
        ids: impl IntoIterator<Item = &str>,
        auth: Auth<'_>,
        priority: Priority,
    ) -> Result<Vec<Channel>, Error> {
        let mut call = Call::get(self.at(&["v1", "channels"]), auth, priority);
        for id in ids {
            call = call.query("broadcaster_user_id", id);
        }
        let data = self.data(call).await?;
        let Value::Array(channels) = data else {
            return Err(Error::Unavailable { what: "the answer lists no channels".into() });
        };
        Ok(channels.iter().filter_map(Channel::read).collect())
    }

    /// An account's channel.
    pub(crate) async fn channel(
        &self,
        account: &AccountAccess,
        priority: Priority,
    ) -> Result<Channel, Error> {
        let ids = [&*account.external_id];
        let channels = self.channels(ids, account.into(), priority).await?;
        let mut channels = channels.into_iter();
        channels.find(|channel| *channel.id == *account.external_id).ok_or(Error::NotFound)
    }

    /// Whose this token is: id and name.
    pub(crate) async fn user(&self, auth: Auth<'_>) -> Result<(Box<str>, Box<str>), Error> {
        let call = Call::get(self.at(&["v1", "users"]), auth, Priority::Metadata);
        let data = self.data(call).await?;
        let user = &data[0];
        let lacks = || Error::Unavailable { what: "the answer lacks the user".into() };
        let id = id(&user["user_id"]).ok_or_else(lacks)?;
        let name = text(&user["name"]).or_else(|| text(&user["username"]));
        Ok((id.clone(), name.unwrap_or(id)))
    }

    /// What a token covers and until when it holds, in seconds since 1970; nothing where Kick does not say.
    pub(crate) async fn introspect(&self, id_base: &Url, token: &SecretString) -> Option<Value> {
        let url = below(id_base, &["oauth", "token", "introspect"]);
        let call = Call::new(Method::POST, url, Auth::Token(token), Priority::Metadata).reading();
        self.data(call).await.ok()
    }

    pub(crate) async fn send_chat(
        &self,
        account: &AccountAccess,
        message: &ChatMessage,
    ) -> Result<Sent, Error> {
        let length = message.text.chars().count();
        if length > MAX_CHARS {
            let problem = format!("has {length} characters, more than the {MAX_CHARS} allowed");
            return Err(Error::Invalid { field: "text".into(), problem: problem.into() });
        }
        let mut body = json!({
            "type": "user",
            "content": message.text,
            "broadcaster_user_id": number("account", &account.external_id)?,
        });
        if let Some(reply_to) = &message.reply_to {
            body["reply_to_message_id"] = (**reply_to).into();
        }
        let url = self.at(&["v1", "chat"]);
        let call = Call::new(Method::POST, url, account, Priority::Send).json(body);
        let data = self.data(call).await?;
        if data["is_sent"].as_bool() == Some(false) {
            let reason = "the chat did not take the message".into();
            return Err(Error::Refused { code: "not_sent".into(), reason });
        }
        let lacks = || Error::Unclear { what: "the answer lacks the message's id".into() };
        id(&data["message_id"]).map(|message_id| Sent { message_id }).ok_or_else(lacks)
    }

    pub(crate) async fn moderate(
        &self,
        account: &AccountAccess,
        act: &ModerationAct,
    ) -> Result<Moderated, Error> {
        let bans = |method: Method, viewer_id: &str| {
            let body = json!({
                "broadcaster_user_id": number("account", &account.external_id)?,
                "user_id": number("viewer_id", viewer_id)?,
            });
            let call =
                Call::new(method, self.at(&["v1", "moderation", "bans"]), account, Priority::Stop);
            Ok::<_, Error>((call, body))
        };
        let mut duration = None;
        let call = match act {
            ModerationAct::DeleteMessage { message_id } => {
                let url = self.at(&["v1", "chat", message("message_id", message_id)?]);
                Call::new(Method::DELETE, url, account, Priority::Stop)
            }
            ModerationAct::Ban { viewer_id, reason } => {
                let (call, mut body) = bans(Method::POST, viewer_id)?;
                give(&mut body, reason.as_deref());
                call.json(body)
            }
            ModerationAct::Timeout { viewer_id, duration: wanted, reason } => {
                let (call, mut body) = bans(Method::POST, viewer_id)?;
                let minutes = minutes(*wanted);
                duration = Some(std::time::Duration::from_mins(minutes));
                body["duration"] = minutes.into();
                give(&mut body, reason.as_deref());
                call.json(body)
            }
            ModerationAct::Unban { viewer_id, .. } => {
                let (call, body) = bans(Method::DELETE, viewer_id)?;
                call.json(body)
            }
        };
        self.http.tell(call).await?;
        Ok(Moderated { ban_id: None, duration })
    }

    pub(crate) async fn search_categories(
        &self,
        account: &AccountAccess,
        name: &str,
    ) -> Result<Vec<Category>, Error> {
        let url = self.at(&["v2", "categories"]);
        let call = Call::get(url, account, Priority::Metadata).query("name", name);
        let data = self.data(call.query("limit", CATEGORIES)).await?;
        let category = |category: &Value| {
            Some(Category {
                id: id(&category["id"])?,
                name: text(&category["name"])?,
                picture_url: text(&category["thumbnail"]),
            })
        };
        Ok(data.as_array().into_iter().flatten().filter_map(category).collect())
    }

    /// What is empty stays as it is there.
    pub(crate) async fn update_metadata(
        &self,
        account: &AccountAccess,
        metadata: &Metadata,
    ) -> Result<Applied, Error> {
        let mut skipped = Vec::new();
        let mut skip = |field: Cow<'_, str>, reason: &str| {
            skipped.push(Skipped { field: field.into(), reason: reason.into() });
        };
        let mut body = json!({});
        if !metadata.title.is_empty() {
            body["stream_title"] = (*metadata.title).into();
        }
        if !metadata.description.is_empty() {
            skip("description".into(), "Kick has no description of a stream");
        }
        if metadata.thumbnail_url.is_some() {
            skip("thumbnail_url".into(), "Kick makes the picture itself");
        }
        for at in MAX_TAGS..metadata.tags.len() {
            skip(format!("tags.{at}").into(), "Kick takes 10 tags");
        }
        if !metadata.tags.is_empty() {
            body["custom_tags"] = metadata.tags.iter().take(MAX_TAGS).map(|tag| &**tag).collect();
        }
        if !metadata.category.is_empty() {
            let found = self.search_categories(account, &metadata.category).await?;
            let wanted = metadata.category.to_lowercase();
            let same = found.iter().find(|category| category.name.to_lowercase() == wanted);
            match same.and_then(|category| category.id.parse::<u64>().ok()) {
                Some(id) => body["category_id"] = id.into(),
                None => skip("category".into(), "Kick has no category of this name"),
            }
        }
        if body.as_object().is_some_and(|body| !body.is_empty()) {
            let url = self.at(&["v1", "channels"]);
            let call = Call::new(Method::PATCH, url, account, Priority::Metadata).json(body);
            self.http.tell(call).await?;
        }
        Ok(Applied { skipped })
    }
}

/// Kick's ids of people are numbers.
pub(crate) fn number(field: &str, id: &str) -> Result<u64, Error> {
    id.parse().map_err(|_| Error::Invalid {
        field: field.into(),
        problem: "is no id of Kick's: it must be a number".into(),
    })
}

/// An id of a message, as it may stand in a path: `..` would lead elsewhere.
fn message<'a>(field: &str, id: &'a str) -> Result<&'a str, Error> {
    let is_one =
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_one.then_some(id).ok_or_else(|| Error::Invalid {
        field: field.into(),
        problem: "is no id of a message: it has letters, digits and hyphens only".into(),
    })
}

fn give(body: &mut Value, reason: Option<&str>) {
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        body["reason"] = (*clip(reason, MAX_REASON_CHARS)).into();
    }
}

/// As many minutes as it takes, within what Kick allows.
fn minutes(duration: std::time::Duration) -> u64 {
    let minutes = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    minutes.div_ceil(60).clamp(TIMEOUT_MINUTES.0, TIMEOUT_MINUTES.1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timeouts_are_rounded_up_to_minutes_within_bounds() {
        for (seconds, expected) in
            [(0, 1), (1, 1), (60, 1), (61, 2), (604_800, 10_080), (u64::MAX, 10_080)]
        {
            assert_eq!(minutes(Duration::from_secs(seconds)), expected, "{seconds} s");
        }
        assert_eq!(minutes(Duration::from_millis(60_001)), 2);
    }
}
