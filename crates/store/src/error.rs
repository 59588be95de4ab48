//! What can go wrong.

use std::{path::PathBuf, time::Duration};

use stagedoor_domain::Platform;
use thiserror::Error;

use crate::secret::SecretError;

/// Why the store cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be created or read.
    #[error("could not open the database file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The URL of the server is not one.
    #[error("the database URL is not valid")]
    Url,
    /// The database cannot be reached or does not work.
    #[error("could not connect to the database")]
    Connect(#[source] sqlx::Error),
    /// The tables cannot be brought up to date.
    #[error("could not migrate the database")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// There are secrets that none of the keys opens.
    #[error("the database holds secrets under the key {key:?}, which the keyring does not have")]
    UnknownKey {
        /// The key's id.
        key: String,
    },
    /// The first look into the database failed.
    #[error("could not read the database")]
    Read(#[from] StoreError),
}

/// Why the store cannot do something.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database does not work now: the disk is full, the file locked, the server gone.
    #[error("the database does not work now")]
    Unavailable(#[source] sqlx::Error),
    /// The database refuses these data.
    #[error("the database refuses the data")]
    Refused(#[source] sqlx::Error),
    /// The database did not answer in time.
    #[error("the database did not answer within {0:?}")]
    Timeout(Duration),
    /// What is stored cannot be read.
    #[error("a row of {table} cannot be read")]
    Unreadable {
        /// In which table.
        table: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An account of a platform belongs to one user at a time, and this one is another user's.
    #[error("this account on {platform} is connected by another user")]
    AccountTaken {
        /// On which platform.
        platform: Platform,
    },
    /// A secret cannot be encrypted or decrypted.
    #[error("could not handle a secret")]
    Secret(#[from] SecretError),
}

impl StoreError {
    /// Whether the same may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout(_))
    }

    pub(crate) fn unreadable(
        table: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable { table, source: source.into() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_about_the_data(&error) { Self::Refused(error) } else { Self::Unavailable(error) }
    }
}

/// Whether the database refuses what it was given, so that it would refuse it again. Everything else is taken for a
/// trouble of the database that passes: what waits for its end is kept.
fn is_about_the_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if code.len() == 5 {
                // PostgreSQL: the class. https://www.postgresql.org/docs/current/errcodes-appendix.html
                ["22", "23", "54", "P0"].iter().any(|class| code.starts_with(class))
            } else {
                // SQLite: SQLITE_TOOBIG, _CONSTRAINT, _MISMATCH, _RANGE. https://sqlite.org/rescode.html
                code.parse().is_ok_and(|code: i32| matches!(code & 0xff, 18 | 19 | 20 | 25))
            }
        }
        _ => false,
    }
}
