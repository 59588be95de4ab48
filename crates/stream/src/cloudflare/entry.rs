//! What is known of the output of one destination, and what is being done with it.

use stagedoor_domain::DestinationId;
use tokio::{task::AbortHandle, time::Instant};

use super::{
    OutputSnapshot,
    act::Obstacle,
    output::{Presence, Step},
    pace::CloudflarePace,
};

/// What is known of one output.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) presence: Presence,
    pub(super) strays: Vec<Box<str>>,
    pub(super) doing: Doing,
    /// A list that is younger than its intent did not have it.
    pub(super) looked: bool,
    pub(super) failures: u32,
    pub(super) retry_at: Option<Instant>,
    pub(super) error: Option<Box<str>>,
    /// What keeps its platform from giving or ending its side of it.
    pub(super) obstacle: Option<Box<str>>,
    /// Why its start was given up.
    pub(super) given_up: Option<Box<str>>,
    /// It is to be deleted: its start was given up.
    pub(super) discard: bool,
    /// It was seen sending during this livestream: from then on it is never given up for being slow.
    pub(super) was_live: bool,
    /// Counts what was done with it: a list tells of those with which nothing was done meanwhile.
    pub(super) epoch: u64,
}

/// What is being done with an output.
#[derive(Debug, Default)]
pub(super) enum Doing {
    #[default]
    Nothing,
    /// It waits for its turn in the budget; this can be called off.
    Waiting(Step, AbortHandle),
    /// It is being done; this cannot.
    Acting,
}

impl Entry {
    pub(super) fn give_up(&mut self, why: Box<str>) {
        self.given_up = Some(why);
        self.discard = true;
        (self.failures, self.retry_at) = (0, None);
    }

    pub(super) fn went_well(&mut self) {
        (self.failures, self.retry_at, self.error) = (0, None, None);
        if self.presence == Presence::Absent {
            self.discard = false;
        }
    }

    pub(super) fn went_wrong(&mut self, obstacle: &Obstacle, pace: &CloudflarePace, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now + pace.retry_after(self.failures));
        self.error = Some(obstacle.to_string().into());
    }

    pub(super) fn snapshot(&self, destination: &DestinationId) -> OutputSnapshot {
        OutputSnapshot {
            destination: destination.clone(),
            uid: self.presence.uid().map(Into::into),
            presence: self.presence.name().into(),
            doing: match self.doing {
                Doing::Nothing => None,
                Doing::Waiting(..) => Some("waiting".into()),
                Doing::Acting => Some("acting".into()),
            },
            failures: self.failures,
            given_up: self.given_up.clone(),
            error: self.error.clone(),
        }
    }
}
