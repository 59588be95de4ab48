use std::{collections::HashMap, sync::Arc, time::Duration};

use ractor::{ActorId, ActorProcessingErr, ActorRef};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    child::{StartContext, Started},
    dynamic::{
        DynamicSupervisorRef,
        actor::{DynamicSupervisorArgs, DynamicSupervisorMsg},
        handle::ask_to_stop,
    },
    error::{StartChildError, StartError, SupervisorError},
    exit::{Exit, ExitClass, Report},
    id::{ChildId, Path},
    intensity::RestartWindow,
    life::{Life, StartReply, milliseconds},
    lifecycle::{Change, Lifecycle},
    spec::{ChildSpec, Intensity, Restart, Shutdown},
    steps,
    table::Table,
    view::SupervisorHandle,
};

/// What a dynamic supervisor knows besides the table of its children.
pub(crate) struct State {
    myself: ActorRef<DynamicSupervisorMsg>,
    supervisor: DynamicSupervisorRef,
    path: Path,
    lifecycle: Lifecycle,
    restarts: RestartWindow,
    /// Calls off the starts under way when the supervisor ends, however it ends.
    call_off: CancellationToken,
    _call_off_when_dropped: DropGuard,
    /// Exits that came before the end of their start: ractor delivers exits first.
    early_exits: HashMap<ActorId, Report>,
    starting: usize,
}

impl State {
    pub(crate) fn new(myself: ActorRef<DynamicSupervisorMsg>, args: DynamicSupervisorArgs) -> Self {
        let DynamicSupervisorArgs { supervisor, path, lifecycle } = args;
        let call_off = CancellationToken::new();
        Self {
            myself,
            path,
            lifecycle,
            restarts: RestartWindow::new(supervisor.spec().intensity),
            _call_off_when_dropped: call_off.clone().drop_guard(),
            call_off,
            early_exits: HashMap::new(),
            starting: 0,
            supervisor,
        }
    }

    fn path_of(&self, id: &ChildId) -> Path {
        self.path.child(id.clone())
    }

    fn note(&self, table: &mut Table, id: &ChildId, change: Change) {
        self.lifecycle.report(|| self.path_of(id), &change);
        table.remember(Some(id), change);
    }
}

// === starting ===

impl State {
    /// Begins the start that the table says is to be.
    pub(crate) fn start_child(&mut self, id: &ChildId, generation: u64, reply: StartReply) {
        let supervisor = self.supervisor.clone();
        let mut table = supervisor.children().lock();
        let Some(child) = table.children.get_mut(id) else { return };
        if child.generation != generation {
            return;
        }
        if let Life::Starting { cancelled, .. } = &mut child.life
            && let Some(stop) = cancelled.take()
        {
            // Terminated before it was begun.
            answer(reply, Err(StartError::Terminated.into()));
            return self.supervisor.finish(&mut table, id.as_str(), *stop);
        }
        let spec = child.spec.clone();
        drop(table);
        self.begin(spec, generation, reply);
    }

    /// Starts the child in a task of its own, which says when it is over.
    fn begin(&mut self, spec: ChildSpec, generation: u64, reply: StartReply) {
        let myself = self.myself.clone();
        let call_off = self.call_off.clone();
        let cx = StartContext {
            supervisor: myself.get_cell(),
            parent: self.path.clone(),
            id: spec.id.clone(),
            lifecycle: self.lifecycle.clone(),
        };
        self.starting += 1;
        let supervisor = self.supervisor.clone();
        self.supervisor.starts().spawn(async move {
            let result = tokio::select! {
                biased;
                () = call_off.cancelled() => Err(StartError::Terminated),
                result = steps::start(&spec, cx) => result,
            };
            let id = spec.id;
            // From here on whoever stops or kills the supervisor's children finds it in the table.
            if let Ok(started) = &result
                && !supervisor.children().lock().begun(&id, generation, started)
            {
                // The supervisor's life is over, and its table was cleared.
                spec.actor.exited(started.cell.get_id());
                steps::kill(&started.cell).await;
            }
            let _ = myself.cast(DynamicSupervisorMsg::StartEnded { id, result, reply });
        });
    }

    /// A start is over, well or not.
    pub(crate) fn start_ended(
        &mut self,
        id: &ChildId,
        result: Result<Started, StartError>,
        reply: StartReply,
    ) -> Result<(), SupervisorError> {
        self.starting -= 1;
        let outcome = match result {
            Ok(started) => {
                let actor = started.cell.get_id();
                answer(reply, self.child_started(id, started).map_err(Into::into));
                match self.early_exits.remove(&actor) {
                    Some(report) => self.child_exited(actor, report),
                    None => Ok(()),
                }
            }
            Err(error) => {
                let outcome = self.start_failed(id, &error);
                answer(reply, Err(error.into()));
                outcome
            }
        };
        if self.starting == 0 {
            self.early_exits.clear();
        }
        outcome
    }

    fn child_started(&mut self, id: &ChildId, started: Started) -> Result<(), StartError> {
        let mut table = self.supervisor.children().lock();
        let Some(child) = table.children.get_mut(id) else {
            started.cell.kill();
            return Err(StartError::Terminated);
        };
        let cancelled = match &mut child.life {
            Life::Starting { cancelled, .. } => cancelled.take(),
            _ => None,
        };
        let (restarts, shutdown) = (child.restarts, child.spec.limits.shutdown());
        table.runs(id, started.clone());
        if let Some(stop) = cancelled {
            // Terminated while it started.
            ask_to_stop(&started, shutdown);
            if let Some(child) = table.children.get_mut(id) {
                child.life = Life::Stopping { started, stop };
            }
            return Err(StartError::Terminated);
        }
        if restarts == 0 {
            self.lifecycle.report(|| self.path_of(id), &Change::Started);
        } else {
            self.note(&mut table, id, Change::Restarted { restarts });
        }
        Ok(())
    }

    fn start_failed(&mut self, id: &ChildId, error: &StartError) -> Result<(), SupervisorError> {
        let supervisor = self.supervisor.clone();
        let mut table = supervisor.children().lock();
        let Some(child) = table.children.get_mut(id) else { return Ok(()) };
        if let Life::Starting { cancelled, .. } = &mut child.life
            && let Some(stop) = cancelled.take()
        {
            self.supervisor.finish(&mut table, id.as_str(), *stop);
            return Ok(());
        }
        let (backs_off, is_restart) = (child.spec.backoff.is_some(), child.restarts > 0);
        let reason: Arc<str> = error.to_string().into();
        tracing::warn!(actor = "supervision", path = %self.path_of(id), %reason, "child did not start");
        self.note(&mut table, id, Change::StartFailed { reason: Arc::clone(&reason) });
        if backs_off || is_restart {
            return self.restart(&mut table, id, reason);
        }
        table.children.remove(id);
        Ok(())
    }
}

fn answer(reply: StartReply, outcome: Result<(), StartChildError>) {
    if let Some(reply) = reply {
        // Whoever asked may have left.
        let _ = reply.send(outcome);
    }
}

// === exits and restarts ===

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
    fn restart(
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

// === stopping ===

impl State {
    /// Calls off what starts and stops all children at once, each within its own shutdown time.
    pub(crate) async fn stop_all(&mut self) {
        self.call_off.cancel();
        let starts = self.supervisor.starts();
        starts.close();
        starts.wait().await;
        let asked_at = Instant::now();
        for (id, started, shutdown) in self.ask_all_to_stop() {
            let exit = match shutdown {
                Shutdown::Timeout(limit) => {
                    match started.cell.wait(Some(limit.saturating_sub(asked_at.elapsed()))).await {
                        Ok(()) => Exit::new(ExitClass::Shutdown, crate::SHUTDOWN),
                        Err(_) => steps::kill(&started.cell).await,
                    }
                }
                Shutdown::BrutalKill => steps::kill(&started.cell).await,
                Shutdown::Infinity => steps::stop(&started.cell, shutdown).await,
            };
            if let Some(supervisor) = self.ended(&id, &started, exit) {
                Box::pin(supervisor.children().gone()).await;
            }
        }
        // Whoever waits for an end learns of it: what is not in the table has ended.
        self.supervisor.children().lock().children.clear();
    }

    /// Asks all children to stop, and returns them in the order in which their times run out.
    fn ask_all_to_stop(&self) -> Vec<(ChildId, Started, Shutdown)> {
        let mut table = self.supervisor.children().lock();
        let mut asked = Vec::with_capacity(table.children.len());
        for child in table.children.iter_mut() {
            if let Life::BackingOff(waits) = &child.life {
                waits.call_off();
            }
            let Some(started) = child.started().cloned() else { continue };
            match child.spec.limits.shutdown() {
                Shutdown::BrutalKill => started.cell.kill(),
                _ => started.cell.stop(Some(crate::SHUTDOWN.into())),
            }
            asked.push((child.spec.id.clone(), started, child.spec.limits.shutdown()));
        }
        asked.sort_by_key(|(_, _, shutdown)| match shutdown {
            Shutdown::BrutalKill => Duration::ZERO,
            Shutdown::Timeout(limit) => *limit,
            Shutdown::Infinity => Duration::MAX,
        });
        asked
    }

    /// Forgets a child that has been stopped. One that is a supervisor and had to be killed may have left somebody.
    fn ended(&self, id: &ChildId, started: &Started, exit: Exit) -> Option<SupervisorHandle> {
        let actor = started.cell.get_id();
        let mut table = self.supervisor.children().lock();
        table.gone(actor);
        let child = table.children.remove(id);
        if let Some(child) = &child {
            child.spec.actor.exited(actor);
        }
        let change = Change::Exited { class: exit.class, reason: exit.reason };
        self.lifecycle.report(|| self.path_of(id), &change);
        child.filter(|_| exit.class == ExitClass::Killed)?.spec.actor.supervisor()
    }
}
