//! A connection in use: questions go out with a number, answers come back with it.
//!
//! ```text
//! RemoteInspector ── ask ──▶ Link ── frames ──▶ writer ──▶ daemon
//!                             │ who waits for which number
//!        reply ports ◀────────┴──────────────── reader ◀── daemon
//! ```

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{SinkExt, Stream, StreamExt, stream::SplitSink};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc::{self, error::TrySendError},
};
use tokio_util::codec::Framed;

use super::{Carriers, ask::Waiting};
use crate::{
    error::InspectError,
    message::Question,
    watch::{Watch, Watched},
    wire::{Answer, Codec, MAX_REQUEST_BYTES, Request, decode, encode},
};

/// Questions that wait to be written. More than the daemon takes at a time.
const QUEUE: usize = 256;

/// Events that wait for a watcher before it misses some.
const BACKLOG: usize = 1024;

#[derive(Clone)]
pub(crate) struct Link(Arc<Mutex<Inner>>);

struct Inner {
    next: u64,
    queue: mpsc::Sender<Bytes>,
    waiting: HashMap<u64, Waiting>,
    watches: HashMap<u64, Watcher>,
    /// Why nothing can be asked any more.
    lost: Option<InspectError>,
}

struct Watcher {
    events: mpsc::Sender<Result<Watched, InspectError>>,
    missed: u64,
}

impl Link {
    /// The link over `frames`, and the tasks that carry it.
    pub(super) fn open<S>(frames: Framed<S, Codec>) -> (Self, Carriers)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (sink, stream) = frames.split();
        let (queue, queued) = mpsc::channel(QUEUE);
        let link = Self(Arc::new(Mutex::new(Inner {
            next: 0,
            queue,
            waiting: HashMap::new(),
            watches: HashMap::new(),
            lost: None,
        })));
        let reader = Box::pin(read(link.clone(), stream));
        let writer = Box::pin(write(link.clone(), sink, queued));
        (link, vec![reader, writer])
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing under the lock panics between two states of it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a question; its answer goes to `waiting`, or what became of it instead.
    pub(super) fn ask(&self, question: Question, waiting: Waiting) {
        let refused = {
            let mut inner = self.inner();
            match inner.send(question) {
                Ok(id) => {
                    inner.waiting.insert(id, waiting);
                    return;
                }
                Err(error) => error,
            }
        };
        waiting.fail(refused);
    }

    /// Everything that waits, and everything asked from now on, fails with `error`.
    fn lose(&self, error: &InspectError) {
        let (waiting, watches) = {
            let mut inner = self.inner();
            inner.lost.get_or_insert_with(|| error.clone());
            (std::mem::take(&mut inner.waiting), std::mem::take(&mut inner.watches))
        };
        for waiting in waiting.into_values() {
            waiting.fail(error.clone());
        }
        for watcher in watches.into_values() {
            // A watcher that is behind finds its queue closed, which says the same with less.
            let _ = watcher.events.try_send(Err(error.clone()));
        }
    }

    fn take(&self, answer: Answer) {
        let Some(id) = answer.id else {
            if let Some(error) = answer.error {
                tracing::warn!(actor = "RemoteInspector", %error, "the daemon complains");
            }
            return;
        };
        if let Some(event) = answer.event {
            return self.inner().forward(id, Watched::Event(event));
        }
        if let Some(missed) = answer.missed {
            return self.inner().forward(id, Watched::Missed(missed));
        }
        if let Some(error) = &answer.error
            && let Some(ended) = self.inner().watches.remove(&id)
        {
            // As in `lose`.
            let _ = ended.events.try_send(Err(error.clone()));
        }
        let Some(waiting) = self.inner().waiting.remove(&id) else { return };
        match (answer.error, answer.ok) {
            (Some(error), _) => waiting.fail(error),
            (None, Some(ok)) => match waiting {
                Waiting::Answer(answer) => answer(Ok(&ok)),
                Waiting::Watch(reply) => {
                    let watch = self.inner().watch(id);
                    // When the caller has left, the first event finds the watch closed.
                    let _ = reply.send(watch);
                }
            },
            (None, None) => waiting
                .fail(InspectError::BadAnswer { reason: "neither an answer nor an error".into() }),
        }
    }
}

impl Inner {
    /// Sends a question and returns its number.
    fn send(&mut self, question: Question) -> Result<u64, InspectError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let id = self.next;
        let frame = encode(&Request { id, question })
            .map_err(|error| InspectError::BadRequest { reason: error.to_string() })?;
        if frame.len() > MAX_REQUEST_BYTES {
            let reason = format!("it has more than {MAX_REQUEST_BYTES} bytes");
            return Err(InspectError::BadRequest { reason });
        }
        self.queue.try_send(frame).map_err(|_| InspectError::Busy { limit: QUEUE })?;
        self.next += 1;
        Ok(id)
    }

    fn watch(&mut self, id: u64) -> Result<Watch, InspectError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let (events, queue) = mpsc::channel(BACKLOG);
        self.watches.insert(id, Watcher { events, missed: 0 });
        Ok(Watch::wire(queue))
    }

    fn forward(&mut self, id: u64, seen: Watched) {
        let Some(watcher) = self.watches.get_mut(&id) else { return };
        if !watcher.forward(seen) {
            self.watches.remove(&id);
            // When it cannot be sent, the connection is ending anyway, or an event more finds nobody.
            let _ = self.send(Question::Unwatch { watch: id });
        }
    }
}

impl Watcher {
    /// Hands over what the watcher has room for, and counts the rest. Says whether the watcher is still there.
    fn forward(&mut self, watched: Watched) -> bool {
        if self.missed > 0 {
            match self.events.try_send(Ok(Watched::Missed(self.missed))) {
                Ok(()) => self.missed = 0,
                Err(TrySendError::Full(_)) => self.missed += watched.count(),
                Err(TrySendError::Closed(_)) => return false,
            }
            if self.missed > 0 {
                return true;
            }
        }
        let count = watched.count();
        match self.events.try_send(Ok(watched)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed += count;
                true
            }
            Err(TrySendError::Closed(_)) => false,
        }
    }
}

impl Waiting {
    fn fail(self, error: InspectError) {
        match self {
            Self::Answer(answer) => answer(Err(error)),
            // A caller that has left reads nothing.
            Self::Watch(reply) => drop(reply.send(Err(error))),
        }
    }
}

async fn read(link: Link, mut frames: impl Stream<Item = io::Result<bytes::BytesMut>> + Unpin) {
    let error = loop {
        let answer = match frames.next().await {
            Some(Ok(frame)) => decode(&frame),
            Some(Err(error)) => Err(error),
            None => break lost("the daemon closed it"),
        };
        match answer {
            Ok(answer) => link.take(answer),
            Err(error) => break lost(&error.to_string()),
        }
    };
    link.lose(&error);
}

async fn write<S>(
    link: Link,
    mut frames: SplitSink<Framed<S, Codec>, Bytes>,
    mut queued: mpsc::Receiver<Bytes>,
) where
    S: AsyncRead + AsyncWrite,
{
    while let Some(frame) = queued.recv().await {
        if let Err(error) = frames.send(frame).await {
            return link.lose(&lost(&error.to_string()));
        }
    }
}

fn lost(reason: &str) -> InspectError {
    InspectError::Disconnected { reason: reason.into() }
}
