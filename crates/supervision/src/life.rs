//! One child of a supervisor: its specification, and where it stands.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{sync::oneshot, task::AbortHandle, time::Instant};

use crate::{
    child::Started,
    error::StartChildError,
    exit::Exit,
    id::ChildId,
    spec::ChildSpec,
    table::Killed,
    view::{ChildInfo, ChildStatus, LastExit},
};

/// Where a child stands.
pub(crate) enum Life {
    /// Starts when it is first needed.
    NotStarted,
    /// A start is under way, or `started` and not yet announced; what shall follow it if somebody terminated the child
    /// meanwhile.
    Starting { cancelled: Option<Box<Stop>>, started: Option<Started> },
    /// Runs.
    Running { started: Started, since: Instant },
    /// Its restart failed, and a message to try again is under way.
    Restarting { reason: Arc<str> },
    /// Its restart waits. Boxed, as it is rare: each child of each user pays for the largest variant.
    BackingOff(Box<BackingOff>),
    /// Was asked to stop.
    Stopping { started: Started, stop: Box<Stop> },
    /// Ended; the specification is kept.
    Terminated,
}

/// A restart that waits for `timer`.
pub(crate) struct BackingOff {
    until: Instant,
    reason: Arc<str>,
    timer: AbortHandle,
}

impl BackingOff {
    /// Calls the restart off.
    pub(crate) fn call_off(&self) {
        self.timer.abort();
    }
}

/// What follows a stop, and who waits for it.
#[derive(Default)]
pub(crate) struct Stop {
    pub(crate) then: Option<(ChildSpec, StartReply)>,
    pub(crate) waiting: Vec<oneshot::Sender<()>>,
}

/// Who waits for a start, if anybody does.
pub(crate) type StartReply = Option<oneshot::Sender<Result<(), StartChildError>>>;

/// A child: its specification and its life.
pub(crate) struct Child {
    pub(crate) spec: ChildSpec,
    pub(crate) life: Life,
    pub(crate) restarts: u32,
    /// Failures in a row, for the backoff.
    pub(crate) failures: u32,
    /// Which start is awaited: an answer to an earlier one is stale.
    pub(crate) generation: u64,
    pub(crate) last_exit: Option<Box<LastExit>>,
}

impl Child {
    pub(crate) fn new(spec: ChildSpec, life: Life) -> Self {
        Self { spec, life, restarts: 0, failures: 0, generation: 0, last_exit: None }
    }

    pub(crate) fn started(&self) -> Option<&Started> {
        match &self.life {
            Life::Running { started, .. }
            | Life::Stopping { started, .. }
            | Life::Starting { started: Some(started), .. } => Some(started),
            _ => None,
        }
    }

    pub(crate) fn status(&self) -> ChildStatus {
        match &self.life {
            Life::NotStarted => ChildStatus::NotStarted,
            Life::Starting { .. } => ChildStatus::Starting,
            Life::Running { since, .. } => {
                ChildStatus::Running { uptime_ms: milliseconds(since.elapsed()) }
            }
            Life::Restarting { reason } => ChildStatus::Restarting { reason: Arc::clone(reason) },
            Life::BackingOff(waits) => ChildStatus::BackingOff {
                remaining_ms: milliseconds(waits.until.saturating_duration_since(Instant::now())),
                reason: Arc::clone(&waits.reason),
            },
            Life::Stopping { .. } => ChildStatus::Stopping,
            Life::Terminated => ChildStatus::Terminated,
        }
    }

    pub(crate) fn info(&self) -> ChildInfo {
        ChildInfo {
            id: self.spec.id.to_string(),
            child_type: self.spec.child_type,
            status: self.status(),
            restart: self.spec.restart,
            restarts: self.restarts,
            last_exit: self.last_exit.as_deref().cloned(),
        }
    }

    /// Writes down that its present life is over.
    pub(crate) fn ended(&mut self, exit: &Exit) {
        let ended = std::mem::replace(&mut self.life, Life::Terminated);
        if let (Life::Running { since, .. }, Some(backoff)) = (ended, &self.spec.backoff)
            && since.elapsed() >= backoff.reset_after
        {
            self.failures = 0;
        }
        let last =
            LastExit { at: Timestamp::now(), class: exit.class, reason: Arc::clone(&exit.reason) };
        self.last_exit = Some(Box::new(last));
    }

    /// Kills its actor, if there is one, and calls off whatever was to come. Whoever waits for its end learns of it now.
    pub(crate) fn kill(&mut self) -> Killed {
        let cell = self.started().map(|started| started.cell.clone());
        if let Some(cell) = &cell {
            cell.kill();
        }
        if let Life::BackingOff(waits) = &self.life {
            waits.call_off();
        }
        self.life = Life::Terminated;
        Killed { cell, actor: Arc::clone(&self.spec.actor) }
    }

    /// Waits for its restart at its own pace; `due` is called when the delay, which is returned, is over.
    pub(crate) fn back_off(
        &mut self,
        generation: u64,
        reason: Arc<str>,
        due: impl FnOnce(ChildId) + Send + 'static,
    ) -> Option<Duration> {
        let delay = self.spec.backoff.as_ref()?.delay(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.generation = generation;
        let (until, id) = (Instant::now() + delay, self.spec.id.clone());
        let timer = tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            due(id);
        });
        let timer = timer.abort_handle();
        self.life = Life::BackingOff(Box::new(BackingOff { until, reason, timer }));
        Some(delay)
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_small() {
        // There are five for each user. Sixteen bytes are the context, which one of them has.
        assert!(size_of::<Child>() <= 144, "{}", size_of::<Child>());
        assert!(size_of::<Life>() <= 32, "{}", size_of::<Life>());
    }
}
