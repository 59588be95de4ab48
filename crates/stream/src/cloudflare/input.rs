//! The live input: the one that is recorded, or the one that was begun, or a new one.

use stagedoor_cloudflare::{Client, LiveInput, Priority};
use stagedoor_domain::UserId;
use stagedoor_store::{LiveInputRecord, Store, StoreError};

use super::act::Obstacle;

/// A live input that is there.
#[derive(Debug)]
pub(super) struct Obtained {
    pub(super) uid: Box<str>,
    /// What Cloudflare says of it, where it was asked just now.
    pub(super) fresh: Option<Box<LiveInput>>,
    /// It is new: no output of it is known.
    pub(super) is_new: bool,
}

/// Reads, finds or creates the user's live input.
///
/// That one is about to be created is written down first. As long as it is not known what came of it, all live inputs
/// are listed, and the oldest one that has the user's name is taken.
pub(super) async fn obtain(
    store: &Store,
    client: &Client,
    user: &UserId,
    priority: Priority,
) -> Result<Obtained, Obstacle> {
    match store.live_input(user).await? {
        Some(LiveInputRecord { uid: Some(uid), .. }) => {
            return Ok(Obtained { uid, fresh: None, is_new: false });
        }
        Some(LiveInputRecord { uid: None, .. }) => {
            let found = client.find_live_inputs(user, priority).await?;
            if let Some(entry) = found.first() {
                let input = client.live_input(&entry.uid, priority).await?;
                record(store, user, &input).await?;
                tracing::info!(%user, input = %input.uid, "live input found again");
                return Ok(obtained(input, false));
            }
        }
        None => store.intend_live_input(user).await?,
    }
    // Outputs of an earlier live input went with it.
    for output in store.outputs(user).await? {
        store.forget_output(user, &output.destination).await?;
    }
    let created = client.create_live_input(user, priority).await;
    let input = match created {
        Ok(input) => input,
        Err(error) => {
            if !error.may_have_been_done() {
                // It was not done, so nobody has to look for it.
                store.forget_live_input(user).await?;
            }
            return Err(error.into());
        }
    };
    record(store, user, &input).await?;
    tracing::info!(%user, input = %input.uid, "live input created");
    Ok(obtained(input, true))
}

fn obtained(input: LiveInput, is_new: bool) -> Obtained {
    Obtained { uid: input.uid.clone(), fresh: Some(Box::new(input)), is_new }
}

async fn record(store: &Store, user: &UserId, input: &LiveInput) -> Result<(), StoreError> {
    let record = LiveInputRecord {
        uid: Some(input.uid.clone()),
        ingest_url: input.rtmps.url.clone(),
        stream_key: input.rtmps.stream_key.clone(),
        playback: None,
    };
    store.record_live_input(user, &record).await
}

/// Somebody deleted the live input at Cloudflare: nothing of it is left.
pub(super) async fn forget(store: &Store, user: &UserId) -> Result<(), StoreError> {
    for output in store.outputs(user).await? {
        store.forget_output(user, &output.destination).await?;
    }
    store.forget_live_input(user).await
}
