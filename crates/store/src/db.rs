//! The two databases, and how a statement is written once for both.
//!
//! SQLite has one connection that writes and a pool that reads: writers would only wait for each other. With `WAL` and
//! `synchronous = FULL` a transaction is on the disk when its commit returns.

use std::{
    fs::OpenOptions, future::Future, os::unix::fs::OpenOptionsExt, path::Path, pin::Pin,
    str::FromStr, time::Duration,
};

use secrecy::ExposeSecret;
use sqlx::{
    ConnectOptions, Executor,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    },
};

use crate::{Database, OpenError, StoreError, migrations};

/// How long an operation may take, with its wait for a connection.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long SQLite waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// How many connections read; as many and one more, for the writer of events, to a server.
const CONNECTIONS: u32 = 8;

/// What the connection that writes may keep in memory, in KiB with a minus, and after how many pages of the log it
/// brings them into the file. A batch changes more pages than SQLite keeps by default (2 MiB), and most
/// of them again with the next batch: with this much less is written twice, and events come in at half more a second.
const WRITE_CACHE: &str = "-65536";
const CHECKPOINT_PAGES: &str = "4000";

/// A database.
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

pub(crate) struct SqliteDb {
    pub(crate) read: SqlitePool,
    /// A single connection.
    pub(crate) write: SqlitePool,
}

/// Runs `$body`, which gives a `Result<_, StoreError>`, with a pool that may only read.
macro_rules! reading {
    ($db:expr, |$pool:ident| $body:expr) => {
        $crate::db::limited(Box::pin(async {
            match $db {
                $crate::db::Db::Sqlite(db) => {
                    let $pool = &db.read;
                    $body
                }
                $crate::db::Db::Postgres($pool) => $body,
            }
        }))
        .await
    };
}

/// Runs `$body`, which gives a `Result<_, StoreError>`, in a transaction and commits it. An error rolls it back.
macro_rules! writing {
    ($db:expr, |$connection:ident| $body:expr) => {
        $crate::db::limited(Box::pin(async {
            match $db {
                $crate::db::Db::Sqlite(db) => {
                    // Not deferred: what has read could not write any more after another process has written.
                    let mut transaction = db.write.begin_with("BEGIN IMMEDIATE").await?;
                    let value = {
                        let $connection = &mut *transaction;
                        $body
                    }?;
                    transaction.commit().await?;
                    Ok(value)
                }
                $crate::db::Db::Postgres(pool) => {
                    let mut transaction = pool.begin().await?;
                    let value = {
                        let $connection = &mut *transaction;
                        $body
                    }?;
                    transaction.commit().await?;
                    Ok(value)
                }
            }
        }))
        .await
    };
}

/// Names statements. All that are named so are prepared on both databases by a test.
macro_rules! statements {
    ($($(#[$doc:meta])* $visible:vis $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* $visible const $name: &str = $sql;)+

        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),+];
    };
}

pub(crate) use {reading, statements, writing};

/// Ends an operation that takes too long. It comes boxed: both databases' ways of doing it make it large.
pub(crate) async fn limited<T>(
    operation: Pin<Box<impl Future<Output = Result<T, StoreError>>>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(OPERATION_TIMEOUT, operation).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout(OPERATION_TIMEOUT)),
    }
}

impl Db {
    pub(crate) async fn open(database: &Database) -> Result<Self, OpenError> {
        match database {
            Database::Sqlite { path } => SqliteDb::open(path).await.map(Self::Sqlite),
            Database::Postgres { url } => open_postgres(url.expose_secret()).await,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

impl SqliteDb {
    async fn open(path: &Path) -> Result<Self, OpenError> {
        // SQLite would make it readable for everybody; its companions get the same mode.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(|source| OpenError::File { path: path.into(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .disable_statement_logging();
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                options
                    .clone()
                    .pragma("cache_size", WRITE_CACHE)
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
            )
            .await
            .map_err(OpenError::Connect)?;
        migrations::sqlite().run(&write).await.map_err(OpenError::Migrate)?;
        let read = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self { read, write })
    }
}

async fn open_postgres(url: &str) -> Result<Db, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS + 1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async {
                connection.execute(DURABLE).await?;
                Ok(())
            })
        })
        .connect_with(options.application_name("stagedoor").disable_statement_logging())
        .await
        .map_err(OpenError::Connect)?;
    migrations::postgres().run(&pool).await.map_err(OpenError::Migrate)?;
    Ok(Db::Postgres(pool))
}

/// What is acknowledged is on the disk, whatever the server's configuration says.
const DURABLE: &str = "select set_config('synchronous_commit', 'local', false) \
                       where current_setting('synchronous_commit') = 'off'";
