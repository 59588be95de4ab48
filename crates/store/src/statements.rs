//! Every statement is prepared on both databases.

use std::sync::Arc;

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
use stagedoor_domain::{EventId, EventKind, LivestreamId, Platform};
use uuid::Uuid;

use crate::{
    Database, EventQuery, accounts, alerts, bans, broadcasts, cloudflare, cursors, db::Db,
    destinations, downsampling, events, livestreams, quotas, refresh_claims, retention, rotation,
    series, settings, statistics, widgets, writer,
};

/// All that are written down with `statements!`.
fn named() -> Vec<(String, String)> {
    let modules = [
        accounts::ALL,
        alerts::ALL,
        bans::ALL,
        broadcasts::ALL,
        cloudflare::ALL,
        cursors::ALL,
        destinations::ALL,
        downsampling::ALL,
        events::ALL,
        livestreams::ALL,
        quotas::ALL,
        refresh_claims::ALL,
        retention::ALL,
        rotation::ALL,
        series::ALL,
        settings::ALL,
        statistics::ALL,
        widgets::ALL,
        writer::ALL,
        writer::batch::ALL,
    ];
    modules.concat().into_iter().map(|(name, sql)| (name.into(), sql.into())).collect()
}

/// Those that are put together: every combination of what a query of events may ask.
fn put_together() -> Vec<(String, String)> {
    let id = Uuid::from_u128(1);
    let mut statements = Vec::new();
    for bits in 0..32 {
        let bit = |n: u32| bits >> n & 1 == 1;
        for kinds in
            [vec![], vec![EventKind::Donation], vec![EventKind::ChatMessage, EventKind::Raid]]
        {
            let query = EventQuery {
                before: bit(0).then(|| EventId::from_uuid(id)),
                after: bit(1).then(|| EventId::from_uuid(id)),
                livestream: bit(2).then(|| LivestreamId::from_uuid(id)),
                platforms: if bit(3) { vec![Platform::Kick, Platform::Twitch] } else { vec![] },
                with_raw: bit(4),
                kinds,
                limit: 1,
            };
            statements.push((format!("{query:?}"), query.statement()));
        }
    }
    statements
}

/// A module that is left out of [`named`] would go unnoticed.
#[test]
fn no_module_with_statements_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = [folder.clone(), folder.join("writer")].into_iter().flat_map(|folder| {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap())
    });
    let blocks: usize = sources.map(|text| text.matches("\nstatements! {").count()).sum();
    let mut modules: Vec<_> =
        named().into_iter().map(|(name, _)| name.rsplit_once("::").unwrap().0.to_owned()).collect();
    modules.dedup();
    assert_eq!(modules.len(), blocks);
}

#[tokio::test]
async fn sqlite_prepares_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite { path: folder.path().join("s.db") };
    let Db::Sqlite(db) = Db::open(&database).await.unwrap() else { unreachable!() };
    let mut all = named();
    all.extend(put_together());
    for statements in [&*writer::insert::SQLITE_EVENTS, &*writer::insert::SQLITE_RAWS] {
        all.extend(statements.iter().map(|sql| ("many rows".to_owned(), sql.to_string())));
    }
    for (name, sql) in all {
        let prepared = (&db.write).prepare(AssertSqlSafe(sql).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {}", prepared.unwrap_err());
    }
}

#[tokio::test]
async fn postgres_prepares_them_all() {
    let Some(schema) = Schema::new().await else { return };
    let Db::Postgres(pool) = Db::open(&schema.database).await.unwrap() else { unreachable!() };
    let mut all = named();
    all.extend(put_together());
    all.push(("many events".into(), writer::insert::POSTGRES_EVENTS.to_string()));
    all.push(("many raws".into(), writer::insert::POSTGRES_RAWS.into()));
    for (name, sql) in all {
        let prepared = (&pool).prepare(AssertSqlSafe(sql).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {}", prepared.unwrap_err());
    }
    schema.drop().await;
}

#[tokio::test]
async fn both_have_the_same_tables() {
    let Some(schema) = Schema::new().await else { return };
    let Db::Postgres(pool) = Db::open(&schema.database).await.unwrap() else { unreachable!() };
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite { path: folder.path().join("s.db") };
    let Db::Sqlite(db) = Db::open(&database).await.unwrap() else { unreachable!() };
    let sqlite: Vec<(String, String, bool)> = sqlx::query_as(
        "select t.name || '.' || c.name, c.type, c.\"notnull\"
         from sqlite_master t join pragma_table_info(t.name) c
         where t.type = 'table' and t.name not like '\\_%' escape '\\' and t.name not like 'sqlite%' order by 1",
    )
    .fetch_all(&db.read)
    .await
    .unwrap();
    let postgres: Vec<(String, String, bool)> = sqlx::query_as(
        "select table_name || '.' || column_name, data_type::text, is_nullable = 'NO'
         from information_schema.columns
         where table_schema = current_schema() and table_name not like '\\_%' order by (table_name || '.' || column_name) collate \"C\"",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let alike: Vec<_> = postgres
        .into_iter()
        .map(|(column, kind, required)| {
            let kind = match kind.as_str() {
                "bigint" | "boolean" => "INTEGER",
                "uuid" | "bytea" => "BLOB",
                "text" => "TEXT",
                other => panic!("{column} is {other}"),
            };
            (column, kind.to_owned(), required)
        })
        .collect();
    assert!(sqlite.len() > 50, "{sqlite:?}");
    assert_eq!(sqlite, alike);
    schema.drop().await;
}

/// Two connections that write and check-point could corrupt the WAL before 3.51.3: <https://sqlite.org/wal.html#walresetbug>
#[tokio::test]
async fn sqlite_is_new_enough_to_be_trusted_with_a_wal() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite { path: folder.path().join("s.db") };
    let Db::Sqlite(db) = Db::open(&database).await.unwrap() else { unreachable!() };
    let (version,): (String,) =
        sqlx::query_as("select sqlite_version()").fetch_one(&db.read).await.unwrap();
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
    assert!(numbers >= vec![3, 51, 3], "{version}");
    let (mode,): (String,) =
        sqlx::query_as("pragma journal_mode").fetch_one(&db.write).await.unwrap();
    let (synchronous,): (i64,) =
        sqlx::query_as("pragma synchronous").fetch_one(&db.write).await.unwrap();
    assert_eq!((mode.as_str(), synchronous), ("wal", 2), "2 is FULL");
}

/// A schema of the test's own on the server that the environment names.
pub(crate) struct Schema {
    name: String,
    admin: sqlx::PgPool,
    pub(crate) database: Database,
}

impl Schema {
    pub(crate) async fn new() -> Option<Self> {
        let Ok(url) = std::env::var("STAGEDOOR_TEST_POSTGRES") else {
            let required = std::env::var_os("STAGEDOOR_REQUIRE_POSTGRES").is_some();
            assert!(!required, "STAGEDOOR_TEST_POSTGRES must name a server");
            eprintln!("skipped: STAGEDOOR_TEST_POSTGRES names no server");
            return None;
        };
        let admin = sqlx::PgPool::connect(&url).await.unwrap();
        let name = format!("test_{}", Uuid::from_u128(random()).simple());
        let create: Arc<str> = format!("create schema {name}").into();
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&admin).await.unwrap();
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}options[search_path]={name}");
        let database = Database::Postgres { url: SecretString::from(url) };
        Some(Self { name, admin, database })
    }

    pub(crate) async fn drop(self) {
        let drop = format!("drop schema {} cascade", self.name);
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&self.admin).await.unwrap();
    }
}

fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    u128::from_ne_bytes(bytes)
}
