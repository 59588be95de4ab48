//! The calls of the REST API that YouTube is used by.

use reqwest::{Method, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::quota::cost;
use crate::{
    AccountAccess, Error, Priority,
    http::{Auth, Call, Http, below},
};

/// The longest answer that lists messages, in bytes: 500 of them, each with a long text.
const MAX_LIST: usize = 4 * 1024 * 1024;

/// The API. A clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Http,
    base: Url,
}

/// A list, as the API wraps it. What it needs not have is absent.
#[derive(Debug, Deserialize)]
pub(crate) struct List<T> {
    #[serde(default = "Vec::new")]
    pub(crate) items: Vec<T>,
    #[serde(rename = "nextPageToken")]
    pub(crate) next_page: Option<String>,
}

impl Api {
    pub(crate) fn new(http: Http, base: &Url) -> Self {
        Self { http, base: below(base, &["youtube", "v3"]) }
    }

    /// A question about a collection, such as `liveBroadcasts`.
    pub(crate) fn list<'a>(
        &self,
        collection: &[&str],
        part: &'static str,
        auth: impl Into<Auth<'a>>,
        priority: Priority,
    ) -> Call<'a> {
        let call = Call::get(below(&self.base, collection), auth, priority);
        call.query("part", part).cost(cost::LIST)
    }

    /// A change of a collection.
    pub(crate) fn change<'a>(
        &self,
        method: Method,
        path: &[&str],
        account: &'a AccountAccess,
        priority: Priority,
    ) -> Call<'a> {
        Call::new(method, below(&self.base, path), account, priority).cost(cost::CHANGE)
    }

    /// What is in a chat, from this page on.
    pub(crate) async fn messages(
        &self,
        account: &AccountAccess,
        chat: &str,
        page: Option<&str>,
    ) -> Result<Messages, Error> {
        let call = Call::get(below(&self.base, &["liveChat", "messages"]), account, Priority::Chat);
        let mut call = call
            .query("liveChatId", chat)
            .query("part", "id,snippet,authorDetails")
            .cost(cost::LIST_CHAT)
            .limit(MAX_LIST);
        if let Some(page) = page {
            call = call.query("pageToken", page);
        }
        self.ask(call).await
    }

    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        self.http.ask(call).await
    }

    pub(crate) async fn tell(&self, call: Call<'_>) -> Result<(), Error> {
        self.http.tell(call).await
    }
}

/// What is in a chat.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Messages {
    pub(crate) items: Vec<Value>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) offline_at: Option<String>,
    pub(crate) polling_interval_millis: Option<u32>,
}
