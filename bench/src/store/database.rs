//! An empty database for each phase.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions,
};
use stagedoor_store::{Database, Store};
use tempfile::TempDir;

use crate::props::{open_store, sqlite_in};

/// Where databases are made.
pub(super) enum Place {
    /// In folders of their own.
    Folder,
    /// On this server, as databases of their own.
    Server(String),
}

/// A database that nobody else uses. A folder goes with it; a server's is dropped by [`close`](Self::close).
pub(super) enum Fresh {
    Sqlite { folder: TempDir },
    Postgres { server: String, name: String, url: String },
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Place {
    /// On a server, if there is a URL.
    pub(super) fn new(url: String) -> Self {
        if url.is_empty() { Self::Folder } else { Self::Server(url) }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Folder => "SQLite",
            Self::Server(_) => "PostgreSQL",
        }
    }

    pub(super) async fn fresh(&self) -> Result<Fresh> {
        match self {
            Self::Folder => Ok(Fresh::Sqlite { folder: tempfile::tempdir()? }),
            Self::Server(server) => {
                let number = NEXT.fetch_add(1, Relaxed);
                let name = format!("stagedoor_bench_{}_{number}", std::process::id());
                let mut connection = PgConnection::connect(server).await?;
                connection.execute(AssertSqlSafe(format!("create database {name}"))).await?;
                connection.close().await?;
                let options: PgConnectOptions = server.parse()?;
                let url = options.database(&name).to_url_lossy().to_string();
                Ok(Fresh::Postgres { server: server.clone(), name, url })
            }
        }
    }
}

impl Fresh {
    fn database(&self) -> Database {
        match self {
            Self::Sqlite { folder } => sqlite_in(folder.path()),
            Self::Postgres { url, .. } => Database::Postgres { url: url.as_str().into() },
        }
    }

    /// The store in it; makes its tables.
    pub(super) async fn store(&self) -> Result<Store> {
        open_store(self.database()).await
    }

    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self.database() {
            Database::Sqlite { path } => Some(path),
            Database::Postgres { .. } => None,
        }
    }

    /// The URL, if it is on a server.
    pub(super) fn url(&self) -> Result<String> {
        match self.database() {
            Database::Postgres { url } => Ok(url.expose_secret().to_owned()),
            Database::Sqlite { .. } => None.context("a file has no URL here"),
        }
    }

    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::Sqlite { folder } => folder.close()?,
            Self::Postgres { server, name, .. } => {
                let mut connection = PgConnection::connect(&server).await?;
                let drop = format!("drop database {name} with (force)");
                connection.execute(AssertSqlSafe(drop)).await?;
            }
        }
        Ok(())
    }
}
