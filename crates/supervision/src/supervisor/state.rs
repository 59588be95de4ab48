//! A supervisor at work: how it starts its children and stops them; what follows an exit, and commands, are below.

mod commands;
mod restart;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ractor::ActorRef;

use crate::{
    child::StartContext,
    error::{SpecError, StartError},
    exit::ExitClass,
    id::{ChildId, Path},
    intensity::RestartWindow,
    life::{Child, Life},
    lifecycle::{Change, Lifecycle},
    spec::{
        AutoShutdown, ChildSpec, Intensity, OnChange, Restart, Shutdown, Strategy, SupervisorChange,
    },
    steps,
    supervisor::{
        SupervisorRef,
        actor::{SupervisorArgs, SupervisorMsg},
    },
};

/// What a supervisor knows besides the table of its children.
pub(crate) struct State {
    myself: ActorRef<SupervisorMsg>,
    supervisor: SupervisorRef,
    path: Path,
    lifecycle: Lifecycle,
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    intensity: Intensity,
    restarts: RestartWindow,
    on_change: Option<OnChange>,
}

// === starting ===

impl State {
    /// Starts the children left to right; one that fails stops those before it, right to left.
    pub(crate) async fn start(
        myself: ActorRef<SupervisorMsg>,
        args: SupervisorArgs,
    ) -> Result<Self, StartError> {
        let SupervisorArgs { supervisor, path, lifecycle } = args;
        supervisor.children().reap().await;
        let spec = supervisor.init();
        let mut state = Self {
            myself,
            supervisor,
            path,
            lifecycle,
            strategy: spec.strategy,
            auto_shutdown: spec.auto_shutdown,
            intensity: spec.intensity,
            restarts: RestartWindow::new(spec.intensity),
            on_change: spec.on_change,
        };
        if let Err(error) = state.enter(spec.children) {
            state.stop_all().await;
            return Err(StartError::Failed { reason: error.to_string().into() });
        }
        for index in 0.. {
            let Some(id) = state.id_at(index) else { break };
            if let Err(reason) = state.start_one(&id, Change::Started).await {
                state.stop_all().await;
                return Err(StartError::Child { id, reason: Arc::new(reason) });
            }
        }
        state.announce(SupervisorChange::Started);
        Ok(state)
    }

    fn announce(&self, change: SupervisorChange) {
        if let Some(hear) = &self.on_change {
            // Its panic, which the hook has logged, is no reason to kill children instead of stopping them.
            let _ = catch_unwind(AssertUnwindSafe(|| hear(change)));
        }
    }

    /// Writes the children into the table.
    fn enter(&self, children: Vec<ChildSpec>) -> Result<(), SpecError> {
        let mut table = self.supervisor.children().lock();
        table.strategy = self.strategy;
        table.children.reserve_exact(children.len());
        for spec in children {
            spec.validate(self.auto_shutdown)?;
            if table.children.get(&spec.id).is_some() {
                return Err(SpecError::Duplicate { id: spec.id });
            }
            let life = if spec.when_needed {
                self.wait_for_need(&spec);
                Life::NotStarted
            } else {
                Life::Terminated
            };
            table.children.insert(Child::new(spec, life));
        }
        Ok(())
    }

    fn wait_for_need(&self, spec: &ChildSpec) {
        let (myself, id) = (self.myself.clone(), spec.id.clone());
        spec.actor.wait_for_need(Box::new(move || {
            // A supervisor that is gone starts nothing.
            let _ = myself.cast(SupervisorMsg::ChildNeeded(id));
        }));
    }

    /// Starts the child unless it waits to be needed, and writes down what came of it.
    async fn start_one(&mut self, id: &ChildId, success: Change) -> Result<(), StartError> {
        let spec = {
            let mut table = self.supervisor.children().lock();
            match table.children.get_mut(id) {
                Some(child) if !matches!(child.life, Life::NotStarted) => {
                    child.life = Life::Starting { cancelled: None, started: None };
                    child.spec.clone()
                }
                _ => return Ok(()),
            }
        };
        let cx = StartContext {
            supervisor: self.myself.get_cell(),
            parent: self.path.clone(),
            id: id.clone(),
            lifecycle: self.lifecycle.clone(),
        };
        match steps::start(&spec, cx).await {
            Ok(started) => {
                self.supervisor.children().lock().runs(id, started);
                self.lifecycle.report(|| self.path.child(id.clone()), &success);
                Ok(())
            }
            Err(error) => {
                let reason: Arc<str> = error.to_string().into();
                tracing::warn!(actor = "supervision", path = %self.path.child(id.clone()), %reason, "child did not start");
                self.note(id, Change::StartFailed { reason: Arc::clone(&reason) });
                if let Some(child) = self.supervisor.children().lock().children.get_mut(id) {
                    child.life = Life::Restarting { reason };
                }
                Err(error)
            }
        }
    }

    /// Writes a change into the history and reports it.
    fn note(&self, id: &ChildId, change: Change) {
        self.lifecycle.report(|| self.path.child(id.clone()), &change);
        self.supervisor.children().lock().remember(Some(id), change);
    }

    fn remember(&self, id: &ChildId, change: Change) {
        self.supervisor.children().lock().remember(Some(id), change);
    }

    fn id_at(&self, index: usize) -> Option<ChildId> {
        let table = self.supervisor.children().lock();
        table.children.at(index).map(|child| child.spec.id.clone())
    }

    fn index_of(&self, id: &ChildId) -> Option<usize> {
        self.supervisor.children().lock().children.position(id)
    }
}

// === stopping ===

impl State {
    /// It was asked to stop.
    pub(crate) async fn shut_down(&mut self) {
        self.announce(SupervisorChange::Stopping);
        self.stop_all().await;
    }

    /// Stops all children, right to left. None is waited for or started any more.
    pub(crate) async fn stop_all(&mut self) {
        for index in (0..self.count()).rev() {
            if let Some(id) = self.id_at(index) {
                self.stop_one(&id).await;
            }
        }
        for child in self.supervisor.children().lock().children.iter_mut() {
            child.life = Life::Terminated;
            child.spec.actor.give_up_waiting();
        }
    }

    /// Stops the children from `first` on, right to left, so that they can be restarted.
    async fn stop_from(&mut self, first: usize) {
        for index in (first..self.count()).rev() {
            let Some(id) = self.id_at(index) else { continue };
            if let Some(change) = self.stop_one(&id).await {
                self.remember(&id, change);
            }
        }
    }

    fn count(&self) -> usize {
        self.supervisor.children().lock().children.len()
    }

    /// Stops the child, if it runs, within its shutdown time, keeps its specification, and says how it exited.
    async fn stop_one(&mut self, id: &ChildId) -> Option<Change> {
        let (spec, cell) = {
            let mut table = self.supervisor.children().lock();
            let child = table.children.get_mut(id)?;
            match std::mem::replace(&mut child.life, Life::Terminated) {
                Life::Running { started, .. } => {
                    let cell = started.cell.clone();
                    child.life = Life::Stopping { started, stop: Box::default() };
                    (child.spec.clone(), cell)
                }
                Life::BackingOff(waits) => {
                    waits.call_off();
                    return None;
                }
                Life::NotStarted => {
                    child.life = Life::NotStarted;
                    return None;
                }
                _ => return None,
            }
        };
        let exit = steps::stop(&cell, spec.limits.shutdown()).await;
        spec.actor.exited(cell.get_id());
        if let (ExitClass::Killed, Some(supervisor)) = (exit.class, spec.actor.supervisor()) {
            Box::pin(supervisor.children().gone()).await;
        }
        if exit.class == ExitClass::Killed && spec.limits.shutdown() != Shutdown::BrutalKill {
            tracing::warn!(actor = "supervision", path = %self.path.child(id.clone()), "child did not stop in time and was killed");
        }
        let change = Change::Exited { class: exit.class, reason: Arc::clone(&exit.reason) };
        self.lifecycle.report(|| self.path.child(id.clone()), &change);
        if let Some(child) = self.supervisor.children().lock().children.get_mut(id) {
            child.ended(&exit);
        }
        Some(change)
    }

    /// OTP forgets temporary children whenever they are stopped.
    fn forget_temporary(&mut self, from: usize) {
        let mut table = self.supervisor.children().lock();
        let mut index = 0;
        table.children.retain(|child| {
            let keep = index < from || child.spec.restart != Restart::Temporary;
            index += 1;
            keep
        });
    }
}
