//! What happens to actors, as it happens: counted for the metrics, published for whoever watches.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::{exit::ExitClass, id::Path};

/// How many events a slow watcher may lag behind before it misses some.
const BACKLOG: usize = 1024;

/// A change in an actor's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// It runs for the first time.
    Started,
    /// It runs again.
    Restarted {
        /// How often it was to be restarted, this time and failed attempts counted.
        restarts: u32,
    },
    /// It was to run and does not.
    StartFailed {
        /// Why.
        reason: Arc<str>,
    },
    /// It ended.
    Exited {
        /// How.
        class: ExitClass,
        /// Why.
        reason: Arc<str>,
    },
    /// It is restarted later.
    BackingOff {
        /// When, in milliseconds from now.
        delay_ms: u64,
        /// What ended its last life.
        reason: Arc<str>,
    },
    /// It is a supervisor and has given up on its children.
    GaveUp {
        /// Why.
        reason: Arc<str>,
    },
}

/// A [`Change`], when and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleEvent {
    /// Wall-clock time.
    pub at: Timestamp,
    /// The actor's path.
    pub path: String,
    /// What happened.
    #[serde(flatten)]
    pub change: Change,
}

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct LifecycleCounters {
    started: AtomicU64,
    restarted: AtomicU64,
    start_failed: AtomicU64,
    gave_up: AtomicU64,
    exited: [AtomicU64; 4],
}

impl LifecycleCounters {
    /// Actors started, restarts not counted.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started.load(Relaxed)
    }

    /// Actors restarted.
    #[must_use]
    pub fn restarted(&self) -> u64 {
        self.restarted.load(Relaxed)
    }

    /// Starts and restarts that failed.
    #[must_use]
    pub fn start_failed(&self) -> u64 {
        self.start_failed.load(Relaxed)
    }

    /// Supervisors that gave up.
    #[must_use]
    pub fn gave_up(&self) -> u64 {
        self.gave_up.load(Relaxed)
    }

    /// Actors that ended so.
    #[must_use]
    pub fn exited(&self, class: ExitClass) -> u64 {
        self.exited[class as usize].load(Relaxed)
    }
}

/// Where the supervisors of one tree report. A clone costs a reference count.
#[derive(Clone, Debug)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    events: broadcast::Sender<LifecycleEvent>,
    counters: LifecycleCounters,
}

impl Lifecycle {
    /// A tree's own; nothing here is global to the process.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            events: broadcast::Sender::new(BACKLOG),
            counters: LifecycleCounters::default(),
        }))
    }

    /// What happens from now on. A receiver that lags by more than 1,024 events is told how many it missed.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<LifecycleEvent> {
        self.0.events.subscribe()
    }

    /// The counts.
    #[must_use]
    pub fn counters(&self) -> &LifecycleCounters {
        &self.0.counters
    }

    pub(crate) fn report(&self, path: impl FnOnce() -> Path, change: &Change) {
        let counters = &self.0.counters;
        match change {
            Change::Started => &counters.started,
            Change::Restarted { .. } => &counters.restarted,
            Change::StartFailed { .. } => &counters.start_failed,
            Change::GaveUp { .. } => &counters.gave_up,
            Change::Exited { class, .. } => &counters.exited[*class as usize],
            Change::BackingOff { .. } => return self.publish(path, change),
        }
        .fetch_add(1, Relaxed);
        self.publish(path, change);
    }

    fn publish(&self, path: impl FnOnce() -> Path, change: &Change) {
        // Writing the path costs more than everything else here; nobody may be looking.
        if self.0.events.receiver_count() > 0 {
            let event = LifecycleEvent {
                at: Timestamp::now(),
                path: path().to_string(),
                change: change.clone(),
            };
            // The last watcher may have left since.
            let _ = self.0.events.send(event);
        }
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}
