//! Which events Kick delivers to the app's webhook (<https://docs.kick.com/events/subscribe-to-events>).

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{Api, number},
    json::{id, text},
};
use crate::{AccountAccess, Error, Priority, fit::clip, http::Call};

/// What is asked for: all that there is.
const EVENTS: [&str; 10] = [
    "chat.message.sent",
    "channel.followed",
    "channel.subscription.new",
    "channel.subscription.renewal",
    "channel.subscription.gifts",
    "channel.reward.redemption.updated",
    "livestream.status.updated",
    "livestream.metadata.updated",
    "moderation.banned",
    "kicks.gifted",
];

/// The longest reason that is kept, in characters.
const MAX_REASON_CHARS: usize = 100;

/// What Kick does not deliver, and why not.
pub(crate) type Missing = BTreeMap<&'static str, Box<str>>;

/// For people: what is not delivered. None where nothing is missing.
pub(crate) fn reason(missing: &Missing) -> Option<Box<str>> {
    if missing.is_empty() {
        return None;
    }
    let list: Vec<_> = missing.iter().map(|(event, why)| format!("{event} ({why})")).collect();
    Some(format!("Kick does not deliver {}", list.join(", ")).into())
}

impl Api {
    /// Makes sure that all events of the account's channel are subscribed to, and tells which could not be.
    pub(crate) async fn subscribe(&self, account: &AccountAccess) -> Result<Missing, Error> {
        let there = match self.subscribed(account).await {
            Ok(there) => there,
            Err(Error::Forbidden { reason }) => return Ok(all(EVENTS, &reason)),
            Err(error) => return Err(error),
        };
        let wanted: Vec<_> = EVENTS.into_iter().filter(|event| !there.contains(*event)).collect();
        if wanted.is_empty() {
            return Ok(Missing::new());
        }
        let events: Vec<_> =
            wanted.iter().map(|event| json!({ "name": event, "version": 1 })).collect();
        let body = json!({
            "method": "webhook",
            "events": events,
            "broadcaster_user_id": number("account", &account.external_id)?,
        });
        let url = self.at(&["v1", "events", "subscriptions"]);
        let call = Call::new(Method::POST, url, account, Priority::Chat).json(body);
        match self.data(call).await {
            Ok(answer) => Ok(not_granted(wanted, &answer)),
            Err(Error::Forbidden { reason } | Error::Refused { reason, .. }) => {
                Ok(all(wanted, &reason))
            }
            Err(error) => Err(error),
        }
    }

    /// What is subscribed to.
    async fn subscribed(&self, account: &AccountAccess) -> Result<BTreeSet<Box<str>>, Error> {
        let url = self.at(&["v1", "events", "subscriptions"]);
        let call = Call::get(url, account, Priority::Chat)
            .query("broadcaster_user_id", &*account.external_id);
        let data = self.data(call).await?;
        let list = data.as_array().into_iter().flatten();
        // An app's list may name others' channels as well.
        let of_the_account = list.filter(|entry| {
            id(&entry["broadcaster_user_id"]).is_none_or(|id| *id == *account.external_id)
        });
        Ok(of_the_account.filter_map(|entry| text(&entry["event"])).collect())
    }
}

/// Of what was asked for: what the answer does not grant.
fn not_granted(wanted: Vec<&'static str>, answer: &Value) -> Missing {
    let entries = || answer.as_array().into_iter().flatten();
    let missing = |event: &'static str| {
        let entry = entries().find(|entry| entry["name"].as_str() == Some(event));
        let why = match entry {
            None => Some("no answer".into()),
            Some(entry) => match text(&entry["error"]) {
                None if id(&entry["subscription_id"]).is_some() => None,
                None => Some("no reason given".into()),
                Some(error) => Some(clip(&error, MAX_REASON_CHARS)),
            },
        };
        why.map(|why| (event, why))
    };
    wanted.into_iter().filter_map(missing).collect()
}

fn all(events: impl IntoIterator<Item = &'static str>, why: &str) -> Missing {
    events.into_iter().map(|event| (event, clip(why, MAX_REASON_CHARS))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_does_not_grant_is_missing_with_its_reason() {
        let answer = json!([
            { "name": EVENTS[0], "version": 1, "subscription_id": "01A", "error": "" },
            { "name": EVENTS[1], "version": 1, "error": "limit reached" },
            { "name": EVENTS[2], "version": 1, "subscription_id": null, "error": null },
        ]);
        let missing = not_granted(EVENTS[..4].to_vec(), &answer);
        assert_eq!(
            reason(&missing).as_deref(),
            Some(
                "Kick does not deliver channel.followed (limit reached), \
                 channel.subscription.new (no reason given), \
                 channel.subscription.renewal (no answer)"
            )
        );
        assert_eq!(reason(&Missing::new()), None);
        assert_eq!(not_granted(EVENTS.to_vec(), &Value::Null).len(), EVENTS.len());
    }
}
