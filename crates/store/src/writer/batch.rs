//! A batch in one transaction.
//!
//! ```text
//! insert all, nothing where there is one ─┬▶ those that are new: what their platforms sent, their alerts
//!                                         └▶ the others: see what is there ─▶ ours already, or revised, or a duplicate
//! ```

use std::{
    collections::{
        HashMap,
        hash_map::Entry::{Occupied, Vacant},
    },
    sync::Arc,
};

use jiff::Timestamp;
use stagedoor_domain::{EventId, EventReport, LivestreamId, StreamEvent};
use uuid::Uuid;

use super::{insert::Insert, queue::Entry};
use crate::{
    StoreError,
    alerts::{INSERT_ALERT, name_of},
    db::{Db, statements, writing},
    events::{Body, BodyRef, is_notable},
    json,
};

/// What became of an entry.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    New,
    Revised(Arc<StreamEvent>),
    Duplicate { of: EventId },
}

statements! {
    FIND = "select id, revision, append_id, livestream, body from events where user_id = $1 and dedupe_key = $2";
    REVISE = "update events set revision = $2, append_id = $3, kind = $4, platform = $5, notable = $6,
                  occurred_at = $7, micros = $8, currency = $9, viewers = $10, body = $11
              where id = $1";
    PUT_RAW = "insert into event_raws (event, raw) values ($1, $2)
               on conflict (event) do update set raw = excluded.raw";
    DELETE_RAW = "delete from event_raws where event = $1";
    /// Appends that revise have an id which is no event's: ids go on behind it.
    MARK_NEWEST = "insert into marks (name, value) values ('newest_revision', $1)
                   on conflict (name) do update set value = excluded.value";
}

type Row = (Uuid, i64, Uuid, Option<Uuid>, String);

/// Writes entries, all or none, and says what became of each.
pub(super) async fn write(db: &Db, entries: &[Entry]) -> Result<Vec<Outcome>, StoreError> {
    writing!(db, |connection| {
        let new = connection.insert_events(entries).await?;
        let is_new = |entry: &&Entry| new.contains(&entry.id());
        let raws: Vec<_> = entries
            .iter()
            .filter(is_new)
            .filter_map(|entry| Some((entry.id(), entry.raw.as_deref()?)))
            .collect();
        connection.insert_raws(&raws).await?;
        for (entry, alert) in
            entries.iter().filter(is_new).filter_map(|entry| Some((entry, entry.alert.as_deref()?)))
        {
            sqlx::query(INSERT_ALERT)
                .bind(*alert.id.as_uuid())
                .bind(alert.user.as_str())
                .bind(entry.id())
                .bind(name_of(alert.state))
                .bind(alert.created_at.as_millisecond())
                .bind(json::write(alert))
                .execute(&mut *connection)
                .await?;
        }

        let mut outcomes = Vec::with_capacity(entries.len());
        let mut there: HashMap<(&str, &str), There> = HashMap::new();
        let mut newest_revision = None;
        for entry in entries {
            if is_new(&entry) {
                outcomes.push(Outcome::New);
                continue;
            }
            let key = (entry.event.user.as_str(), &*entry.event.report.dedupe_key);
            let there = match there.entry(key) {
                Occupied(there) => there.into_mut(),
                Vacant(place) => {
                    let row: Option<Row> = sqlx::query_as(FIND)
                        .bind(key.0)
                        .bind(key.1)
                        .fetch_optional(&mut *connection)
                        .await?;
                    // It was deleted in between: the next attempt will insert ours.
                    let row = row.ok_or(StoreError::Unavailable(sqlx::Error::RowNotFound))?;
                    place.insert(There::new(row)?)
                }
            };
            let (outcome, change) = there.meet(entry);
            if let (Outcome::Revised(event), Change::Needed) = (&outcome, change) {
                let report = EventReport { raw: None, ..event.report.clone() };
                let body =
                    json::write(&BodyRef { received_at: event.received_at, report: &report });
                sqlx::query(REVISE)
                    .bind(there.id)
                    .bind(i64::from(report.revision))
                    .bind(entry.id())
                    .bind(report.kind.as_str())
                    .bind(report.platform.as_str())
                    .bind(is_notable(&report.kind))
                    .bind(report.occurred_at.as_millisecond())
                    .bind(report.money.map(|money| money.micros))
                    .bind(report.money.map(|money| String::from(money.currency)))
                    .bind(report.viewers.map(i64::from))
                    .bind(body)
                    .execute(&mut *connection)
                    .await?;
                match entry.raw.as_deref() {
                    Some(raw) => sqlx::query(PUT_RAW).bind(there.id).bind(raw),
                    None => sqlx::query(DELETE_RAW).bind(there.id),
                }
                .execute(&mut *connection)
                .await?;
                newest_revision = Some(entry.id());
            }
            outcomes.push(outcome);
        }
        if let Some(newest) = newest_revision {
            sqlx::query(MARK_NEWEST).bind(newest.to_string()).execute(&mut *connection).await?;
        }
        Ok::<_, StoreError>(outcomes)
    })
}

/// An event that is there already, as the entries of a batch meet it one after the other.
struct There {
    id: Uuid,
    livestream: Option<LivestreamId>,
    received_at: Timestamp,
    /// The last append that had changed it when this batch began. Appends are written in the order of their ids: what
    /// is not greater was committed before, by a writer that could not answer any more.
    committed: Uuid,
    revision: i64,
    /// The greatest revision among those that were committed before, as far as this batch tells.
    told: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Needed,
    Made,
}

impl There {
    fn new((id, revision, committed, livestream, body): Row) -> Result<Self, StoreError> {
        let Body { received_at, .. } = json::read("events", &body)?;
        let livestream = livestream.map(LivestreamId::from_uuid);
        Ok(Self { id, livestream, received_at, committed, revision, told: None })
    }

    fn meet(&mut self, entry: &Entry) -> (Outcome, Change) {
        let revision = i64::from(entry.event.report.revision);
        if entry.id() == self.id {
            self.told = Some(revision);
            return (Outcome::New, Change::Made);
        }
        let (greatest, change) = if entry.id() <= self.committed {
            (self.told.replace(revision.max(self.told.unwrap_or(i64::MIN))), Change::Made)
        } else {
            (Some(self.revision), Change::Needed)
        };
        if greatest.is_some_and(|greatest| revision <= greatest) {
            return (Outcome::Duplicate { of: EventId::from_uuid(self.id) }, Change::Made);
        }
        self.revision = self.revision.max(revision);
        let mut event = StreamEvent::clone(&entry.event);
        event.id = EventId::from_uuid(self.id);
        event.livestream = self.livestream;
        event.received_at = self.received_at;
        (Outcome::Revised(Arc::new(event)), change)
    }
}
