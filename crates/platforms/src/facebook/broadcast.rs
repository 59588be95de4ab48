//! Live videos, from their making to their end:
//! <https://developers.facebook.com/docs/live-video-api/guides/streaming>.
//!
//! ```text
//! POST /{page}/live_videos ─▶ UNPUBLISHED ─ data arrives, if LIVE_NOW ─▶ LIVE ─ end_live_video ─▶ VOD
//! ```

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::Metadata;

use super::{
    GoLive,
    graph::Graph,
    video::{LiveVideo, MADE, Stage},
    wire::Listed,
};
use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, Error, Ingest, Priority, Skipped, fit::clip,
};

/// The longest title, in characters.
const TITLE_CHARS: usize = 255;

/// What a live video is called that has no title: it is found again by its title, and ones made by hand often have none.
const NO_TITLE: &str = "Live";

/// How far Facebook's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Live videos that are looked through for the one that was made: the newest come first.
const LOOK_AT: &str = "25";

/// What tells whether a live video was ever on air.
const AIRED: &str = "status,broadcast_start_time";

/// Makes a live video, unless an earlier attempt has.
pub(super) async fn start(
    graph: &Graph,
    account: &AccountAccess,
    plan: &BroadcastPlan,
    go_live: GoLive,
) -> Result<(Broadcast, Ingest), Error> {
    let found = if plan.again { look_for(graph, account, plan).await? } else { None };
    let video = match found {
        Some(video) => video,
        None => make(graph, account, plan, go_live).await?,
    };
    let video = complete(graph, account, video).await?;
    match video.ingest() {
        Some(ingest) => Ok((video.broadcast(), ingest)),
        // It is there, so making it anew would be wrong: it is to be looked for.
        None => Err(Error::Unclear { what: "the live video has no stream address".into() }),
    }
}

/// The same with all its fields, where the answer had only some.
async fn complete(
    graph: &Graph,
    account: &AccountAccess,
    video: LiveVideo,
) -> Result<LiveVideo, Error> {
    if video.ingest().is_some() && video.video.is_some() {
        return Ok(video);
    }
    let id = video.id.0.clone();
    match graph.fields(&[&id], account, MADE, Priority::Send).await {
        Ok(video) => Ok(video),
        Err(_) if video.ingest().is_some() => Ok(video),
        // It is made: to say that nothing was done would be wrong.
        Err(Error::Unavailable { what }) => Err(Error::Unclear { what }),
        Err(error) => Err(error),
    }
}

async fn make(
    graph: &Graph,
    account: &AccountAccess,
    plan: &BroadcastPlan,
    go_live: GoLive,
) -> Result<LiveVideo, Error> {
    let mut call = graph
        .post(&[&account.external_id, "live_videos"], account, Priority::Send)
        .form("status", go_live.as_str())
        // An encoder that is gone for a while does not end it: we do.
        .form("stop_on_delete_stream", "false")
        // What is answered is the live video with these: see «read-after-write» in Graph's documentation.
        .form("fields", MADE)
        .form("title", title(&plan.metadata).into_string());
    if !plan.metadata.description.is_empty() {
        call = call.form("description", &*plan.metadata.description);
    }
    graph.ask(call).await
}

/// What an attempt of this plan has made, and has not ended: the first, if there is more than one.
pub(super) async fn look_for(
    graph: &Graph,
    account: &AccountAccess,
    plan: &BroadcastPlan,
) -> Result<Option<LiveVideo>, Error> {
    let call = graph
        .question(&[&account.external_id, "live_videos"], account, Priority::Metadata)
        .query("fields", MADE)
        .query("limit", LOOK_AT);
    let videos: Listed<LiveVideo> = graph.ask(call).await?;
    let title = title(&plan.metadata);
    let earliest = plan.planned_at.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
    let made = videos.data.into_iter().filter(|video| {
        let is_ours = video.title.as_deref().unwrap_or_default().trim() == &*title;
        let is_late_enough = video.creation_time.is_some_and(|at| at >= earliest);
        is_ours && is_late_enough && video.stage() != Stage::Over
    });
    Ok(made.min_by_key(|video| video.creation_time))
}

/// What a live video is made with.
fn title(metadata: &Metadata) -> Box<str> {
    let title = clip(metadata.title.trim(), TITLE_CHARS);
    if title.trim().is_empty() { NO_TITLE.into() } else { title.trim().into() }
}

/// Ends a live video; what was recorded stays. One that was never on air has no recording and goes as a whole. One that
/// is gone, or over, has ended.
pub(super) async fn end(
    graph: &Graph,
    account: &AccountAccess,
    broadcast: &Broadcast,
) -> Result<(), Error> {
    let call = match aired(graph, account, broadcast).await {
        Ok(Aired::Ended) | Err(Error::NotFound) => return Ok(()),
        Ok(Aired::Never) => graph.delete(&[&broadcast.id], account, Priority::Stop),
        // Not to know more is no reason to let it go on.
        Ok(Aired::Maybe) | Err(_) => {
            let call = graph.post(&[&broadcast.id], account, Priority::Stop);
            call.form("end_live_video", "true")
        }
    };
    match graph.act(call).await {
        Err(Error::NotFound) => Ok(()),
        Err(refusal @ Error::Refused { .. }) => match aired(graph, account, broadcast).await {
            Ok(Aired::Ended) | Err(Error::NotFound) => Ok(()),
            _ => Err(refusal),
        },
        other => other,
    }
}

/// Whether a live video was on air.
enum Aired {
    Never,
    Maybe,
    Ended,
}

async fn aired(
    graph: &Graph,
    account: &AccountAccess,
    broadcast: &Broadcast,
) -> Result<Aired, Error> {
    let video: LiveVideo = graph.fields(&[&broadcast.id], account, AIRED, Priority::Stop).await?;
    Ok(match video.stage() {
        Stage::Over => Aired::Ended,
        Stage::Before if video.broadcast_start_time.is_none() => Aired::Never,
        Stage::Before | Stage::Live | Stage::Unknown => Aired::Maybe,
    })
}

/// Changes title and description; a live video has nothing else of it. What is empty stays as it is there.
pub(super) async fn update(
    graph: &Graph,
    account: &AccountAccess,
    broadcast: &Broadcast,
    metadata: &Metadata,
) -> Result<Applied, Error> {
    let mut applied = Applied::default();
    let mut skip = |field: &str, reason: &str| {
        applied.skipped.push(Skipped { field: field.into(), reason: reason.into() });
    };
    let mut call = graph.post(&[&broadcast.id], account, Priority::Metadata);
    let title = clip(&metadata.title, TITLE_CHARS);
    let mut is_empty = true;
    if title.is_empty() {
        skip("title", "a live video on Facebook keeps its title rather than have none");
    } else {
        call = call.form("title", &*title);
        is_empty = false;
    }
    if title.len() < metadata.title.len() {
        skip("title", "was cut to the 255 characters that Facebook takes");
    }
    if !metadata.category.is_empty() {
        skip("category", "live videos on Facebook have none");
    }
    if !metadata.tags.is_empty() {
        skip("tags", "live videos on Facebook have none");
    }
    if metadata.thumbnail_url.is_some() {
        skip("thumbnail_url", "live videos on Facebook have none");
    }
    if !metadata.description.is_empty() {
        call = call.form("description", &*metadata.description);
        is_empty = false;
    }
    if !is_empty {
        graph.act(call).await?;
    }
    Ok(applied)
}
