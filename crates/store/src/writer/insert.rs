//! Inserting many rows at once, as each database likes it best: SQLite by many rows of values, PostgreSQL by arrays.

use std::{
    collections::HashSet,
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::queue::Entry;
use crate::{StoreError, events::is_notable};

const COLUMNS: &str = "id, user_id, dedupe_key, revision, append_id, kind, platform, livestream, notable, \
                       occurred_at, received_at, micros, currency, viewers, body";
const COLUMN_COUNT: usize = 15;

/// How many rows SQLite is given at once: each number is a statement of its own, which stays prepared.
const SQLITE_ROWS: [usize; 5] = [256, 64, 16, 4, 1];

type Statements = LazyLock<[Arc<str>; 5]>;

/// For SQLite, as many as there are [`SQLITE_ROWS`]. Parameters have no names: looking up thousands of them takes long.
pub(crate) static SQLITE_EVENTS: Statements = LazyLock::new(|| {
    SQLITE_ROWS.map(|rows| {
        let insert = format!("insert into events ({COLUMNS}) values ");
        values(insert, COLUMN_COUNT, rows, " on conflict do nothing returning id")
    })
});

/// Likewise.
pub(crate) static SQLITE_RAWS: Statements = LazyLock::new(|| {
    SQLITE_ROWS.map(|rows| {
        values(
            "insert into event_raws (event, raw) values ".into(),
            2,
            rows,
            " on conflict do nothing",
        )
    })
});

/// For PostgreSQL: any number of rows.
pub(crate) static POSTGRES_EVENTS: LazyLock<Arc<str>> = LazyLock::new(|| {
    let insert = format!(
        "insert into events ({COLUMNS}) select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], \
             $1::uuid[], $5::text[], $6::text[], $7::uuid[], $8::boolean[], $9::bigint[], $10::bigint[], \
             $11::bigint[], $12::text[], $13::bigint[], $14::text[]) \
         on conflict do nothing returning id"
    );
    insert.into()
});

/// Likewise.
pub(crate) const POSTGRES_RAWS: &str = "insert into event_raws (event, raw) \
     select * from unnest($1::uuid[], $2::text[]) on conflict do nothing";

fn values(mut sql: String, columns: usize, rows: usize, rest: &str) -> Arc<str> {
    let row = format!("({}?)", "?, ".repeat(columns - 1));
    sql += &row;
    for _ in 1..rows {
        let _ = write!(sql, ", {row}");
    }
    sql += rest;
    sql.into()
}

/// A connection that inserts many rows at once.
pub(super) trait Insert {
    /// Inserts events whose key is not there yet; gives the ids of those.
    async fn insert_events(&mut self, entries: &[Entry]) -> Result<HashSet<Uuid>, StoreError>;

    /// Inserts what platforms sent.
    async fn insert_raws(&mut self, raws: &[(Uuid, &str)]) -> Result<(), StoreError>;
}

impl Insert for SqliteConnection {
    async fn insert_events(&mut self, entries: &[Entry]) -> Result<HashSet<Uuid>, StoreError> {
        let mut new = HashSet::with_capacity(entries.len());
        for (statement, entries) in parts(entries, &SQLITE_EVENTS) {
            let mut query = sqlx::query_as(AssertSqlSafe(statement));
            for entry in entries {
                let (event, report) = (&*entry.event, &entry.event.report);
                query = query
                    .bind(entry.id())
                    .bind(event.user.as_str())
                    .bind(&*report.dedupe_key)
                    .bind(i64::from(report.revision))
                    .bind(entry.id())
                    .bind(report.kind.as_str())
                    .bind(report.platform.as_str())
                    .bind(event.livestream.map(|id| *id.as_uuid()))
                    .bind(is_notable(&report.kind))
                    .bind(report.occurred_at.as_millisecond())
                    .bind(event.received_at.as_millisecond())
                    .bind(report.money.map(|money| money.micros))
                    .bind(report.money.map(|money| String::from(money.currency)))
                    .bind(report.viewers.map(i64::from))
                    .bind(&*entry.body);
            }
            let rows: Vec<(Uuid,)> = query.fetch_all(&mut *self).await?;
            new.extend(rows.into_iter().map(|(id,)| id));
        }
        Ok(new)
    }

    async fn insert_raws(&mut self, raws: &[(Uuid, &str)]) -> Result<(), StoreError> {
        for (statement, raws) in parts(raws, &SQLITE_RAWS) {
            let mut query = sqlx::query(AssertSqlSafe(statement));
            for (event, raw) in raws {
                query = query.bind(*event).bind(*raw);
            }
            query.execute(&mut *self).await?;
        }
        Ok(())
    }
}

/// Cuts rows into parts for which there are statements.
fn parts<'a, T>(
    mut rows: &'a [T],
    statements: &'a [Arc<str>; 5],
) -> impl Iterator<Item = (Arc<str>, &'a [T])> {
    std::iter::from_fn(move || {
        let largest = SQLITE_ROWS.iter().position(|count| *count <= rows.len())?;
        let (part, rest) = rows.split_at(SQLITE_ROWS[largest]);
        rows = rest;
        Some((statements[largest].clone(), part))
    })
}

impl Insert for PgConnection {
    async fn insert_events(&mut self, entries: &[Entry]) -> Result<HashSet<Uuid>, StoreError> {
        fn column<'a, T>(entries: &'a [Entry], of: impl Fn(&'a Entry) -> T) -> Vec<T> {
            entries.iter().map(of).collect()
        }
        let rows: Vec<(Uuid,)> = sqlx::query_as(AssertSqlSafe(POSTGRES_EVENTS.clone()))
            .bind(column(entries, Entry::id))
            .bind(column(entries, |entry| entry.event.user.as_str()))
            .bind(column(entries, |entry| &*entry.event.report.dedupe_key))
            .bind(column(entries, |entry| i64::from(entry.event.report.revision)))
            .bind(column(entries, |entry| entry.event.report.kind.as_str()))
            .bind(column(entries, |entry| entry.event.report.platform.as_str()))
            .bind(column(entries, |entry| entry.event.livestream.map(|id| *id.as_uuid())))
            .bind(column(entries, |entry| is_notable(&entry.event.report.kind)))
            .bind(column(entries, |entry| entry.event.report.occurred_at.as_millisecond()))
            .bind(column(entries, |entry| entry.event.received_at.as_millisecond()))
            .bind(column(entries, |entry| entry.event.report.money.map(|money| money.micros)))
            .bind(column(entries, |entry| {
                entry.event.report.money.map(|money| String::from(money.currency))
            }))
            .bind(column(entries, |entry| entry.event.report.viewers.map(i64::from)))
            .bind(column(entries, |entry| &*entry.body))
            .fetch_all(&mut *self)
            .await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    async fn insert_raws(&mut self, raws: &[(Uuid, &str)]) -> Result<(), StoreError> {
        if raws.is_empty() {
            return Ok(());
        }
        let (events, raws): (Vec<Uuid>, Vec<&str>) = raws.iter().copied().unzip();
        sqlx::query(POSTGRES_RAWS).bind(events).bind(raws).execute(&mut *self).await?;
        Ok(())
    }
}
