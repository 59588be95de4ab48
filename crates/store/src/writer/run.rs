//! The loop of the writer.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    AppendError, Appended, DRAIN, Writer,
    batch::{self, Outcome},
    queue::Entry,
};
use crate::{StoreError, db::Db};

/// The pauses between attempts: they double from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// How long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(15);

impl Writer {
    pub(super) async fn write_until(&self, db: &Db, shutdown: CancellationToken) {
        self.queue().set_closed(false);
        // Cancelled in the midst of an attempt: what was committed is found again and answered by the drain.
        shutdown.run_until_cancelled(self.write(db)).await;
        self.queue().set_closed(true);
        let drained = timeout(DRAIN, async {
            while self.queue().len() > 0 {
                self.write_batch(db).await;
            }
        });
        if drained.await.is_err() {
            let lost = self.queue().len();
            error!(events = lost, "events could not be written before the end");
            self.close();
        }
    }

    async fn write(&self, db: &Db) {
        loop {
            while self.queue().len() == 0 {
                self.filled.notified().await;
            }
            self.linger().await;
            self.write_batch(db).await;
        }
    }

    /// Waits for others to come, so that they are written together.
    async fn linger(&self) {
        let end = Instant::now() + self.config.linger;
        while self.queue().len() < self.config.batch {
            if timeout_at(end, self.filled.notified()).await.is_err() {
                return;
            }
        }
    }

    /// Writes the oldest events and answers them. When the database does not work, tries until it does.
    async fn write_batch(&self, db: &Db) {
        let mut most = self.config.batch.max(1);
        let mut pause = FIRST_PAUSE;
        loop {
            let entries = self.queue().batch(most);
            let attempt = timeout(ATTEMPT, batch::write(db, &entries)).await;
            match attempt.unwrap_or(Err(StoreError::Timeout(ATTEMPT))) {
                Ok(outcomes) => {
                    if self.queue().set_ok() {
                        info!("events are written again");
                    }
                    return self.answer(&entries, outcomes);
                }
                Err(error) if error.is_transient() => {
                    let reason = with_sources(&error);
                    if self.queue().set_failing(&reason) {
                        warn!(error = %reason, "events cannot be written and wait");
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
                // One of them is refused. Which one is found by halves.
                Err(_) if entries.len() > 1 => most = entries.len() / 2,
                Err(error) => {
                    let reason = with_sources(&error);
                    warn!(user = %entries[0].event.user, error = %reason, "an event is refused");
                    return self.answer_next(Err(AppendError::Rejected(reason.into())));
                }
            }
        }
    }

    fn answer(&self, entries: &[Entry], outcomes: Vec<Outcome>) {
        for (entry, outcome) in entries.iter().zip(outcomes) {
            let event = || entry.event.clone();
            self.answer_next(Ok(match outcome {
                Outcome::New => Appended::New { event: event(), alert: entry.alert.clone() },
                Outcome::Revised(event) => Appended::Revised { event },
                Outcome::Duplicate { of } => Appended::Duplicate { of },
            }));
        }
    }

    /// Takes the oldest event out of the queue and answers it. Should the callback panic, the others are still there.
    fn answer_next(&self, result: Result<Appended, AppendError>) {
        let done = {
            let mut queue = self.queue();
            queue.count(&result);
            queue.pop()
        };
        if let Some(done) = done {
            done(result);
        }
    }

    /// Refuses all that is left.
    fn close(&self) {
        loop {
            let Some(done) = self.queue().pop() else { return };
            done(Err(AppendError::Closed));
        }
    }
}

/// The message of an error and of what caused it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += ": ";
        text += &error.to_string();
        source = error.source();
    }
    text
}
