//! Reading events.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{
    EventId, EventKind, EventReport, LivestreamId, Platform, StreamEvent, UserId,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    db::{reading, statements},
    json,
};

/// How many events are given at a time at most.
pub const MAX_EVENTS_A_PAGE: u32 = 1_000;

/// Which events of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Those before this one.
    pub before: Option<EventId>,
    /// Those after this one. Without `before` they come oldest first: reading goes on where it had stopped.
    pub after: Option<EventId>,
    /// Those of these kinds; of all kinds when empty.
    pub kinds: Vec<EventKind>,
    /// Those of these platforms; of all platforms when empty.
    pub platforms: Vec<Platform>,
    /// Those of this livestream.
    pub livestream: Option<LivestreamId>,
    /// Whether they come with what the platform sent, as long as that is kept.
    pub with_raw: bool,
    /// How many at most; [`MAX_EVENTS_A_PAGE`] is the limit.
    pub limit: u32,
}

impl Default for EventQuery {
    /// The newest fifty.
    fn default() -> Self {
        Self {
            before: None,
            after: None,
            kinds: Vec::new(),
            platforms: Vec::new(),
            livestream: None,
            with_raw: false,
            limit: 50,
        }
    }
}

statements! {
    GET = "select e.id, e.livestream, e.body, r.raw from events e left join event_raws r on r.event = e.id
           where e.user_id = $1 and e.id = $2";
}

type Row = (Uuid, Option<Uuid>, String, Option<String>);

impl Store {
    /// The user's events that the query asks for: newest first, or oldest first when it goes on after one.
    pub async fn events(
        &self,
        user: &UserId,
        query: &EventQuery,
    ) -> Result<Vec<StreamEvent>, StoreError> {
        let statement = query.statement();
        let limit = query.limit.min(MAX_EVENTS_A_PAGE);
        let rows: Vec<Row> = reading!(self.db(), |pool| {
            let mut asked = sqlx::query_as(sqlx::AssertSqlSafe(statement.as_str()))
                .bind(user.as_str())
                .bind(i64::from(limit));
            for id in [query.before, query.after].into_iter().flatten() {
                asked = asked.bind(*id.as_uuid());
            }
            if let Some(id) = query.livestream {
                asked = asked.bind(*id.as_uuid());
            }
            for kind in &query.kinds {
                asked = asked.bind(kind.as_str());
            }
            for platform in &query.platforms {
                asked = asked.bind(platform.as_str());
            }
            Ok(asked.fetch_all(pool).await?)
        })?;
        rows.into_iter().map(|row| event(user, row)).collect()
    }

    /// One event, with what the platform sent as long as that is kept.
    pub async fn event(
        &self,
        user: &UserId,
        id: EventId,
    ) -> Result<Option<StreamEvent>, StoreError> {
        let row: Option<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(*id.as_uuid())
            .fetch_optional(pool)
            .await?))?;
        row.map(|row| event(user, row)).transpose()
    }
}

impl EventQuery {
    /// The statement, made of our own words and the numbers of parameters only.
    pub(crate) fn statement(&self) -> String {
        let mut sql = String::from("select e.id, e.livestream, e.body, ");
        sql += if self.with_raw { "r.raw" } else { "cast(null as text)" };
        sql += " from events e";
        if self.with_raw {
            sql += " left join event_raws r on r.event = e.id";
        }
        sql += " where e.user_id = $1";
        let mut parameter = 2;
        let mut next = || {
            parameter += 1;
            format!("${parameter}")
        };
        if self.before.is_some() {
            let _ = write!(sql, " and e.id < {}", next());
        }
        if self.after.is_some() {
            let _ = write!(sql, " and e.id > {}", next());
        }
        if self.livestream.is_some() {
            let _ = write!(sql, " and e.livestream = {}", next());
        }
        if !self.kinds.is_empty() {
            let list: Vec<_> = self.kinds.iter().map(|_| next()).collect();
            let _ = write!(sql, " and e.kind in ({})", list.join(", "));
            if self.kinds.iter().all(is_notable) {
                // There is an index of those: donations are found without reading all the chat between them.
                sql += " and e.notable";
            }
        }
        if !self.platforms.is_empty() {
            let list: Vec<_> = self.platforms.iter().map(|_| next()).collect();
            let _ = write!(sql, " and e.platform in ({})", list.join(", "));
        }
        let goes_on = self.after.is_some() && self.before.is_none();
        sql += if goes_on { " order by e.id limit $2" } else { " order by e.id desc limit $2" };
        sql
    }
}

/// Whether events of this kind are few and kept for long. The others come in masses.
pub(crate) const fn is_notable(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::ChatMessage
            | EventKind::ChatDeleted
            | EventKind::ChatUserCleared
            | EventKind::ChatCleared
            | EventKind::ChatAnnouncement
            | EventKind::ViewersSample
    )
}

/// What the column `body` holds: all of an event that has no column of its own which is exact.
#[derive(Serialize)]
pub(crate) struct BodyRef<'a> {
    pub(crate) received_at: Timestamp,
    /// Without what the platform sent.
    pub(crate) report: &'a EventReport,
}

#[derive(Deserialize)]
pub(crate) struct Body {
    pub(crate) received_at: Timestamp,
    report: EventReport,
}

fn event(user: &UserId, (id, livestream, body, raw): Row) -> Result<StreamEvent, StoreError> {
    let Body { received_at, mut report } = json::read("events", &body)?;
    report.raw = raw.map(|raw| json::read("event_raws", &raw)).transpose()?;
    Ok(StreamEvent {
        id: EventId::from_uuid(id),
        user: user.clone(),
        livestream: livestream.map(LivestreamId::from_uuid),
        received_at,
        report,
    })
}
