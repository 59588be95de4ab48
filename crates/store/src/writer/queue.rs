//! What waits to be written.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use stagedoor_domain::{Alert, EventId, StreamEvent};
use uuid::Uuid;

use super::{AppendError, Appended, Done, StoreHealth, StoreState};
use crate::{WriterConfig, ids::Ids};

/// What an entry takes in memory besides its texts, about, in bytes.
const ENTRY_BYTES: usize = 1_024;

/// How large a batch may become, in bytes, unless its first event alone is larger.
const BATCH_BYTES: usize = 4 << 20;

/// An event to be written, in the form in which it is written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) event: Arc<StreamEvent>,
    pub(super) alert: Option<Arc<Alert>>,
    pub(super) body: Arc<str>,
    pub(super) raw: Option<Arc<str>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        // The event holds the same texts once more.
        ENTRY_BYTES + 2 * (self.body.len() + self.raw.as_ref().map_or(0, |raw| raw.len()))
    }

    pub(super) fn id(&self) -> Uuid {
        *self.event.id.as_uuid()
    }
}

pub(super) struct Queue {
    waiting: VecDeque<(Entry, Done)>,
    bytes: usize,
    ids: Ids,
    closed: bool,
    state: StoreState,
    refused: u64,
    written: u64,
    duplicates: u64,
}

impl Queue {
    pub(super) fn new(newest: Option<Uuid>) -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            ids: Ids::after(newest),
            closed: false,
            state: StoreState::Ok,
            refused: 0,
            written: 0,
            duplicates: 0,
        }
    }

    /// Gives an entry its id and takes it, or gives the callback back with the reason why not.
    pub(super) fn push(
        &mut self,
        mut entry: Entry,
        done: Done,
        config: &WriterConfig,
    ) -> Option<(Done, AppendError)> {
        if self.closed {
            return Some((done, AppendError::Closed));
        }
        let bytes = entry.bytes();
        let is_full = self.waiting.len() >= config.buffer_events
            || (self.bytes + bytes > config.buffer_bytes && !self.waiting.is_empty());
        if is_full {
            self.refused += 1;
            return Some((done, AppendError::Full));
        }
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        let id = EventId::from_uuid(self.ids.next(now, random()));
        Arc::make_mut(&mut entry.event).id = id;
        if let Some(alert) = &mut entry.alert {
            Arc::make_mut(alert).event = Some(id);
        }
        self.bytes += bytes;
        self.waiting.push_back((entry, done));
        None
    }

    /// A copy of the oldest entries.
    pub(super) fn batch(&self, most: usize) -> Vec<Entry> {
        let mut bytes = 0;
        let fits = |(entry, _): &&(Entry, Done)| {
            bytes += entry.bytes();
            bytes <= BATCH_BYTES
        };
        let count = self.waiting.iter().take(most).take_while(fits).count();
        self.waiting.iter().take(count.max(1)).map(|(entry, _)| entry.clone()).collect()
    }

    /// Takes the oldest entry out: it is answered next.
    pub(super) fn pop(&mut self) -> Option<Done> {
        let (entry, done) = self.waiting.pop_front()?;
        self.bytes -= entry.bytes();
        Some(done)
    }

    pub(super) fn count(&mut self, result: &Result<Appended, AppendError>) {
        match result {
            Ok(Appended::New { .. } | Appended::Revised { .. }) => self.written += 1,
            Ok(Appended::Duplicate { .. }) => self.duplicates += 1,
            Err(_) => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn set_closed(&mut self, closed: bool) {
        self.closed = closed;
    }

    /// Notes that the database works.
    pub(super) fn set_ok(&mut self) -> bool {
        std::mem::replace(&mut self.state, StoreState::Ok) != StoreState::Ok
    }

    /// Notes that the database does not work; says whether it did before.
    pub(super) fn set_failing(&mut self, reason: &str) -> bool {
        match &mut self.state {
            StoreState::Failing { reason: known, .. } => {
                if **known != *reason {
                    *known = reason.into();
                }
                false
            }
            StoreState::Ok => {
                self.state = StoreState::Failing { since: Timestamp::now(), reason: reason.into() };
                true
            }
        }
    }

    pub(super) fn health(&self, config: &WriterConfig) -> StoreHealth {
        StoreHealth {
            state: self.state.clone(),
            buffered: self.waiting.len(),
            capacity: config.buffer_events,
            refused: self.refused,
            written: self.written,
            duplicates: self.duplicates,
        }
    }
}

/// Random bits, which make ids of different daemons differ. Ids rise also without.
fn random() -> u128 {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return 0;
    }
    u128::from_ne_bytes(bytes)
}
