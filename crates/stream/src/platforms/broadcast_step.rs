//! One step of a broadcast: what it takes, and how it is carried out.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{DestinationId, LivestreamId, Metadata};
use stagedoor_platforms::{AccountAccess, Broadcast, BroadcastPlan, Error, Place, Platform};
use stagedoor_store::{BroadcastRecord, BroadcastState, IngestRecord, StoreError};

use super::state::ACTOR;
use crate::{UserContext, Wanted};

/// What the store has, or has after a step.
pub(super) struct Known {
    pub(super) destination: Option<DestinationId>,
    pub(super) record: Option<BroadcastRecord>,
}

/// Why a step was not done.
pub(super) enum Obstructed {
    Platform(Error),
    Store(StoreError),
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Writes down that one is to be made.
    Intend(LivestreamId),
    /// Makes it.
    Start,
    /// Ends it; what an attempt may have made is looked for.
    End,
    /// Writes down that it is over, though its platform refuses to end it: another one is wanted.
    LeaveBehind,
}

/// What is kept of a broadcast besides its record: what it was to be called when it was decided on, for it is found again
/// by that, and what the platform made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    metadata: Metadata,
    pub(super) broadcast: Option<Broadcast>,
}

impl Kept {
    pub(super) fn of(record: &BroadcastRecord) -> Self {
        let kept = record.broadcast.clone();
        kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default()
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        serde_json::to_value(self).ok()
    }
}

/// What a step works with.
pub(super) struct Work {
    pub(super) cx: UserContext,
    pub(super) client: Arc<dyn Platform>,
    pub(super) account: AccountAccess,
    pub(super) record: Option<BroadcastRecord>,
    pub(super) destination: Option<DestinationId>,
    pub(super) wanted: Option<Wanted>,
    pub(super) again: bool,
}

impl Work {
    pub(super) async fn read(&self) -> Result<Known, StoreError> {
        let (store, user, platform) = (&self.cx.services().store, self.cx.user(), self.client.id());
        let record = store.broadcast(user, &platform).await?;
        let told = self.wanted.as_ref().and_then(Wanted::told);
        let among = told.map(|(_, destinations)| destinations).unwrap_or_default();
        let destinations =
            if among.is_empty() { Vec::new() } else { store.destinations(user).await? };
        let mine = destinations.into_iter().find(|destination| {
            destination.account
                && destination.platform == platform
                && among.contains(&destination.id)
        });
        Ok(Known { destination: mine.map(|destination| destination.id), record })
    }

    pub(super) async fn carry_out(self, step: &Step) -> Result<Known, Obstructed> {
        let record = match step {
            Step::Intend(livestream) => BroadcastRecord {
                platform: self.client.id(),
                livestream: *livestream,
                planned_at: to_the_millisecond(Timestamp::now()),
                state: BroadcastState::Intended,
                broadcast: Kept { metadata: self.metadata().await?, broadcast: None }.to_json(),
                ingest: None,
                watch_url: None,
            },
            Step::Start => self.start().await?,
            Step::End => self.end().await?,
            Step::LeaveBehind => {
                let (user, platform) = (self.cx.user(), self.client.id());
                tracing::warn!(actor = ACTOR, %user, %platform, "a broadcast is left behind: its platform refuses to end it");
                BroadcastRecord { state: BroadcastState::Ended, ingest: None, ..self.recorded() }
            }
        };
        let (store, user) = (&self.cx.services().store, self.cx.user());
        store.put_broadcast(user, &record).await.map_err(Obstructed::Store)?;
        Ok(Known { destination: self.destination, record: Some(record) })
    }

    async fn start(&self) -> Result<BroadcastRecord, Obstructed> {
        let record = self.recorded();
        let plan = plan(&record, self.again);
        let made = self.client.start_broadcast(&self.account, &plan).await;
        let (broadcast, ingest) = made.map_err(Obstructed::Platform)?;
        let metadata = self.metadata().await?;
        if metadata != plan.metadata {
            // They were changed while it was made.
            let place = Place { account: &self.account, broadcast: Some(&broadcast) };
            if let Err(error) = self.client.update_metadata(place, &metadata).await {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), platform = %self.client.id(), %error, "metadata not updated");
            }
        }
        let kept = Kept { metadata: plan.metadata, broadcast: Some(broadcast.clone()) };
        Ok(BroadcastRecord {
            state: BroadcastState::Open,
            broadcast: kept.to_json(),
            watch_url: broadcast.watch_url.clone(),
            ingest: Some(IngestRecord { url: ingest.url, stream_key: ingest.stream_key }),
            ..record
        })
    }

    async fn end(&self) -> Result<BroadcastRecord, Obstructed> {
        let record = self.recorded();
        let mut broadcast = Kept::of(&record).broadcast;
        if broadcast.is_none() {
            // What an attempt may have made is looked for.
            let plan = plan(&record, true);
            let found = self.client.find_broadcast(&self.account, &plan).await;
            broadcast = found.map_err(Obstructed::Platform)?;
        }
        if let Some(broadcast) = broadcast {
            match self.client.end_broadcast(&self.account, &broadcast).await {
                Ok(()) | Err(Error::NotFound) => {}
                Err(error) => return Err(Obstructed::Platform(error)),
            }
        }
        Ok(BroadcastRecord { state: BroadcastState::Ended, ingest: None, ..record })
    }

    fn recorded(&self) -> BroadcastRecord {
        self.record.clone().expect("a broadcast is started and ended once it is written down")
    }

    async fn metadata(&self) -> Result<Metadata, Obstructed> {
        let store = &self.cx.services().store;
        store.metadata(self.cx.user()).await.map_err(Obstructed::Store)
    }
}

fn plan(record: &BroadcastRecord, again: bool) -> BroadcastPlan {
    let BroadcastRecord { livestream, planned_at, .. } = *record;
    BroadcastPlan { livestream, planned_at, metadata: Kept::of(record).metadata, again }
}

/// A plan's time is compared with what a platform gives back.
fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
