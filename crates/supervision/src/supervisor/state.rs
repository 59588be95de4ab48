use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ractor::{ActorId, ActorRef};
use tokio::time::Instant;

use crate::{
    child::StartContext,
    error::{ChildError, SpecError, StartChildError, StartError, SupervisorError},
    exit::{Exit, ExitClass, Report},
    id::{ChildId, Path},
    intensity::RestartWindow,
    life::{Child, Life, milliseconds},
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

// === exits and restarts ===

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
    async fn restart(
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

    fn remember(&self, id: &ChildId, change: Change) {
        self.supervisor.children().lock().remember(Some(id), change);
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

// === commands ===

impl State {
    pub(crate) async fn start_child(&mut self, spec: ChildSpec) -> Result<(), StartChildError> {
        spec.validate(self.auto_shutdown)?;
        let id = spec.id.clone();
        {
            let mut table = self.supervisor.children().lock();
            if let Some(present) = table.children.get(&id) {
                return Err(match present.life {
                    Life::Terminated => StartChildError::AlreadyPresent,
                    _ => StartChildError::AlreadyStarted,
                });
            }
            let life = if spec.when_needed { Life::NotStarted } else { Life::Terminated };
            if spec.when_needed {
                self.wait_for_need(&spec);
            }
            table.children.insert(Child::new(spec, life));
        }
        self.start_one(&id, Change::Started).await.map_err(|error| {
            self.supervisor.children().lock().children.remove(&id);
            StartChildError::Start(error)
        })
    }

    pub(crate) async fn terminate_child(&mut self, id: &ChildId) -> Result<(), ChildError> {
        if self.index_of(id).is_none() {
            return Err(ChildError::NotFound);
        }
        if let Some(change) = self.stop_one(id).await {
            self.remember(id, change);
        }
        let mut table = self.supervisor.children().lock();
        if let Some(child) = table.children.get_mut(id) {
            // Whatever start or restart was to come is called off.
            child.spec.actor.give_up_waiting();
            child.life = Life::Terminated;
            if child.spec.restart == Restart::Temporary {
                table.children.remove(id);
            }
        }
        Ok(())
    }

    pub(crate) async fn restart_child(&mut self, id: &ChildId) -> Result<(), ChildError> {
        let restarts = {
            let mut table = self.supervisor.children().lock();
            let child = table.children.get_mut(id).ok_or(ChildError::NotFound)?;
            match child.life {
                Life::Terminated => {}
                Life::Restarting { .. } | Life::BackingOff(_) => {
                    return Err(ChildError::Restarting);
                }
                _ => return Err(ChildError::Running),
            }
            child.restarts += 1;
            child.restarts
        };
        let change = Change::Restarted { restarts };
        match self.start_one(id, change.clone()).await {
            Ok(()) => {
                self.remember(id, change);
                Ok(())
            }
            Err(error) => {
                // As in OTP, a child that fails to start by command stays terminated.
                if let Some(child) = self.supervisor.children().lock().children.get_mut(id) {
                    child.life = Life::Terminated;
                }
                Err(error.into())
            }
        }
    }

    pub(crate) fn delete_child(&mut self, id: &ChildId) -> Result<(), ChildError> {
        let mut table = self.supervisor.children().lock();
        match table.children.get(id).map(|child| &child.life) {
            None => Err(ChildError::NotFound),
            Some(Life::Terminated) => {
                table.children.remove(id);
                Ok(())
            }
            Some(Life::Restarting { .. } | Life::BackingOff(_)) => Err(ChildError::Restarting),
            Some(_) => Err(ChildError::Running),
        }
    }

    /// The first message for a child that starts when needed has come.
    pub(crate) async fn child_needed(
        &mut self,
        id: &ChildId,
    ) -> Result<(), ractor::ActorProcessingErr> {
        let spec = {
            let mut table = self.supervisor.children().lock();
            match table.children.get_mut(id) {
                Some(child) if matches!(child.life, Life::NotStarted) => {
                    child.life = Life::Terminated;
                    child.spec.clone()
                }
                _ => return Ok(()),
            }
        };
        match self.start_one(id, Change::Started).await {
            Ok(()) => Ok(()),
            Err(_) if spec.restart == Restart::Temporary => {
                spec.actor.give_up_waiting();
                self.supervisor.children().lock().children.remove(id);
                Ok(())
            }
            // It was promised at the supervisor's own start, so it counts like a restart that failed.
            Err(error) => self.restart(&spec, error.to_string().into()).await,
        }
    }
}
