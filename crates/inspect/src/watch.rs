//! Watching: changes in actors' lives as they happen, bounded, with what was missed said.

use stagedoor_supervision::LifecycleEvent;
use tokio::sync::{broadcast, mpsc};

use crate::error::InspectError;

/// What a watcher sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// A change in an actor's life.
    Event(LifecycleEvent),
    /// The watcher was too slow, and this many events are lost to it.
    Missed(u64),
}

impl Watched {
    /// How many events it stands for.
    pub(crate) const fn count(&self) -> u64 {
        match self {
            Self::Event(_) => 1,
            Self::Missed(missed) => *missed,
        }
    }
}

/// A subscription to lifecycle events. Dropping it ends it.
#[derive(Debug)]
pub struct Watch(From);

#[derive(Debug)]
enum From {
    Tree(broadcast::Receiver<LifecycleEvent>),
    Wire(mpsc::Receiver<Result<Watched, InspectError>>),
}

impl Watch {
    pub(crate) fn tree(events: broadcast::Receiver<LifecycleEvent>) -> Self {
        Self(From::Tree(events))
    }

    pub(crate) fn wire(events: mpsc::Receiver<Result<Watched, InspectError>>) -> Self {
        Self(From::Wire(events))
    }

    /// The next one. Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// When nothing comes any more: the tree has ended, or the connection to it is lost.
    pub async fn next(&mut self) -> Result<Watched, InspectError> {
        match &mut self.0 {
            From::Tree(events) => match events.recv().await {
                Ok(event) => Ok(Watched::Event(event)),
                Err(broadcast::error::RecvError::Lagged(missed)) => Ok(Watched::Missed(missed)),
                Err(broadcast::error::RecvError::Closed) => Err(ended()),
            },
            From::Wire(events) => events.recv().await.unwrap_or_else(|| Err(ended())),
        }
    }
}

fn ended() -> InspectError {
    InspectError::Disconnected { reason: "the daemon's tree has ended".into() }
}
