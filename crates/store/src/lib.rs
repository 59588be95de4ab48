//! What must last: SQLite and PostgreSQL behind one interface.
//!
//! ```text
//!                 append ─▶ queue (bounded) ─▶ writer: batches ─▶ done: durable      events and their alerts
//! whoever asks ─▶ Store ┤
//!                 put_…, retain ───────────────────────────────▶ one statement or transaction   all the rest
//!                 events, livestreams, … ──────────────────────▶ read pool
//! ```
//!
//! Every statement is written once, in SQL that both databases speak, and a test prepares each of them on both. What a
//! method has acknowledged is on the disk. Secrets leave this crate as [`SecretString`](secrecy::SecretString)s and lie
//! in the database encrypted. Everything belongs to a user: no query reaches over to another.

mod accounts;
mod alerts;
mod bans;
mod broadcasts;
mod cloudflare;
mod config;
mod cursors;
mod db;
mod destinations;
mod downsampling;
mod error;
mod events;
mod ids;
mod json;
mod keyring;
mod livestreams;
mod migrations;
mod quotas;
mod refresh_claims;
mod retention;
mod rotation;
mod secret;
mod series;
mod settings;
mod statistics;
mod widgets;
mod writer;

#[cfg(test)]
mod statements;
#[cfg(test)]
mod upgrade;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use accounts::Tokens;
pub use broadcasts::{BroadcastRecord, BroadcastState, IngestRecord};
pub use cloudflare::{LiveInputRecord, OutputRecord};
pub use config::{Database, DatabaseUrlError, StoreConfig, WriterConfig};
pub use error::{OpenError, StoreError};
pub use events::{EventQuery, MAX_EVENTS_A_PAGE};
pub use keyring::{Keyring, KeyringError};
pub use retention::{Retained, Retention};
pub use rotation::Rotated;
pub use secret::SecretError;
pub use series::{MAX_POINTS_A_PAGE, SeriesQuery};
pub use writer::{
    AppendError, Appended, MAX_DEDUPE_KEY_BYTES, MAX_EVENT_BYTES, NewEvent, StoreHealth, StoreState,
};

use crate::{db::Db, writer::Writer};

/// The store. A clone is the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    keyring: Keyring,
    writer: Writer,
}

impl Store {
    /// Opens the database: creates it where it is a file that does not exist yet, and brings its tables up to date.
    ///
    /// # Errors
    /// When the database cannot be opened or migrated, and when it holds secrets under a key that the keyring does not
    /// have: whoever forgot a key shall learn it now, not when a stream is started.
    pub async fn open(config: StoreConfig) -> Result<Self, OpenError> {
        let db = Db::open(&config.database).await?;
        rotation::check_keys(&db, &config.keyring).await?;
        let newest = writer::newest_id(&db).await?;
        let writer = Writer::new(config.writer, newest);
        Ok(Self { inner: Arc::new(Inner { db, keyring: config.keyring, writer }) })
    }

    /// Writes what [`Store::append`] takes, until `shutdown` and until all of it is written or a few seconds have
    /// passed; what is left then is answered with [`AppendError::Closed`].
    ///
    /// One at a time: a second call waits for the first. When the future is dropped or a callback panics, what was
    /// buffered stays and is written by the next call, and each callback is still called exactly once.
    pub async fn run(&self, shutdown: CancellationToken) {
        self.inner.writer.run(&self.inner.db, shutdown).await;
    }

    /// How the store is.
    #[must_use]
    pub fn health(&self) -> StoreHealth {
        self.inner.writer.health()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("database", &self.inner.db.name()).finish_non_exhaustive()
    }
}
