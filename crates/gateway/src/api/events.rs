//! Events: what happened, in pages, and what trusted services report.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{
    EventId, EventKind, EventReport, LivestreamId, Platform, StreamEvent, UserId,
};
use stagedoor_store::EventQuery;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, in_time, limits, lists};
use crate::http::ApiError;

const MAX_PAGE: u32 = 200;
const USUAL_PAGE: u32 = 50;

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Those before this one.
    before: Option<EventId>,
    /// Those after this one. Without `before` they come oldest first: to read on where one has stopped.
    after: Option<EventId>,
    /// Of these kinds, as `donation,raid`.
    #[serde(deserialize_with = "lists::words")]
    #[param(value_type = Option<String>)]
    kinds: Vec<EventKind>,
    /// Of these platforms, as `twitch,kick`.
    #[serde(deserialize_with = "lists::words")]
    #[param(value_type = Option<String>)]
    platforms: Vec<Platform>,
    /// Of this livestream.
    livestream: Option<LivestreamId>,
    /// With what the platform sent, as long as that is kept.
    #[param(value_type = Option<bool>)]
    raw: bool,
    /// How many: 1 to 200, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// Newest first; oldest first after an event.
    pub(crate) events: Vec<StreamEvent>,
    /// Where the next page begins: what to give as `before`, or as `after` when the pages go that way. Null at the end.
    pub(crate) next: Option<EventId>,
}

/// An event is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventReceipt {
    /// Its id.
    pub(crate) id: EventId,
    /// It had been stored before: nothing has happened now.
    pub(crate) duplicate: bool,
}

pub(crate) async fn list(
    desk: &Desk,
    user: &UserId,
    query: EventsQuery,
) -> Result<EventPage, ApiError> {
    let EventsQuery { before, after, kinds, platforms, livestream, raw, limit } = query;
    let limit = limits::page(limit, USUAL_PAGE, MAX_PAGE)?;
    // One more tells whether there is a next page.
    let query =
        EventQuery { before, after, kinds, platforms, livestream, with_raw: raw, limit: limit + 1 };
    let mut events = desk.store().events(user, &query).await?;
    let limit = limit as usize;
    let next = (events.len() > limit).then(|| events[limit - 1].id);
    events.truncate(limit);
    Ok(EventPage { events, next })
}

/// Answers when the event is durable.
pub(crate) async fn report(
    desk: &Desk,
    user: &UserId,
    report: EventReport,
) -> Result<EventReceipt, ApiError> {
    report.validate(Timestamp::now())?;
    let receipt = in_time(desk.backstage().door.submit(user, report)).await??;
    Ok(EventReceipt { id: receipt.id, duplicate: receipt.duplicate })
}
