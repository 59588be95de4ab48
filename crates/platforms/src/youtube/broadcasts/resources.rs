//! Broadcasts and streams, as the API has them: what is read of them.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use crate::Broadcast;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) id: String,
    #[serde(default)]
    pub(super) snippet: Snippet,
    #[serde(default)]
    pub(super) status: Status,
    #[serde(default)]
    pub(super) content_details: ContentDetails,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Snippet {
    pub(super) title: String,
    pub(super) live_chat_id: Option<String>,
    pub(super) scheduled_start_time: Option<Timestamp>,
    pub(super) published_at: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub(super) life_cycle_status: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContentDetails {
    pub(super) bound_stream_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    pub(super) id: String,
    pub(super) cdn: Cdn,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cdn {
    pub(super) ingestion_info: IngestionInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestionInfo {
    pub(super) stream_name: SecretString,
    pub(super) ingestion_address: Option<String>,
    pub(super) rtmps_ingestion_address: Option<String>,
}

impl Resource {
    pub(super) fn broadcast(&self, stream: Option<&str>) -> Broadcast {
        Broadcast {
            watch_url: Some(format!("https://www.youtube.com/watch?v={}", self.id).into()),
            id: self.id.as_str().into(),
            chat_id: self.snippet.live_chat_id.as_deref().map(Into::into),
            stream_id: stream.or(self.content_details.bound_stream_id.as_deref()).map(Into::into),
        }
    }
}
