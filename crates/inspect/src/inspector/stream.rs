//! Streams: what the daemon's sources know of them, and acting on them, logged with who asked for it.

use std::{io, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::{StreamEvent, UserId};
use tokio::time::timeout;
use tracing::{info, warn};

use super::View;
use crate::{
    error::InspectError,
    message::{Caller, EventQuery, MAX_KINDS, StreamAction},
    paging::MAX_ROWS,
    sources::{Asked, SourceError},
    view::{AlertsOverview, EventRows, PlatformsOverview, StreamActed, StreamOverview},
    wire::MAX_ANSWER_BYTES,
};

/// How long a source may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How many of the alerts that were are told.
const RECENT_ALERTS: usize = 20;

/// How much of an alert's text is told, in characters: as many as may wait then fit into a frame.
const ALERT_TEXT: usize = 500;

/// The most destinations that one may name.
const MAX_DESTINATIONS: usize = 100;

/// What the events of a page may have together: they fit into a frame, with what is around them.
const MAX_PAGE_BYTES: usize = MAX_ANSWER_BYTES - 64 * 1024;

impl View {
    pub(super) async fn stream(&self, user: &UserId) -> Result<StreamOverview, InspectError> {
        self.asked("streams", user, self.sources.stream(user)).await
    }

    pub(super) async fn platforms(&self, user: &UserId) -> Result<PlatformsOverview, InspectError> {
        self.asked("platforms", user, self.sources.platforms(user)).await
    }

    pub(super) async fn alerts(&self, user: &UserId) -> Result<AlertsOverview, InspectError> {
        let alerts = self.sources.alerts(user, RECENT_ALERTS);
        let mut alerts = self.asked("alerts", user, alerts).await?;
        let AlertsOverview { showing, waiting, recent, .. } = &mut alerts;
        let showing = showing.iter_mut().map(|shown| &mut shown.alert);
        for text in showing.chain(waiting).chain(recent).filter_map(|alert| alert.text.as_mut()) {
            shorten(text);
        }
        Ok(alerts)
    }

    pub(super) async fn act_on_stream(
        &self,
        user: UserId,
        action: StreamAction,
        by: &Caller,
    ) -> Result<StreamActed, InspectError> {
        if let StreamAction::Start { destinations } = &action
            && destinations.len() > MAX_DESTINATIONS
        {
            return Err(too_many("destinations", MAX_DESTINATIONS));
        }
        let name = action.as_str();
        let acted = self.sources.act_on_stream(&user, &action);
        match self.asked("streams", &user, acted).await {
            Ok(status) => {
                info!(actor = "Inspector", action = name, %user, %by, %status, "acted on a stream");
                Ok(StreamActed { user, action, status })
            }
            Err(error) => {
                warn!(actor = "Inspector", action = name, %user, %by, %error, "could not act on a stream");
                Err(error)
            }
        }
    }

    pub(super) async fn events(&self, query: &EventQuery) -> Result<EventRows, InspectError> {
        if query.before.is_some() && query.after.is_some() {
            let reason = "events are before one or after one, not both".into();
            return Err(InspectError::BadRequest { reason });
        }
        if query.kinds.len() > MAX_KINDS {
            return Err(too_many("kinds", MAX_KINDS));
        }
        let limit = query.limit.unwrap_or(MAX_ROWS).clamp(1, MAX_ROWS);
        // One more tells whether there is a next page.
        let events = self.sources.events(query, limit + 1);
        let events = self.asked("events", &query.user, events).await?;
        Ok(page(events, limit))
    }

    /// What a source answers, in time and in the inspector's words.
    async fn asked<T>(
        &self,
        what: &'static str,
        user: &UserId,
        answer: Asked<'_, T>,
    ) -> Result<T, InspectError> {
        let Ok(answer) = timeout(LIMIT, answer).await else {
            let reason = format!("no answer within {LIMIT:?}");
            return Err(InspectError::Unavailable { what: what.into(), reason });
        };
        answer.map_err(|error| match error {
            SourceError::Unsupported => InspectError::Unsupported { what: what.into() },
            SourceError::NoTree => InspectError::NotFound {
                path: self.user_path(user.as_str()),
                nearest: self.users.into(),
            },
            SourceError::Unavailable { reason } => {
                InspectError::Unavailable { what: what.into(), reason }
            }
            SourceError::Refused { code, reason } => InspectError::Refused { code, reason },
        })
    }
}

fn shorten(text: &mut Box<str>) {
    if let Some((end, _)) = text.char_indices().nth(ALERT_TEXT) {
        *text = format!("{}…", &text[..end]).into();
    }
}

fn too_many(what: &str, limit: usize) -> InspectError {
    InspectError::BadRequest { reason: format!("more than {limit} {what}") }
}

/// As many events as a page has and as fit into a frame, but at least one: an event's own limits are narrower.
fn page(mut events: Vec<StreamEvent>, limit: usize) -> EventRows {
    let mut room = MAX_PAGE_BYTES;
    let mut fits = |event: &StreamEvent| {
        let mut size = Size(0);
        // Neither an event's JSON form nor counting its bytes fails.
        let _ = serde_json::to_writer(&mut size, event);
        let enough = size.0 < room;
        room = room.saturating_sub(size.0 + 1);
        enough
    };
    let fitting = events.iter().take(limit).take_while(|event| fits(event)).count().max(1);
    let more = events.len() > fitting;
    events.truncate(fitting);
    let next = events.last().filter(|_| more).map(|last| last.id);
    EventRows { observed_at: Timestamp::now(), rows: events, next }
}

/// Counts bytes.
struct Size(usize);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
