//! What is deleted, and when.
//!
//! In chunks of a few hundred rows, each a transaction of its own: the writer of events gets its turn between them.
//! Ids of events tell their time, so that what is old is found by its id.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    downsampling,
    ids::least_id_at,
    json, statistics,
};

/// How many rows are looked at or deleted in one transaction.
const CHUNK: i64 = 250;

/// For how long what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What platforms sent, word for word.
    pub raw: Duration,
    /// What comes in masses: the chat and samples of viewers. The numbers of livestreams that have ended stay.
    pub chat: Duration,
    /// All other events.
    pub events: Duration,
    /// The points of minutes, before they are put together to points of hours, which are kept for ever.
    pub minutes: Duration,
    /// Alerts, shown or not, since they were raised.
    pub alerts: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            raw: 7 * DAY,
            chat: 90 * DAY,
            events: 730 * DAY,
            minutes: 30 * DAY,
            alerts: 30 * DAY,
        }
    }
}

/// What [`Store::retain`] deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// What platforms sent.
    pub raws: u64,
    /// Events.
    pub events: u64,
    /// Points of minutes, which are in hours now.
    pub minutes: u64,
    /// Alerts.
    pub alerts: u64,
}

statements! {
    DELETE_RAWS = "delete from event_raws
                   where event in (select event from event_raws where event < $1 order by event limit $2)";
    DELETE_ALERTS = "delete from alerts
                     where id in (select id from alerts where created_at < $1 order by created_at limit $2)";
    WITHOUT_NUMBERS = "select id, user_id from livestreams
                       where ended_at is not null and numbers is null and started_at < $1 order by id limit $2";
    KEEP_NUMBERS = "update livestreams set numbers = $2 where id = $1 and ended_at is not null";
    OLDEST_OPEN = "select min(started_at) from livestreams where ended_at is null";
    MARK = "select value from marks where name = 'chat_deleted_until'";
    SET_MARK = "insert into marks (name, value) values ('chat_deleted_until', $1)
                on conflict (name) do update set value = excluded.value";
    NEXT_IDS = "select id from events where id > $1 and id < $2 order by id limit $3";
    DELETE_CHAT = "delete from events where id > $1 and id <= $2 and not notable
                   and (livestream is null or livestream not in (select id from livestreams where ended_at is null))";
    DELETE_EVENTS = "delete from events where id > $1 and id <= $2";
    DELETE_ORPHANS = "delete from event_raws where event > $1 and event <= $2
                      and not exists (select 1 from events where events.id = event_raws.event)";
}

impl Store {
    /// Deletes what is older than it is to be kept, as of `now`. Can be stopped at any point and called again.
    pub async fn retain(
        &self,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Retained, StoreError> {
        let until = |age| before(now, age);
        Ok(Retained {
            raws: self.delete_raws(until(retention.raw)).await?,
            events: self.delete_chat(until(retention.chat)).await?
                + self
                    .delete_events(Uuid::nil(), least_id_at(until(retention.events)), false)
                    .await?,
            minutes: downsampling::minutes_to_hours(self.db(), until(retention.minutes)).await?,
            alerts: self.delete_alerts(until(retention.alerts)).await?,
        })
    }

    async fn delete_raws(&self, until: Timestamp) -> Result<u64, StoreError> {
        let (until, mut sum) = (least_id_at(until), 0);
        loop {
            let deleted = writing!(self.db(), |connection| {
                let query = sqlx::query(DELETE_RAWS).bind(until).bind(CHUNK);
                Ok::<_, StoreError>(query.execute(connection).await?.rows_affected())
            })?;
            if deleted == 0 {
                return Ok(sum);
            }
            sum += deleted;
        }
    }

    async fn delete_alerts(&self, until: Timestamp) -> Result<u64, StoreError> {
        let (until, mut sum) = (until.as_millisecond(), 0);
        loop {
            let deleted = writing!(self.db(), |connection| {
                let query = sqlx::query(DELETE_ALERTS).bind(until).bind(CHUNK);
                Ok::<_, StoreError>(query.execute(connection).await?.rows_affected())
            })?;
            if deleted == 0 {
                return Ok(sum);
            }
            sum += deleted;
        }
    }

    /// Deletes the chat and remembers until where: what is left below is not looked at every time. The chat of
    /// livestreams that go on stays, for their numbers are counted from it.
    async fn delete_chat(&self, until: Timestamp) -> Result<u64, StoreError> {
        self.keep_numbers(until).await?;
        let (mark, oldest_open): (Option<(String,)>, (Option<i64>,)) =
            reading!(self.db(), |pool| Ok((
                sqlx::query_as(MARK).fetch_optional(pool).await?,
                sqlx::query_as(OLDEST_OPEN).fetch_one(pool).await?,
            )))?;
        let mark = match mark {
            Some((mark,)) => {
                mark.parse().map_err(|error| StoreError::unreadable("marks", error))?
            }
            None => Uuid::nil(),
        };
        let deleted = self.delete_events(mark, least_id_at(until), true).await?;
        let oldest_open =
            oldest_open.0.and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or(until);
        let mark = least_id_at(until.min(oldest_open)).max(mark);
        writing!(self.db(), |connection| {
            sqlx::query(SET_MARK).bind(mark.to_string()).execute(connection).await?;
            Ok::<_, StoreError>(())
        })?;
        Ok(deleted)
    }

    /// Deletes events behind `from` and before `until`, and what their platforms sent.
    async fn delete_events(
        &self,
        from: Uuid,
        until: Uuid,
        only_chat: bool,
    ) -> Result<u64, StoreError> {
        let statement = if only_chat { DELETE_CHAT } else { DELETE_EVENTS };
        let (mut sum, mut from) = (0, from);
        loop {
            let ids: Vec<(Uuid,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(NEXT_IDS)
                .bind(from)
                .bind(until)
                .bind(CHUNK)
                .fetch_all(pool)
                .await?))?;
            let Some((last,)) = ids.last() else { return Ok(sum) };
            sum += writing!(self.db(), |connection| {
                let query = sqlx::query(statement).bind(from).bind(*last);
                let deleted = query.execute(&mut *connection).await?.rows_affected();
                sqlx::query(DELETE_ORPHANS)
                    .bind(from)
                    .bind(*last)
                    .execute(&mut *connection)
                    .await?;
                Ok::<_, StoreError>(deleted)
            })?;
            from = *last;
        }
    }

    /// Counts the livestreams that have ended and whose chat is about to be deleted, and keeps their numbers.
    async fn keep_numbers(&self, until: Timestamp) -> Result<(), StoreError> {
        loop {
            let ended: Vec<(Uuid, String)> =
                reading!(self.db(), |pool| Ok(sqlx::query_as(WITHOUT_NUMBERS)
                    .bind(until.as_millisecond())
                    .bind(CHUNK)
                    .fetch_all(pool)
                    .await?))?;
            if ended.is_empty() {
                return Ok(());
            }
            for (livestream, user) in ended {
                let mut numbers =
                    statistics::count(self.db(), &user, livestream, Uuid::max()).await?;
                numbers.statistics.leave_air();
                let numbers = json::write(&numbers);
                writing!(self.db(), |connection| {
                    sqlx::query(KEEP_NUMBERS)
                        .bind(livestream)
                        .bind(&numbers)
                        .execute(connection)
                        .await?;
                    Ok::<_, StoreError>(())
                })?;
            }
        }
    }
}

/// That long before; at the beginning of time where it would be earlier.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    now.checked_sub(age).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_ever_is_never_too_old() {
        assert_eq!(before(Timestamp::now(), Duration::MAX), Timestamp::UNIX_EPOCH);
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        assert_eq!(before(now, Duration::from_hours(24)).to_string(), "2026-01-01T00:00:00Z");
    }
}
