//! The writer of events: what is appended waits in a bounded queue and is written in batches.
//!
//! ```text
//! append ─▶ [ oldest … newest ] ─▶ a batch: the oldest, copied ─▶ one transaction
//!              ▲     the batch stays in the queue              │
//!              └────── taken out one by one, each answered ◀───┘ committed
//! ```
//!
//! An event leaves the queue when its fate is known and at no other time. Whatever happens to the writer, the next one
//! finds it at the front, and sees by its id whether it had been stored.

pub(crate) mod batch;
pub(crate) mod insert;
mod queue;
mod run;

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use stagedoor_domain::{Alert, EventId, EventReport, LivestreamId, StreamEvent, UserId};
use thiserror::Error;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Store, StoreError, WriterConfig,
    db::{Db, reading, statements},
    events::BodyRef,
    json,
};

use self::queue::{Entry, Queue};

/// How large an event may be in JSON, with what the platform sent, in bytes.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// How long a dedupe key may be, in bytes: PostgreSQL's indexes end soon after.
pub const MAX_DEDUPE_KEY_BYTES: usize = 1_024;

/// How long what is left is written at a shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// An event to be stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose it is.
    pub user: UserId,
    /// During which livestream it was received.
    pub livestream: Option<LivestreamId>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// What its source reports.
    pub report: EventReport,
    /// The alert that it raises, stored together with it if it is new. Its `event` is filled in.
    pub alert: Option<Alert>,
}

/// What became of an event that is on the disk now.
#[derive(Clone, Debug)]
pub enum Appended {
    /// It was stored.
    New {
        /// The event with its id, without what the platform sent: whoever needs that reads it.
        event: Arc<StreamEvent>,
        /// Its alert with the event's id.
        alert: Option<Arc<Alert>>,
    },
    /// The same event was there with a smaller revision, and now has this one's content. It keeps its id, its
    /// livestream and when it was first received.
    Revised {
        /// The event as it is now.
        event: Arc<StreamEvent>,
    },
    /// It was there already; nothing has changed.
    Duplicate {
        /// The one that is there.
        of: EventId,
    },
}

/// Why an event was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Too much waits already: the database is too slow, or does not work. Try again later.
    #[error("the buffer of events is full")]
    Full,
    /// This event cannot be stored, others can.
    #[error("the event cannot be stored: {0}")]
    Rejected(Arc<str>),
    /// The store is shut down.
    #[error("the store is closed")]
    Closed,
}

/// Whether events are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StoreState {
    /// They are.
    Ok,
    /// They wait until the database works again.
    Failing {
        /// Since when.
        since: Timestamp,
        /// Why, for people.
        reason: Arc<str>,
    },
}

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreHealth {
    /// Whether events are written.
    #[serde(flatten)]
    pub state: StoreState,
    /// How many events wait.
    pub buffered: usize,
    /// How many may wait.
    pub capacity: usize,
    /// How many were refused because the buffer was full, since the start.
    pub refused: u64,
    /// How many were stored or revised, since the start.
    pub written: u64,
    /// How many were there already, since the start.
    pub duplicates: u64,
}

/// What is called when the fate of an event is known.
type Done = Box<dyn FnOnce(Result<Appended, AppendError>) + Send>;

impl Store {
    /// Appends an event. Never waits: `done` is called exactly once, when the event is durable or refused, in the
    /// order of the calls but for what is refused at once. It is called by the writer and must not block.
    ///
    /// Ids rise in the order of the calls.
    pub fn append(
        &self,
        event: NewEvent,
        done: impl FnOnce(Result<Appended, AppendError>) + Send + 'static,
    ) {
        self.inner.writer.append(event, Box::new(done));
    }

    /// Appends an event and waits until its fate is known.
    pub async fn append_and_wait(&self, event: NewEvent) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.append(event, move |result| {
            // Whoever asked may have gone.
            let _ = answer.send(result);
        });
        answered.await.unwrap_or(Err(AppendError::Closed))
    }
}

/// The queue and who writes it.
pub(crate) struct Writer {
    config: WriterConfig,
    queue: std::sync::Mutex<Queue>,
    /// There is something new in the queue.
    filled: Notify,
    /// Who writes holds it.
    running: tokio::sync::Mutex<()>,
}

statements! {
    NEWEST = "select id from events order by id desc limit 1";
    NEWEST_REVISION = "select value from marks where name = 'newest_revision'";
}

/// The greatest id that was given.
pub(crate) async fn newest_id(db: &Db) -> Result<Option<Uuid>, StoreError> {
    let (event, revision): (Option<(Uuid,)>, Option<(String,)>) = reading!(db, |pool| Ok((
        sqlx::query_as(NEWEST).fetch_optional(pool).await?,
        sqlx::query_as(NEWEST_REVISION).fetch_optional(pool).await?,
    )))?;
    let revision = revision
        .map(|(id,)| id.parse().map_err(|error| StoreError::unreadable("marks", error)))
        .transpose()?;
    Ok(event.map(|(id,)| id).max(revision))
}

impl Writer {
    pub(crate) fn new(config: WriterConfig, newest: Option<Uuid>) -> Self {
        Self {
            queue: std::sync::Mutex::new(Queue::new(newest)),
            filled: Notify::new(),
            running: tokio::sync::Mutex::new(()),
            config,
        }
    }

    fn append(&self, event: NewEvent, done: Done) {
        let entry = match prepare(event) {
            Ok(entry) => entry,
            Err(reason) => return done(Err(AppendError::Rejected(reason.into()))),
        };
        // Called outside of the lock: whoever is told may append the next one.
        let refused = self.queue().push(entry, done, &self.config);
        match refused {
            Some((done, error)) => done(Err(error)),
            None => self.filled.notify_one(),
        }
    }

    pub(crate) fn health(&self) -> StoreHealth {
        self.queue().health(&self.config)
    }

    pub(crate) async fn run(&self, db: &Db, shutdown: CancellationToken) {
        let _running = self.running.lock().await;
        self.write_until(db, shutdown).await;
    }

    /// Nothing that is done under this lock can panic halfway, so one that is poisoned is as good as any.
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Does what takes time while nobody waits for it. The id comes later.
fn prepare(new: NewEvent) -> Result<Entry, &'static str> {
    let NewEvent { user, livestream, received_at, mut report, alert } = new;
    if report.dedupe_key.is_empty() || report.dedupe_key.len() > MAX_DEDUPE_KEY_BYTES {
        return Err("its dedupe key is empty or too long");
    }
    let raw = report.raw.take();
    let body = json::write(&BodyRef { received_at, report: &report });
    let raw_text = raw.as_ref().map(json::write);
    if body.len() + raw_text.as_ref().map_or(0, String::len) > MAX_EVENT_BYTES {
        return Err("it is too large");
    }
    let event =
        StreamEvent { id: EventId::from_uuid(Uuid::nil()), user, livestream, received_at, report };
    Ok(Entry {
        body: body.into(),
        raw: raw_text.map(Into::into),
        event: Arc::new(event),
        alert: alert.map(Arc::new),
    })
}

#[cfg(test)]
mod tests;
