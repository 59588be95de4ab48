//! Alerts: what waits and was shown, and the streamer's hand on the queue.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stagedoor_domain::{Alert, AlertId, AlertKind, AlertSettings, AlertState, UserId};
use stagedoor_stream::{AlertQueueMsg, AlertQueueSnapshot, EventsMsg, ShowingAlert, ask_alerts};
use utoipa::{IntoParams, ToSchema};

use super::{ANSWER_LIMIT, Desk, limits};
use crate::http::ApiError;

const MAX_RECENT: u32 = 200;
const USUAL_RECENT: u32 = 50;

/// How many alerts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsQuery {
    /// How many of those that are over: 1 to 200, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A user's alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertList {
    /// Nothing new is shown.
    pub(crate) paused: bool,
    /// Alerts are shown without their sound.
    pub(crate) muted: bool,
    /// What is on the overlays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) showing: Option<ShowingAlert>,
    /// The first that wait, in the order in which they will be shown.
    pub(crate) waiting: Vec<Arc<Alert>>,
    /// How many wait.
    pub(crate) waiting_total: usize,
    /// What is over, newest first.
    pub(crate) recent: Vec<Alert>,
}

/// An alert that was put into the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertQueued {
    /// Its id.
    pub(crate) id: AlertId,
}

/// How many alerts were taken out of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertsCleared {
    /// How many.
    pub(crate) cleared: usize,
}

/// An alert by its id.
#[derive(Debug, Deserialize)]
pub(crate) struct AlertPath {
    pub(crate) id: AlertId,
}

/// A kind of alerts.
#[derive(Debug, Deserialize)]
pub(crate) struct KindPath {
    pub(crate) kind: AlertKind,
}

/// What the streamer does to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Pause,
    Resume,
    Skip,
    Mute,
    Unmute,
}

pub(crate) async fn list(
    desk: &Desk,
    user: &UserId,
    query: &AlertsQuery,
) -> Result<AlertList, ApiError> {
    let limit = limits::page(query.limit, USUAL_RECENT, MAX_RECENT)?;
    let queue = queue(desk, user).await?;
    // The newest ones may all be waiting; as many more are enough to find those that are over.
    let pending = u32::try_from(queue.waiting_total + 1).unwrap_or(u32::MAX);
    let mut recent = desk.store().alerts(user, limit.saturating_add(pending)).await?;
    recent.retain(|alert| !is_pending(alert));
    recent.truncate(limit as usize);
    Ok(AlertList { recent, ..queue })
}

/// What is shown and waits: from the tree if its queue runs, else as it is stored.
async fn queue(desk: &Desk, user: &UserId) -> Result<AlertList, ApiError> {
    if let Some(tree) = desk.backstage().trees.get(user)
        // It is not started for the question's sake.
        && let Ok(queue) = tree.alerts().call(AlertQueueMsg::GetSnapshot, ANSWER_LIMIT).await
        && !queue.loading
    {
        let AlertQueueSnapshot { showing, waiting, waiting_total, paused, muted, .. } = queue;
        return Ok(AlertList {
            paused,
            muted,
            showing,
            waiting,
            waiting_total,
            recent: Vec::new(),
        });
    }
    let AlertSettings { paused, muted, .. } = desk.store().alert_settings(user).await?;
    let pending = desk.store().pending_alerts(user).await?;
    let waiting: Vec<_> = pending.into_iter().map(Arc::new).collect();
    let waiting_total = waiting.len();
    Ok(AlertList { paused, muted, showing: None, waiting, waiting_total, recent: Vec::new() })
}

fn is_pending(alert: &Alert) -> bool {
    matches!(alert.state, AlertState::Queued | AlertState::Showing)
}

pub(crate) async fn act(desk: &Desk, user: &UserId, action: Action) -> Result<(), ApiError> {
    let tree = desk.tree(user)?;
    let acted = ask_alerts(&tree, |reply| match action {
        Action::Pause => AlertQueueMsg::Pause(reply),
        Action::Resume => AlertQueueMsg::Resume(reply),
        Action::Skip => AlertQueueMsg::Skip(reply),
        Action::Mute => AlertQueueMsg::SetMuted(true, reply),
        Action::Unmute => AlertQueueMsg::SetMuted(false, reply),
    });
    Ok(acted.await?)
}

pub(crate) async fn clear(desk: &Desk, user: &UserId) -> Result<AlertsCleared, ApiError> {
    let cleared = ask_alerts(&desk.tree(user)?, AlertQueueMsg::Clear).await?;
    Ok(AlertsCleared { cleared })
}

/// Shows an alert once more.
pub(crate) async fn replay(
    desk: &Desk,
    user: &UserId,
    id: AlertId,
) -> Result<AlertQueued, ApiError> {
    let tree = desk.tree(user)?;
    let id = ask_alerts(&tree, |reply| AlertQueueMsg::Replay(id, reply)).await?;
    Ok(AlertQueued { id })
}

/// Shows an alert that no event raised.
pub(crate) async fn test(
    desk: &Desk,
    user: &UserId,
    kind: AlertKind,
) -> Result<AlertQueued, ApiError> {
    if let AlertKind::Unknown(_) = kind {
        let known: Vec<&str> = AlertKind::KNOWN.iter().map(AlertKind::as_str).collect();
        let message = format!("there is no such kind; there are {}", known.join(", "));
        return Err(ApiError::invalid("path", message).field("kind"));
    }
    let tree = desk.tree(user)?;
    let id = ask_alerts(&tree, |reply| AlertQueueMsg::Test(kind, reply)).await?;
    Ok(AlertQueued { id })
}

pub(crate) async fn settings(desk: &Desk, user: &UserId) -> Result<AlertSettings, ApiError> {
    Ok(desk.store().alert_settings(user).await?)
}

pub(crate) async fn set_settings(
    desk: &Desk,
    user: &UserId,
    settings: AlertSettings,
) -> Result<AlertSettings, ApiError> {
    settings.validate()?;
    desk.store().put_alert_settings(user, &settings).await?;
    if let Some(tree) = desk.backstage().trees.get(user) {
        // Whoever does not run reads them from the store when it starts.
        let _ = tree.alerts().cast(AlertQueueMsg::SettingsChanged);
        let _ = tree.events().cast(EventsMsg::SettingsChanged);
    }
    Ok(settings)
}
