//! What the disk and the database allow: plain inserts by sqlx into the same tables, as durable, without the store.
//!
//! ```text
//! a task makes rows (the same events, the same JSON) ──▶ channel ──▶ one connection: begin, insert, commit
//! ```

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use stagedoor_domain::LivestreamId;
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use super::{
    Settings, chat,
    database::{Fresh, Place},
};
use crate::system::{Watch, distribution, float, microseconds, object, per_second, round};

const COLUMNS: &str = "id, user_id, dedupe_key, revision, append_id, kind, platform, livestream, notable, \
                       occurred_at, received_at, micros, currency, viewers, body";
const COLUMN_COUNT: usize = 15;

/// With one row a transaction there are this many times fewer events.
const FEWER: usize = 20;

/// A row of each table.
struct Row {
    id: Uuid,
    user: String,
    key: Box<str>,
    livestream: Uuid,
    at: i64,
    body: String,
    raw: Option<String>,
}

/// As many rows at a time as the store writes at most.
pub(super) async fn batches(settings: &Settings, place: &Place) -> Result<Value> {
    measure(settings, place, Plan { n: settings.n, batch: settings.batch, tuned: false }).await
}

/// The same, where SQLite has more room than by default.
pub(super) async fn tuned(settings: &Settings, place: &Place) -> Result<Value> {
    measure(settings, place, Plan { n: settings.n, batch: settings.batch, tuned: true }).await
}

/// One row at a time.
pub(super) async fn rows(settings: &Settings, place: &Place) -> Result<Value> {
    let n = (settings.n / FEWER).max(1);
    measure(settings, place, Plan { n, batch: 1, tuned: false }).await
}

/// What is written how.
#[derive(Clone, Copy)]
struct Plan {
    n: usize,
    /// Rows a transaction.
    batch: usize,
    /// With a page cache of 64 MiB instead of 2, and a checkpoint each 4,000 pages instead of 1,000.
    tuned: bool,
}

async fn measure(settings: &Settings, place: &Place, plan: Plan) -> Result<Value> {
    let Plan { n, batch, tuned } = plan;
    let fresh = place.fresh().await?;
    // It makes the tables.
    drop(fresh.store().await?);
    let n = n.next_multiple_of(batch);
    let rows = make(settings, n, batch);
    let watch = Watch::start()?;
    let times = match fresh.file() {
        Some(_) => sqlite(&fresh, rows, batch, tuned).await?,
        None => postgres(&fresh, rows, batch).await?,
    };
    let watched = watch.stop()?;
    ensure!(times.len() * batch == n, "batches are missing");
    let mut result = watched.json();
    result.append(&mut object(json!({
        "n": n,
        "events_per_s": per_second(n, watched.wall),
        "cpu_us_each": round(microseconds(watched.cpu) / float(n), 2),
        "transaction_us": distribution(times),
    })));
    fresh.close().await?;
    Ok(result.into())
}

/// Makes the rows beside, a few batches ahead.
fn make(settings: &Settings, n: usize, batch: usize) -> mpsc::Receiver<Vec<Row>> {
    let (sender, receiver) = mpsc::channel(4);
    let settings = settings.clone();
    tokio::spawn(async move {
        let livestream = Uuid::now_v7();
        let row = |number| {
            let event = chat::event(
                number,
                settings.users,
                settings.raw,
                LivestreamId::from_uuid(livestream),
            );
            let mut report = event.report;
            let raw = report.raw.take().map(|raw| raw.to_string());
            let body = json!({ "received_at": event.received_at, "report": report }).to_string();
            Row {
                id: Uuid::now_v7(),
                user: event.user.as_str().to_owned(),
                key: report.dedupe_key,
                livestream,
                at: Timestamp::now().as_millisecond(),
                body,
                raw,
            }
        };
        for first in (0..n).step_by(batch) {
            let rows = (first..first + batch).map(row).collect();
            if sender.send(rows).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// `insert into table (columns) values (…), (…), …`
fn insert(table: &str, columns: &str, count: usize, rows: usize, numbered: bool) -> String {
    let mut next = 0;
    let mut place = || {
        next += 1;
        if numbered { format!("${next}") } else { "?".to_owned() }
    };
    let mut row = || {
        let places: Vec<_> = (0..count).map(|_| place()).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(|_| row()).collect();
    format!("insert into {table} ({columns}) values {}", rows.join(", "))
}

/// Writes each batch in a transaction, on a connection of either database.
macro_rules! write {
    ($connection:ident, $rows:ident, $batch:ident, $numbered:literal) => {{
        let events = insert("events", COLUMNS, COLUMN_COUNT, $batch, $numbered);
        let raws = insert("event_raws", "event, raw", 2, $batch, $numbered);
        let mut times: Vec<Duration> = Vec::new();
        while let Some(rows) = $rows.recv().await {
            let began = Instant::now();
            let mut transaction = $connection.begin().await?;
            let mut query = sqlx::query(AssertSqlSafe(events.as_str()));
            for row in &rows {
                query = query
                    .bind(row.id)
                    .bind(&row.user)
                    .bind(&*row.key)
                    .bind(0_i64)
                    .bind(row.id)
                    .bind("chat.message")
                    .bind("twitch")
                    .bind(row.livestream)
                    .bind(false)
                    .bind(row.at)
                    .bind(row.at)
                    .bind(None::<i64>)
                    .bind(None::<String>)
                    .bind(None::<i64>)
                    .bind(&row.body);
            }
            transaction.execute(query).await?;
            if rows.iter().all(|row| row.raw.is_some()) {
                let mut query = sqlx::query(AssertSqlSafe(raws.as_str()));
                for row in &rows {
                    query = query.bind(row.id).bind(row.raw.as_deref());
                }
                transaction.execute(query).await?;
            }
            transaction.commit().await?;
            times.push(began.elapsed());
        }
        times
    }};
}

async fn sqlite(
    fresh: &Fresh,
    mut rows: mpsc::Receiver<Vec<Row>>,
    batch: usize,
    tuned: bool,
) -> Result<Vec<Duration>> {
    let mut options = SqliteConnectOptions::new()
        .filename(fresh.file().context("no file")?)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    if tuned {
        options = options.pragma("cache_size", "-65536").pragma("wal_autocheckpoint", "4000");
    }
    let mut connection: SqliteConnection = options.connect().await?;
    let times = write!(connection, rows, batch, false);
    connection.close().await?;
    Ok(times)
}

async fn postgres(
    fresh: &Fresh,
    mut rows: mpsc::Receiver<Vec<Row>>,
    batch: usize,
) -> Result<Vec<Duration>> {
    let mut connection = PgConnection::connect(&fresh.url()?).await?;
    let times = write!(connection, rows, batch, true);
    connection.close().await?;
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_places() {
        assert_eq!(
            insert("t", "a, b", 2, 2, true),
            "insert into t (a, b) values ($1, $2), ($3, $4)"
        );
        assert_eq!(insert("t", "a", 1, 2, false), "insert into t (a) values (?), (?)");
    }
}
