//! Broadcasts: made, found again, changed and ended.
//!
//! ```text
//! plan ──▶ liveBroadcasts.insert ──▶ liveStreams.insert ──▶ liveBroadcasts.bind ──▶ where to stream to
//!            │ it starts by itself when something is streamed to it
//!            └─ found again by its title, and by when it was planned ◀── after a crash, wherever that was
//! end  ──▶ transition to complete; one that never was on air is deleted, for it has no recording
//! ```

mod changes;
mod planned;
mod resources;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::api::{Api, List};
use crate::{AccountAccess, Broadcast, BroadcastPlan, Error, Ingest, Priority, fit::clip};
use planned::{MAX_DESCRIPTION, MAX_TITLE, allowed, scheduled, title};
use resources::{Resource, Stream};

/// How many broadcasts are in an answer that lists them, and how many such answers are looked through.
const PAGE: &str = "50";
const PAGES: usize = 5;

impl Api {
    /// What an attempt of this plan has made.
    async fn made(
        &self,
        account: &AccountAccess,
        plan: &BroadcastPlan,
    ) -> Result<Option<Resource>, Error> {
        let title = title(&plan.metadata);
        let mut page = None;
        for _ in 0..PAGES {
            let parts = "id,snippet,status,contentDetails";
            let mut call = self
                .list(&["liveBroadcasts"], parts, account, Priority::Send)
                .query("mine", "true")
                .query("maxResults", PAGE);
            if let Some(page) = page {
                call = call.query("pageToken", page);
            }
            let list: List<Resource> = self.ask(call).await?;
            let made = list.items.into_iter().find(|broadcast| broadcast.is_of(plan, &title));
            page = list.next_page;
            if made.is_some() || page.is_none() {
                return Ok(made);
            }
        }
        Ok(None)
    }

    pub(crate) async fn find_broadcast(
        &self,
        account: &AccountAccess,
        plan: &BroadcastPlan,
    ) -> Result<Option<Broadcast>, Error> {
        Ok(self.made(account, plan).await?.map(|made| made.broadcast(None)))
    }

    pub(crate) async fn start_broadcast(
        &self,
        account: &AccountAccess,
        plan: &BroadcastPlan,
        privacy: &str,
    ) -> Result<(Broadcast, Ingest), Error> {
        let made = if plan.again { self.made(account, plan).await? } else { None };
        let broadcast = match made {
            Some(broadcast) => broadcast,
            None => self.insert_broadcast(account, plan, privacy).await?,
        };
        let bound = match &broadcast.content_details.bound_stream_id {
            Some(stream) => self.stream(account, stream).await?,
            None => None,
        };
        let stream = match bound {
            Some(stream) => stream,
            None => self.bind_new_stream(account, &broadcast).await?,
        };
        let info = stream.cdn.ingestion_info;
        let url = info.rtmps_ingestion_address.or(info.ingestion_address);
        let url = url.filter(|url| !url.is_empty()).ok_or_else(|| Error::Unavailable {
            what: "the stream has no address to stream to".into(),
        })?;
        let ingest = Ingest { url: url.into(), stream_key: info.stream_name };
        Ok((broadcast.broadcast(Some(&stream.id)), ingest))
    }

    async fn insert_broadcast(
        &self,
        account: &AccountAccess,
        plan: &BroadcastPlan,
        privacy: &str,
    ) -> Result<Resource, Error> {
        let body = json!({
            "snippet": {
                "title": title(&plan.metadata),
                "description": allowed(&plan.metadata.description, MAX_DESCRIPTION),
                "scheduledStartTime": scheduled(plan, Timestamp::now()).to_string(),
            },
            "status": { "privacyStatus": privacy, "selfDeclaredMadeForKids": false },
            // It goes on air when something is streamed to it, and goes off when we say so.
            "contentDetails": {
                "enableAutoStart": true,
                "enableAutoStop": false,
                "latencyPreference": "low",
                "monitorStream": { "enableMonitorStream": false },
            },
        });
        let call = self.change(Method::POST, &["liveBroadcasts"], account, Priority::Send);
        self.ask(call.query("part", "id,snippet,status,contentDetails").json(body)).await
    }

    async fn stream(&self, account: &AccountAccess, id: &str) -> Result<Option<Stream>, Error> {
        let call = self.list(&["liveStreams"], "id,cdn", account, Priority::Send).query("id", id);
        let list: List<Stream> = self.ask(call).await?;
        Ok(list.items.into_iter().next())
    }

    async fn bind_new_stream(
        &self,
        account: &AccountAccess,
        broadcast: &Resource,
    ) -> Result<Stream, Error> {
        let body = json!({
            "snippet": { "title": clip(&broadcast.snippet.title, MAX_TITLE) },
            "cdn": { "ingestionType": "rtmp", "resolution": "variable", "frameRate": "variable" },
            // It is for this broadcast only.
            "contentDetails": { "isReusable": false },
        });
        let call = self.change(Method::POST, &["liveStreams"], account, Priority::Send);
        let call = call.query("part", "id,snippet,cdn,contentDetails").json(body);
        let stream: Stream = self.ask(call).await?;
        let call = self
            .change(Method::POST, &["liveBroadcasts", "bind"], account, Priority::Send)
            .query("id", &*broadcast.id)
            .query("part", "id")
            .query("streamId", &*stream.id);
        self.tell(call).await?;
        Ok(stream)
    }

    /// The chat of a broadcast, if it has one.
    pub(crate) async fn chat_of(
        &self,
        account: &AccountAccess,
        id: &str,
    ) -> Result<Option<String>, Error> {
        let call = self.list(&["liveBroadcasts"], "id,snippet", account, Priority::Chat);
        let list: List<Resource> = self.ask(call.query("id", id)).await?;
        Ok(list.items.into_iter().next().and_then(|broadcast| broadcast.snippet.live_chat_id))
    }
}
