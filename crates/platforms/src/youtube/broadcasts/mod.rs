//! Broadcasts: made, found again, changed and ended.
//!
//! ```text
//! plan ──▶ liveBroadcasts.insert ──▶ liveStreams.insert ──▶ liveBroadcasts.bind ──▶ where to stream to
//!            │ it starts by itself when something is streamed to it
//!            └─ found again by its title, and by when it was planned ◀── after a crash, wherever that was
//! end  ──▶ transition to complete; one that never was on air is deleted, for it has no recording
//! ```

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use stagedoor_domain::Metadata;

use super::api::{Api, List};
use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, Error, Ingest, Priority, Skipped, fit::clip,
};

/// The longest title, in characters: <https://developers.google.com/youtube/v3/live/docs/liveBroadcasts>.
const MAX_TITLE: usize = 100;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 5_000;
/// What a broadcast is called that has no title, for YouTube wants one.
const NO_TITLE: &str = "Live";

/// How far from now a broadcast is scheduled at least: YouTube takes no time that has gone.
const LEAD: Duration = Duration::from_secs(30);
/// Steps in which that is put off when a plan is old.
const STEP_S: i64 = 60;
/// How far YouTube's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// How many of the newest broadcasts are looked through. One that is looked for was made just now.
const LOOKED_THROUGH: &str = "50";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    id: String,
    #[serde(default)]
    snippet: Snippet,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    content_details: ContentDetails,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Snippet {
    title: String,
    live_chat_id: Option<String>,
    scheduled_start_time: Option<Timestamp>,
    published_at: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    life_cycle_status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContentDetails {
    bound_stream_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    id: String,
    cdn: Cdn,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cdn {
    ingestion_info: IngestionInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IngestionInfo {
    stream_name: SecretString,
    ingestion_address: Option<String>,
    rtmps_ingestion_address: Option<String>,
}

impl Resource {
    fn broadcast(&self, stream: Option<&str>) -> Broadcast {
        Broadcast {
            watch_url: Some(format!("https://www.youtube.com/watch?v={}", self.id).into()),
            id: self.id.as_str().into(),
            chat_id: self.snippet.live_chat_id.as_deref().map(Into::into),
            stream_id: stream.or(self.content_details.bound_stream_id.as_deref()).map(Into::into),
        }
    }

    /// Whether an attempt of this plan has made it. YouTube may cut times to the second.
    fn is_of(&self, plan: &BroadcastPlan, title: &str) -> bool {
        let (Some(scheduled), Some(published)) =
            (self.snippet.scheduled_start_time, self.snippet.published_at)
        else {
            return false;
        };
        let ahead = scheduled.as_second() - plan.planned_at.as_second();
        self.snippet.title == title
            && ahead >= 0
            && ahead % STEP_S == 0
            && published.saturating_add(SKEW).is_ok_and(|latest| latest >= plan.planned_at)
            && !matches!(&*self.status.life_cycle_status, "complete" | "revoked")
    }
}

/// For when a plan is scheduled: whole steps after it was made, and not in the past.
fn scheduled(plan: &BroadcastPlan, now: Timestamp) -> Timestamp {
    let planned = plan.planned_at.as_second();
    let lead = i64::try_from(LEAD.as_secs()).unwrap_or(i64::MAX);
    let steps = (now.as_second() + lead - planned).max(0).div_ceil_by(STEP_S);
    Timestamp::from_second(planned + steps * STEP_S).unwrap_or(now)
}

trait DivCeil {
    fn div_ceil_by(self, step: i64) -> i64;
}

impl DivCeil for i64 {
    fn div_ceil_by(self, step: i64) -> i64 {
        (self + step - 1) / step
    }
}

/// A text as YouTube takes it: without angle brackets, and no longer than this.
fn allowed(text: &str, limit: usize) -> Box<str> {
    clip(&text.replace(['<', '>'], ""), limit)
}

fn title(metadata: &Metadata) -> Box<str> {
    let title = allowed(metadata.title.trim(), MAX_TITLE);
    if title.is_empty() { NO_TITLE.into() } else { title }
}

impl Api {
    /// What an attempt of this plan has made.
    async fn made(
        &self,
        account: &AccountAccess,
        plan: &BroadcastPlan,
    ) -> Result<Option<Resource>, Error> {
        let call = self
            .list(&["liveBroadcasts"], "id,snippet,status,contentDetails", account, Priority::Send)
            .query("mine", "true")
            .query("maxResults", LOOKED_THROUGH);
        let list: List<Resource> = self.ask(call).await?;
        let title = title(&plan.metadata);
        Ok(list.items.into_iter().find(|broadcast| broadcast.is_of(plan, &title)))
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

    async fn resource(&self, account: &AccountAccess, id: &str) -> Result<Option<Resource>, Error> {
        let call = self
            .list(&["liveBroadcasts"], "id,snippet,status,contentDetails", account, Priority::Stop)
            .query("id", id);
        let list: List<Resource> = self.ask(call).await?;
        Ok(list.items.into_iter().next())
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

    /// Ends it. One that was never on air cannot be completed and would be announced for ever: it is deleted, and only
    /// after YouTube has said that it was never on air.
    pub(crate) async fn end_broadcast(
        &self,
        account: &AccountAccess,
        id: &str,
    ) -> Result<(), Error> {
        let call = self
            .change(Method::POST, &["liveBroadcasts", "transition"], account, Priority::Stop)
            .query("id", id)
            .query("broadcastStatus", "complete")
            .query("part", "id,status");
        let refusal = match self.tell(call).await {
            Ok(()) | Err(Error::NotFound) => return Ok(()),
            Err(refusal @ Error::Refused { .. }) => refusal,
            Err(error) => return Err(error),
        };
        if matches!(&refusal, Error::Refused { code, .. } if &**code == "redundantTransition") {
            return Ok(());
        }
        let Some(broadcast) = self.resource(account, id).await? else { return Ok(()) };
        match &*broadcast.status.life_cycle_status {
            "complete" | "revoked" => Ok(()),
            "created" | "ready" => {
                let call =
                    self.change(Method::DELETE, &["liveBroadcasts"], account, Priority::Stop);
                match self.tell(call.query("id", id)).await {
                    Err(Error::NotFound) => Ok(()),
                    other => other,
                }
            }
            _ => Err(refusal),
        }
    }

    /// Changes title and description. A change replaces the whole snippet, so what it says now is read before.
    pub(crate) async fn update_broadcast(
        &self,
        account: &AccountAccess,
        id: &str,
        metadata: &Metadata,
    ) -> Result<Applied, Error> {
        let call = self.list(&["liveBroadcasts"], "id,snippet", account, Priority::Metadata);
        let list: List<Value> = self.ask(call.query("id", id)).await?;
        let Some(mut broadcast) = list.items.into_iter().next() else {
            return Err(Error::NotFound);
        };
        let snippet = &mut broadcast["snippet"];
        if !snippet.is_object() {
            return Err(Error::Unavailable { what: "the broadcast has no snippet".into() });
        }
        let mut applied = Applied::default();
        let mut skip = |field: &str, reason: &str| {
            applied.skipped.push(Skipped { field: field.into(), reason: reason.into() });
        };
        let title = allowed(metadata.title.trim(), MAX_TITLE);
        if title.is_empty() {
            skip("title", "YouTube wants a title: the one that is there stays");
        } else {
            if *title != *metadata.title.trim() {
                skip("title", "YouTube takes 100 characters and no angle brackets");
            }
            snippet["title"] = (*title).into();
        }
        let description = allowed(&metadata.description, MAX_DESCRIPTION);
        if description != metadata.description {
            skip("description", "YouTube takes 5000 characters and no angle brackets");
        }
        snippet["description"] = (*description).into();
        if !metadata.category.is_empty() {
            skip("category", "YouTube's categories are chosen on its own pages");
        }
        if !metadata.tags.is_empty() {
            skip("tags", "YouTube's tags are set on its own pages");
        }
        let body = json!({ "id": id, "snippet": snippet });
        let call = self.change(Method::PUT, &["liveBroadcasts"], account, Priority::Metadata);
        self.tell(call.query("part", "id,snippet").json(body)).await?;
        Ok(applied)
    }
}
