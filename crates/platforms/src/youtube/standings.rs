//! How many watch: 50 broadcasts a call, in the name of whichever account's token works.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::api::{Api, List};
use crate::{AccountAccess, Error, Priority, Standing, Watched};

/// The most broadcasts in a call: <https://developers.google.com/youtube/v3/docs/videos/list>.
pub(crate) const BATCH: usize = 50;

/// In how many accounts' names a call is tried.
const ACCOUNTS: usize = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    id: String,
    #[serde(default)]
    snippet: Snippet,
    #[serde(default)]
    live_streaming_details: LiveStreamingDetails,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Snippet {
    title: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LiveStreamingDetails {
    actual_start_time: Option<Timestamp>,
    actual_end_time: Option<Timestamp>,
    /// A number, as a text. Absent when there are none, or when they are hidden.
    concurrent_viewers: Option<String>,
}

impl From<Video> for Standing {
    fn from(video: Video) -> Self {
        let details = video.live_streaming_details;
        Self {
            live: details.actual_start_time.is_some() && details.actual_end_time.is_none(),
            viewers: details.concurrent_viewers.and_then(|viewers| viewers.parse().ok()),
            title: video.snippet.title.map(Into::into),
            category: None,
            started_at: details.actual_start_time,
        }
    }
}

impl Api {
    pub(crate) async fn standings(&self, of: &[Watched]) -> Result<Vec<Option<Standing>>, Error> {
        let mut found = HashMap::new();
        let watched: Vec<_> = of.iter().filter(|its| its.broadcast.is_some()).collect();
        for batch in watched.chunks(BATCH) {
            for video in self.videos(batch).await? {
                found.insert(video.id.clone(), Standing::from(video));
            }
        }
        let standing =
            |its: &Watched| its.broadcast.as_deref().and_then(|id| found.get(id)).cloned();
        Ok(of.iter().map(standing).collect())
    }

    async fn videos(&self, batch: &[&Watched]) -> Result<Vec<Video>, Error> {
        let ids: Vec<_> = batch.iter().filter_map(|its| its.broadcast.as_deref()).collect();
        let ids = ids.join(",");
        let mut accounts: Vec<&AccountAccess> = Vec::new();
        for watched in batch {
            if accounts.len() < ACCOUNTS
                && accounts.iter().all(|known| known.external_id != watched.account.external_id)
            {
                accounts.push(&watched.account);
            }
        }
        let mut error = Error::NotFound;
        for account in accounts {
            let call = self.list(
                &["videos"],
                "id,snippet,liveStreamingDetails",
                account,
                Priority::Viewers,
            );
            match self.ask::<List<Video>>(call.query("id", &*ids)).await {
                Ok(list) => return Ok(list.items),
                // It may be this account's fault.
                Err(
                    its @ (Error::NeedsReauth { .. }
                    | Error::Forbidden { .. }
                    | Error::Unavailable { .. }),
                ) => error = its,
                Err(its) => return Err(its),
            }
        }
        Err(error)
    }
}
