//! A dynamic supervisor at work: how it starts children; what follows an exit, and its own end, are below.

mod restart;
mod stopping;

use std::{collections::HashMap, sync::Arc};

use ractor::{ActorId, ActorRef};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    child::{StartContext, Started},
    dynamic::{
        DynamicSupervisorRef,
        actor::{DynamicSupervisorArgs, DynamicSupervisorMsg},
        handle::ask_to_stop,
    },
    error::{StartChildError, StartError, SupervisorError},
    exit::Report,
    id::{ChildId, Path},
    intensity::RestartWindow,
    life::{Life, StartReply},
    lifecycle::{Change, Lifecycle},
    spec::ChildSpec,
    steps,
    table::Table,
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
