//! A database of the test's own.

use std::{ops::Deref, path::PathBuf};

use sqlx::AssertSqlSafe;
use stagedoor_store::{Database, Keyring, Store, StoreConfig, WriterConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A database, with or without a store that has it open.
pub(crate) struct House {
    pub(crate) place: Place,
    pub(crate) keyring: Keyring,
}

pub(crate) enum Place {
    Sqlite { path: PathBuf, _folder: tempfile::TempDir },
    Postgres { url: String, schema: String },
}

/// A store with its writer.
pub(crate) struct Running {
    pub(crate) store: Store,
    shutdown: CancellationToken,
    writer: JoinHandle<()>,
}

pub(crate) fn keyring() -> Keyring {
    Keyring::parse(&Keyring::new_key("k1").unwrap()).unwrap()
}

impl House {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stagedoor.db");
        Self { place: Place::Sqlite { path, _folder: folder }, keyring: keyring() }
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("STAGEDOOR_TEST_POSTGRES") else {
            let required = std::env::var_os("STAGEDOOR_REQUIRE_POSTGRES").is_some();
            assert!(!required, "STAGEDOOR_TEST_POSTGRES must name a server");
            eprintln!("skipped: STAGEDOOR_TEST_POSTGRES names no server");
            return None;
        };
        let schema = format!("test_{}", Uuid::now_v7().simple());
        let house = Self { place: Place::Postgres { url, schema }, keyring: keyring() };
        house.server().await.execute_all(&format!("create schema {}", house.schema())).await;
        Some(house)
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres { .. })
    }

    pub(crate) fn schema(&self) -> &str {
        match &self.place {
            Place::Postgres { schema, .. } => schema,
            Place::Sqlite { .. } => panic!("SQLite has no schemas"),
        }
    }

    /// The server and the schema in it.
    pub(crate) fn server_url(&self) -> (&str, &str) {
        match &self.place {
            Place::Postgres { url, schema } => (url, schema),
            Place::Sqlite { .. } => panic!("SQLite has no server"),
        }
    }

    pub(crate) fn path(&self) -> &PathBuf {
        match &self.place {
            Place::Sqlite { path, .. } => path,
            Place::Postgres { .. } => panic!("PostgreSQL has no path"),
        }
    }

    pub(crate) fn database(&self) -> Database {
        match &self.place {
            Place::Sqlite { path, .. } => Database::Sqlite { path: path.clone() },
            Place::Postgres { url, schema } => {
                Database::Postgres { url: in_schema(url, schema).into() }
            }
        }
    }

    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig {
            database: self.database(),
            keyring: self.keyring.clone(),
            writer: WriterConfig::default(),
        }
    }

    /// Opens the store without its writer.
    pub(crate) async fn open(&self) -> Store {
        Store::open(self.config()).await.unwrap()
    }

    /// Opens the store and starts its writer.
    pub(crate) async fn start(&self) -> Running {
        Running::new(self.open().await)
    }

    /// A way into the database that is not the store's.
    pub(crate) async fn raw(&self) -> Raw {
        match &self.place {
            Place::Sqlite { path, .. } => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Raw::Sqlite(sqlx::SqlitePool::connect_with(options).await.unwrap())
            }
            Place::Postgres { url, schema } => {
                Raw::Postgres(sqlx::PgPool::connect(&in_schema(url, schema)).await.unwrap())
            }
        }
    }

    async fn server(&self) -> Raw {
        match &self.place {
            Place::Postgres { url, .. } => Raw::Postgres(sqlx::PgPool::connect(url).await.unwrap()),
            Place::Sqlite { .. } => panic!("SQLite has no server"),
        }
    }

    pub(crate) async fn drop_schema(&self) {
        self.server().await.execute_all(&format!("drop schema {} cascade", self.schema())).await;
    }
}

pub(crate) fn in_schema(url: &str, schema: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options[search_path]={schema}")
}

/// A way into the database that is not the store's.
pub(crate) enum Raw {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

impl Raw {
    /// Runs statements.
    pub(crate) async fn execute_all(&self, sql: &str) {
        match self {
            Self::Sqlite(pool) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
            }
            Self::Postgres(pool) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
            }
        }
    }

    /// Asks for a number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (number,): (i64,) = match self {
            Self::Sqlite(pool) => sqlx::query_as(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
            Self::Postgres(pool) => {
                sqlx::query_as(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap()
            }
        };
        number
    }

    /// Asks for bytes.
    pub(crate) async fn bytes(&self, sql: &str) -> Vec<Vec<u8>> {
        let rows: Vec<(Vec<u8>,)> = match self {
            Self::Sqlite(pool) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
            Self::Postgres(pool) => {
                sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap()
            }
        };
        rows.into_iter().map(|(bytes,)| bytes).collect()
    }
}

impl Running {
    pub(crate) fn new(store: Store) -> Self {
        let shutdown = CancellationToken::new();
        let writer = tokio::spawn({
            let (store, shutdown) = (store.clone(), shutdown.clone());
            async move { store.run(shutdown).await }
        });
        Self { store, shutdown, writer }
    }

    /// Ends the writer as a crash would.
    pub(crate) async fn crash(self) -> Store {
        self.writer.abort();
        // The end of an aborted task is an error.
        let _ = self.writer.await;
        self.store
    }

    /// Ends the writer as a shutdown does.
    pub(crate) async fn stop(self) -> Store {
        self.shutdown.cancel();
        self.writer.await.unwrap();
        self.store
    }
}

impl Deref for Running {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}
