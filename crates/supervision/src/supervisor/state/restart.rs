//! Exits of children, and what follows: a restart by the strategy, a wait, or giving up.

use std::sync::Arc;

use ractor::ActorId;
use tokio::time::Instant;

use super::State;
use crate::{
    error::{StartError, SupervisorError},
    exit::{Exit, Report},
    id::ChildId,
    life::{Life, milliseconds},
    lifecycle::Change,
    spec::{AutoShutdown, ChildSpec, Intensity, Restart, Strategy},
    supervisor::actor::SupervisorMsg,
};

impl State {
    /// A child's actor has ended by itself.
    pub(crate) async fn child_exited(
        &mut self,
        actor: ActorId,
        report: Report,
    ) -> Result<(), ractor::ActorProcessingErr> {
        let Some((spec, exit)) = self.bury(actor, report) else {
            // The exit of a life that is over: its child was stopped or replaced meanwhile.
            return Ok(());
        };
        let restarts = match spec.restart {
            Restart::Permanent => true,
            Restart::Transient => exit.class.is_abnormal(),
            Restart::Temporary => {
                self.supervisor.children().lock().children.remove(&spec.id);
                false
            }
        };
        if restarts {
            self.restart(&spec, exit.reason).await?;
        } else if spec.significant && self.shuts_down_after_significant() {
            tracing::info!(actor = "supervision", path = %self.path, child = %spec.id, "significant child has ended, shutting down");
            self.myself.stop(Some(crate::SHUTDOWN.into()));
        }
        Ok(())
    }

    /// Writes down the exit of a child's present life.
    fn bury(&self, actor: ActorId, report: Report) -> Option<(ChildSpec, Exit)> {
        let (spec, exit) = {
            let mut table = self.supervisor.children().lock();
            let id = table.child_of(actor)?;
            let child = table.children.get_mut(&id)?;
            let exit = report.resolve(child.started()?.task);
            child.ended(&exit);
            (child.spec.clone(), exit)
        };
        spec.actor.exited(actor);
        if exit.class.is_abnormal() {
            tracing::warn!(actor = "supervision", path = %self.path.child(spec.id.clone()), class = exit.class.as_str(), reason = %exit.reason, "child exited");
        }
        self.note(&spec.id, Change::Exited { class: exit.class, reason: Arc::clone(&exit.reason) });
        Some((spec, exit))
    }

    fn shuts_down_after_significant(&self) -> bool {
        match self.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => {
                let table = self.supervisor.children().lock();
                !table
                    .children
                    .iter()
                    .any(|child| child.spec.significant && !matches!(child.life, Life::Terminated))
            }
        }
    }

    /// Restarts after an exit: at once and counted, or at the child's own pace.
    pub(super) async fn restart(
        &mut self,
        spec: &ChildSpec,
        reason: Arc<str>,
    ) -> Result<(), ractor::ActorProcessingErr> {
        if spec.backoff.is_some() {
            self.back_off(&spec.id, reason);
            return Ok(());
        }
        if !self.restarts.admits(Instant::now()) {
            return self.give_up(spec.id.clone(), reason).await;
        }
        self.restart_group(&spec.id).await;
        Ok(())
    }

    /// Restarts the child and those that the strategy takes with it.
    async fn restart_group(&mut self, id: &ChildId) {
        let Some(index) = self.index_of(id) else { return };
        let first = match self.strategy {
            Strategy::OneForOne => return self.restart_range(index, index + 1).await,
            Strategy::OneForAll => 0,
            Strategy::RestForOne => index,
        };
        self.stop_from(first).await;
        self.forget_temporary(first);
        self.restart_range(first, usize::MAX).await;
    }

    /// Starts the children from `first` up to `end`. The first that fails is tried again later; those after it wait.
    async fn restart_range(&mut self, first: usize, end: usize) {
        for index in first..end {
            let Some(id) = self.id_at(index) else { break };
            let restarts = {
                let mut table = self.supervisor.children().lock();
                let Some(child) = table.children.get_mut(&id) else { break };
                if matches!(child.life, Life::NotStarted) {
                    continue;
                }
                child.restarts += 1;
                child.restarts
            };
            match self.start_one(&id, Change::Restarted { restarts }).await {
                Ok(()) => self.remember(&id, Change::Restarted { restarts }),
                Err(error) => return self.try_again(&id, &error),
            }
        }
    }

    /// A failed restart is tried again by message, so that commands get their turn in between.
    fn try_again(&mut self, id: &ChildId, error: &StartError) {
        let generation = {
            let mut table = self.supervisor.children().lock();
            let generation = table.next_generation();
            let Some(child) = table.children.get_mut(id) else { return };
            if child.spec.backoff.is_some() {
                drop(table);
                return self.back_off(id, error.to_string().into());
            }
            child.generation = generation;
            generation
        };
        // The supervisor itself is alive: this is its own handler.
        let _ = self.myself.cast(SupervisorMsg::RestartDue { id: id.clone(), generation });
    }

    /// The child waits for its restart, longer after each failure in a row.
    fn back_off(&mut self, id: &ChildId, reason: Arc<str>) {
        let mut table = self.supervisor.children().lock();
        let generation = table.next_generation();
        let Some(child) = table.children.get_mut(id) else { return };
        let myself = self.myself.clone();
        let Some(delay) = child.back_off(generation, Arc::clone(&reason), move |id| {
            let _ = myself.cast(SupervisorMsg::RestartDue { id, generation });
        }) else {
            return;
        };
        drop(table);
        self.note(id, Change::BackingOff { delay_ms: milliseconds(delay), reason });
    }

    /// A restart that failed, or had to wait, is due.
    pub(crate) async fn restart_due(
        &mut self,
        id: &ChildId,
        generation: u64,
    ) -> Result<(), ractor::ActorProcessingErr> {
        let reason = {
            let table = self.supervisor.children().lock();
            match table.children.get(id) {
                Some(child) if child.generation == generation => match &child.life {
                    Life::Restarting { reason } => Some(Arc::clone(reason)),
                    Life::BackingOff(_) => None,
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
        };
        // A child at its own pace is not counted; a restart that failed is, like any other.
        if let Some(reason) = reason
            && !self.restarts.admits(Instant::now())
        {
            return self.give_up(id.clone(), reason).await;
        }
        self.restart_group(id).await;
        Ok(())
    }

    /// Too many restarts: stops the children gracefully, then fails, so that the parent decides.
    async fn give_up(
        &mut self,
        child: ChildId,
        reason: Arc<str>,
    ) -> Result<(), ractor::ActorProcessingErr> {
        let Intensity { restarts, period } = self.intensity;
        let error = SupervisorError::IntensityReached { restarts, period, child, reason };
        tracing::error!(actor = "supervision", path = %self.path, %error, "supervisor gives up");
        let change = Change::GaveUp { reason: error.to_string().into() };
        self.lifecycle.report(|| self.path.clone(), &change);
        self.supervisor.children().lock().remember(None, change);
        self.stop_all().await;
        Err(error.into())
    }
}
