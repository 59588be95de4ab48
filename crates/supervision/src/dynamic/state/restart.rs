//! Exits of children, and what follows: an end that was asked for, a restart, a wait, or giving up.

use std::sync::Arc;

use ractor::{ActorId, ActorProcessingErr};
use tokio::time::Instant;

use super::State;
use crate::{
    dynamic::actor::DynamicSupervisorMsg,
    error::SupervisorError,
    exit::Report,
    id::ChildId,
    life::{Life, milliseconds},
    lifecycle::Change,
    spec::{Intensity, Restart},
    table::Table,
};

impl State {
    /// A child's actor has ended: as it was asked to, or by itself.
    pub(crate) fn child_exited(
        &mut self,
        actor: ActorId,
        report: Report,
    ) -> Result<(), SupervisorError> {
        let supervisor = self.supervisor.clone();
        let mut table = supervisor.children().lock();
        let Some(id) = table.child_of(actor) else {
            if self.starting > 0 {
                self.early_exits.insert(actor, report);
            }
            return Ok(());
        };
        table.gone(actor);
        let Some(child) = table.children.get_mut(&id) else { return Ok(()) };
        let Some(task) = child.started().map(|started| started.task) else { return Ok(()) };
        let exit = report.resolve(task);
        let asked = match &mut child.life {
            Life::Stopping { stop, .. } => Some(std::mem::take(&mut **stop)),
            _ => None,
        };
        child.ended(&exit);
        let (spec, restart) = (child.spec.clone(), child.spec.restart);
        spec.actor.exited(actor);
        let change = Change::Exited { class: exit.class, reason: Arc::clone(&exit.reason) };
        self.note(&mut table, &id, change);
        if let Some(stop) = asked {
            self.supervisor.finish(&mut table, id.as_str(), stop);
            return Ok(());
        }
        if exit.class.is_abnormal() {
            tracing::warn!(actor = "supervision", path = %self.path_of(&id), class = exit.class.as_str(), reason = %exit.reason, "child exited");
        }
        let restarts = match restart {
            Restart::Permanent => true,
            Restart::Transient => exit.class.is_abnormal(),
            Restart::Temporary => false,
        };
        if restarts {
            return self.restart(&mut table, &id, exit.reason);
        }
        table.children.remove(&id);
        Ok(())
    }

    /// Restarts a child: at its own pace, or at once and counted.
    pub(super) fn restart(
        &mut self,
        table: &mut Table,
        id: &ChildId,
        reason: Arc<str>,
    ) -> Result<(), SupervisorError> {
        let generation = table.next_generation();
        let Some(child) = table.children.get_mut(id) else { return Ok(()) };
        let myself = self.myself.clone();
        let due = move |id| drop(myself.cast(DynamicSupervisorMsg::RestartDue { id, generation }));
        if let Some(delay) = child.back_off(generation, Arc::clone(&reason), due) {
            let delay_ms = milliseconds(delay);
            tracing::warn!(actor = "supervision", path = %self.path_of(id), delay_ms, %reason, "child backs off");
            self.note(table, id, Change::BackingOff { delay_ms, reason });
            return Ok(());
        }
        if !self.restarts.admits(Instant::now()) {
            child.life = Life::Terminated;
            let Intensity { restarts, period } = self.supervisor.spec().intensity;
            return Err(SupervisorError::IntensityReached {
                restarts,
                period,
                child: id.clone(),
                reason,
            });
        }
        self.begin_restart(table, id, generation);
        Ok(())
    }

    fn begin_restart(&mut self, table: &mut Table, id: &ChildId, generation: u64) {
        let Some(child) = table.children.get_mut(id) else { return };
        child.life = Life::Starting { cancelled: None, started: None };
        child.generation = generation;
        child.restarts += 1;
        let spec = child.spec.clone();
        self.begin(spec, generation, None);
    }

    /// A restart that had to wait is due.
    pub(crate) fn restart_due(&mut self, id: &ChildId, generation: u64) {
        let supervisor = self.supervisor.clone();
        let mut table = supervisor.children().lock();
        let is_due = table.children.get(id).is_some_and(|child| {
            child.generation == generation && matches!(child.life, Life::BackingOff(_))
        });
        if is_due {
            self.begin_restart(&mut table, id, generation);
        }
    }

    /// Too many restarts: stops the children gracefully, then fails, so that the parent decides.
    pub(crate) async fn give_up(
        &mut self,
        error: SupervisorError,
    ) -> Result<(), ActorProcessingErr> {
        tracing::error!(actor = "supervision", path = %self.path, %error, "supervisor gives up");
        let change = Change::GaveUp { reason: error.to_string().into() };
        self.lifecycle.report(|| self.path.clone(), &change);
        self.supervisor.children().lock().remember(None, change);
        self.stop_all().await;
        Err(error.into())
    }
}
