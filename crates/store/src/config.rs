//! Where the store is and how its writer works.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use thiserror::Error;

use crate::Keyring;

/// What [`Store::open`](crate::Store::open) needs.
#[derive(Debug)]
pub struct StoreConfig {
    /// Which database.
    pub database: Database,
    /// What secrets are encrypted with.
    pub keyring: Keyring,
    /// How events are written.
    pub writer: WriterConfig,
}

/// Which database.
#[derive(Clone)]
pub enum Database {
    /// A file.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// Its URL, with the password.
        url: SecretString,
    },
}

/// Why a text is not the URL of a database. Does not repeat the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// It begins otherwise.
    #[error("a database URL begins with sqlite: or postgres://")]
    Scheme,
    /// `sqlite:` without a path, or a database in memory, which would not last.
    #[error("a database URL of sqlite: names a file")]
    NoFile,
}

impl Database {
    /// Reads `sqlite:<path>`, where a relative path is below `state_dir`, and `postgres://…`.
    pub fn parse(url: &str, state_dir: &Path) -> Result<Self, DatabaseUrlError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: url.into() });
        }
        let path = url.strip_prefix("sqlite:").ok_or(DatabaseUrlError::Scheme)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.starts_with(':') || path.contains('?') || path.ends_with('/') {
            return Err(DatabaseUrlError::NoFile);
        }
        Ok(Self::Sqlite { path: state_dir.join(path) })
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

/// How events are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterConfig {
    /// How many events may wait.
    pub buffer_events: usize,
    /// How large they may be together, in bytes.
    pub buffer_bytes: usize,
    /// How many are written in one transaction at most.
    pub batch: usize,
    /// How long the first of a batch waits for others.
    pub linger: Duration,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            buffer_events: 20_000,
            buffer_bytes: 64 << 20,
            batch: 2_000,
            linger: Duration::from_millis(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(url: &str) -> Result<PathBuf, DatabaseUrlError> {
        match Database::parse(url, Path::new("/var/lib/stagedoor"))? {
            Database::Sqlite { path } => Ok(path),
            Database::Postgres { .. } => panic!("{url} is a file"),
        }
    }

    #[test]
    fn a_relative_file_is_in_the_state_directory() {
        assert_eq!(path_of("sqlite:stagedoor.db"), Ok("/var/lib/stagedoor/stagedoor.db".into()));
        assert_eq!(path_of("sqlite://a/b.db"), Ok("/var/lib/stagedoor/a/b.db".into()));
        assert_eq!(path_of("sqlite:/srv/s.db"), Ok("/srv/s.db".into()));
        assert_eq!(path_of("sqlite:///srv/s.db"), Ok("/srv/s.db".into()));
    }

    #[test]
    fn what_would_not_last_or_is_no_database_is_refused() {
        for url in ["sqlite:", "sqlite::memory:", "sqlite:x?mode=memory", "sqlite:dir/"] {
            assert_eq!(path_of(url), Err(DatabaseUrlError::NoFile), "{url}");
        }
        for url in ["", "stagedoor.db", "mysql://x"] {
            assert_eq!(path_of(url), Err(DatabaseUrlError::Scheme), "{url}");
        }
    }

    #[test]
    fn the_password_of_a_server_is_not_shown() {
        let url = "postgres://stagedoor:hunter2@db/stagedoor";
        let database = Database::parse(url, Path::new("/")).unwrap();
        assert!(!format!("{database:?}").contains("hunter2"));
    }
}
