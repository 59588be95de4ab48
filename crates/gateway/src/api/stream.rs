//! The stream: its state, its start and stop, and what it is called.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{
    DestinationId, DestinationStatus, Livestream, Metadata, StreamStatus, UserId,
};
use stagedoor_platforms::Applied;
use stagedoor_stream::{
    DestinationState, PlatformCommandError, StreamStateMsg, StreamStateSnapshot, UserContext,
};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    ANSWER_LIMIT, Desk, ask,
    destinations::MAX_DESTINATIONS,
    limits,
    outcome::{Outcomes, PlatformOutcome, each},
    read,
};
use crate::http::ApiError;

/// What is left for the platforms, however long it took to save the metadata.
const LEAST_FOR_PLATFORMS: Duration = Duration::from_secs(1);

/// The state of the stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamView {
    /// Whether a tree runs for the user. Where none does, this is what is stored: nobody looks at the encoder.
    pub(crate) running: bool,
    #[serde(flatten)]
    pub(crate) state: StreamStateSnapshot,
}

/// Where to stream to.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct StartStream {
    /// The ids of the destinations; all that the user has when absent.
    #[serde(default)]
    #[schema(example = json!(["twitch", "youtube"]))]
    pub(crate) destinations: Option<Vec<DestinationId>>,
}

/// Parts of the metadata: what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct MetadataChange {
    /// The title.
    title: Option<Box<str>>,
    /// What it is about, at length.
    description: Option<Box<str>>,
    /// Tags: all of them.
    tags: Option<Vec<Box<str>>>,
    /// The category or game.
    category: Option<Box<str>>,
    /// A picture; null for none.
    #[serde(deserialize_with = "read::present")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent and null are different things to say")]
    thumbnail_url: Option<Option<Box<str>>>,
}

/// The metadata, as it is saved, and what the platforms made of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedMetadata {
    #[serde(flatten)]
    metadata: Metadata,
    /// By the platforms that are connected: they are told at once. A platform that has nothing to change before a
    /// broadcast (`no_broadcast`) is told when that begins.
    #[serde(skip_serializing_if = "Outcomes::is_empty")]
    #[schema(value_type = BTreeMap<String, PlatformOutcome<Applied>>)]
    platforms: Outcomes<Applied>,
}

/// A command that was taken. What becomes of it is told by `stream_state`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Where the stream stands now.
    pub(crate) status: StreamStatus,
}

/// From the tree if it runs and knows, else from the store.
pub(crate) async fn get(desk: &Desk, user: &UserId) -> Result<StreamView, ApiError> {
    let tree = desk.backstage().trees.get(user);
    if let Some(tree) = &tree
        && let Ok(state) = snapshot(tree).await
        && !state.loading
    {
        return Ok(StreamView { running: true, state });
    }
    Ok(StreamView { running: tree.is_some(), state: stored(desk, user).await? })
}

async fn stored(desk: &Desk, user: &UserId) -> Result<StreamStateSnapshot, ApiError> {
    let store = desk.store();
    let metadata = store.metadata(user).await?;
    let Some(livestream) = store.open_livestream(user).await? else {
        return Ok(StreamStateSnapshot { metadata, ..StreamStateSnapshot::default() });
    };
    let statistics = store.statistics(user, livestream.id).await?;
    Ok(StreamStateSnapshot { metadata, statistics, ..told_by(&livestream) })
}

/// What a livestream tells of the state, when nobody else does.
fn told_by(livestream: &Livestream) -> StreamStateSnapshot {
    let status = match livestream.status {
        StreamStatus::Ending => DestinationStatus::Ending { problem: None },
        StreamStatus::Starting => DestinationStatus::Starting,
        _ => DestinationStatus::Live,
    };
    let destinations = livestream.destinations.iter();
    let seconds = Timestamp::now().duration_since(livestream.started_at).as_secs();
    StreamStateSnapshot {
        status: livestream.status,
        livestream: Some(livestream.id),
        started_at: Some(livestream.started_at),
        uptime_s: u64::try_from(seconds).ok(),
        auto_stop_at: livestream.auto_stop_at,
        destinations: destinations
            .map(|id| DestinationState { id: id.clone(), status: status.clone() })
            .collect(),
        ..StreamStateSnapshot::default()
    }
}

async fn snapshot(tree: &stagedoor_stream::UserContext) -> Result<StreamStateSnapshot, ApiError> {
    ask(tree.stream_state(), StreamStateMsg::GetSnapshot).await
}

/// Starts the stream to its destinations: answers when it is begun, not when it is live.
pub(crate) async fn start(
    desk: &Desk,
    user: &UserId,
    StartStream { destinations }: StartStream,
) -> Result<Accepted, ApiError> {
    let tree = desk.tree(user)?;
    let destinations = match destinations {
        Some(destinations) => {
            limits::count("destinations", &destinations, MAX_DESTINATIONS)?;
            destinations
        }
        None => desk.store().destinations(user).await?.into_iter().map(|d| d.id).collect(),
    };
    ask(tree.stream_state(), |reply| StreamStateMsg::Start { destinations, reply }).await??;
    accepted(&tree).await
}

/// Stops it: answers when that is begun.
pub(crate) async fn stop(desk: &Desk, user: &UserId) -> Result<Accepted, ApiError> {
    let tree = desk.tree(user)?;
    ask(tree.stream_state(), StreamStateMsg::Stop).await??;
    accepted(&tree).await
}

async fn accepted(tree: &stagedoor_stream::UserContext) -> Result<Accepted, ApiError> {
    Ok(Accepted { status: snapshot(tree).await?.status })
}

pub(crate) async fn metadata(desk: &Desk, user: &UserId) -> Result<Metadata, ApiError> {
    Ok(desk.store().metadata(user).await?)
}

/// By the tree if it runs, which then tells the platforms and pages; else for the next stream.
pub(crate) async fn set_metadata(
    desk: &Desk,
    user: &UserId,
    metadata: Metadata,
) -> Result<SavedMetadata, ApiError> {
    metadata.validate()?;
    let Some(tree) = desk.backstage().trees.get(user) else {
        desk.store().put_metadata(user, &metadata).await?;
        return Ok(SavedMetadata { metadata, platforms: Outcomes::new() });
    };
    let deadline = Instant::now() + ANSWER_LIMIT;
    let (address, new) = (tree.stream_state(), metadata.clone());
    ask(address, |reply| StreamStateMsg::SetMetadata(new, reply)).await??;
    let left = deadline.saturating_duration_since(Instant::now()).max(LEAST_FOR_PLATFORMS);
    let platforms = tell_platforms(desk, &tree, &metadata, left).await;
    Ok(SavedMetadata { metadata, platforms })
}

async fn tell_platforms(
    desk: &Desk,
    tree: &UserContext,
    metadata: &Metadata,
    limit: Duration,
) -> Outcomes<Applied> {
    each(&desk.connected(tree), limit, |platform| async move {
        let mut told = tree.update_metadata(std::slice::from_ref(&platform), metadata).await;
        let told = told.remove(&platform);
        told.unwrap_or(Err(PlatformCommandError::NotConnected { platform }))
    })
    .await
}

pub(crate) async fn change_metadata(
    desk: &Desk,
    user: &UserId,
    change: MetadataChange,
) -> Result<SavedMetadata, ApiError> {
    let mut metadata = desk.store().metadata(user).await?;
    let MetadataChange { title, description, tags, category, thumbnail_url } = change;
    metadata.title = title.unwrap_or(metadata.title);
    metadata.description = description.unwrap_or(metadata.description);
    metadata.tags = tags.unwrap_or(metadata.tags);
    metadata.category = category.unwrap_or(metadata.category);
    metadata.thumbnail_url = thumbnail_url.unwrap_or(metadata.thumbnail_url);
    set_metadata(desk, user, metadata).await
}
