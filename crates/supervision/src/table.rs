//! The table of a supervisor's children.
//!
//! The supervisor writes it; everybody may read it, so that looking at a tree asks no actor and finds even those that
//! are busy or stuck. It outlives the supervisor's actor: the next life finds in it what the last one left running.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indexmap::IndexMap;
use jiff::Timestamp;
use ractor::{ActorCell, ActorId};
use tokio::{sync::oneshot, task::AbortHandle, time::Instant};

use crate::{
    child::{ChildActor, Started},
    error::StartChildError,
    exit::Exit,
    id::ChildId,
    lifecycle::Change,
    spec::{ChildSpec, ChildType, Strategy},
    view::{ChildCount, ChildHandle, ChildInfo, ChildStatus, HistoryRecord, LastExit},
};

/// How many records of history a supervisor keeps.
const HISTORY: usize = 32;

/// How long the leftovers of a supervisor's last life get to die of their kill. They are past asking; only code that
/// blocks its thread can take longer.
const REAP: Duration = Duration::from_secs(5);

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
    /// Its restart waits for `timer`.
    BackingOff { until: Instant, reason: Arc<str>, timer: AbortHandle },
    /// Was asked to stop.
    Stopping { started: Started, stop: Box<Stop> },
    /// Ended; the specification is kept.
    Terminated,
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

    fn status(&self) -> ChildStatus {
        match &self.life {
            Life::NotStarted => ChildStatus::NotStarted,
            Life::Starting { .. } => ChildStatus::Starting,
            Life::Running { since, .. } => {
                ChildStatus::Running { uptime_ms: milliseconds(since.elapsed()) }
            }
            Life::Restarting { reason } => ChildStatus::Restarting { reason: Arc::clone(reason) },
            Life::BackingOff { until, reason, .. } => ChildStatus::BackingOff {
                remaining_ms: milliseconds(until.saturating_duration_since(Instant::now())),
                reason: Arc::clone(reason),
            },
            Life::Stopping { .. } => ChildStatus::Stopping,
            Life::Terminated => ChildStatus::Terminated,
        }
    }

    fn child_type(&self) -> ChildType {
        if self.spec.actor.supervisor().is_some() {
            ChildType::Supervisor
        } else {
            ChildType::Worker
        }
    }

    fn info(&self) -> ChildInfo {
        ChildInfo {
            id: self.spec.id.to_string(),
            child_type: self.child_type(),
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
    fn kill(&mut self) -> Killed {
        let cell = self.started().map(|started| started.cell.clone());
        if let Some(cell) = &cell {
            cell.kill();
        }
        if let Life::BackingOff { timer, .. } = &self.life {
            timer.abort();
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
        self.life = Life::BackingOff { until, reason, timer: timer.abort_handle() };
        Some(delay)
    }
}

/// A child that was killed with its supervisor, until it is known to be gone.
#[derive(Clone)]
struct Killed {
    cell: Option<ActorCell>,
    actor: Arc<dyn ChildActor>,
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The children by id, in start order, and what has happened to them.
pub(crate) struct Table {
    pub(crate) children: IndexMap<ChildId, Child>,
    pub(crate) strategy: Strategy,
    /// Only a dynamic supervisor has so many children that a search would cost.
    by_actor: Option<HashMap<ActorId, ChildId>>,
    history: VecDeque<(Timestamp, Option<ChildId>, Change)>,
    generations: u64,
    /// What a life of the supervisor that did not end gracefully has left.
    killed: Vec<Killed>,
}

impl Table {
    /// A number that no start had before.
    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generations += 1;
        self.generations
    }

    /// Whose actor it is. Nobody's, when the event is older than the child's present life.
    pub(crate) fn child_of(&self, actor: ActorId) -> Option<ChildId> {
        if let Some(by_actor) = &self.by_actor {
            return by_actor.get(&actor).cloned();
        }
        self.children
            .values()
            .find(|child| child.started().is_some_and(|started| started.cell.get_id() == actor))
            .map(|child| child.spec.id.clone())
    }

    /// Writes down that the start numbered `generation` has made an actor. Says whether it is still wanted.
    pub(crate) fn begun(&mut self, id: &ChildId, generation: u64, actor: &Started) -> bool {
        match self.children.get_mut(id) {
            Some(Child { life: Life::Starting { started, .. }, generation: current, .. })
                if *current == generation =>
            {
                *started = Some(actor.clone());
                true
            }
            _ => false,
        }
    }

    /// Writes down that the child runs.
    pub(crate) fn runs(&mut self, id: &ChildId, started: Started) {
        if let Some(by_actor) = &mut self.by_actor {
            by_actor.insert(started.cell.get_id(), id.clone());
        }
        if let Some(child) = self.children.get_mut(id) {
            child.life = Life::Running { started, since: Instant::now() };
        }
    }

    /// Writes down that the child's actor is gone.
    pub(crate) fn gone(&mut self, actor: ActorId) {
        if let Some(by_actor) = &mut self.by_actor {
            by_actor.remove(&actor);
        }
    }

    /// Writes `change` into the history: of the child `id`, or of the supervisor itself.
    pub(crate) fn remember(&mut self, id: Option<&ChildId>, change: Change) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((Timestamp::now(), id.cloned(), change));
    }
}

/// The shared table.
pub(crate) struct Children(Mutex<Table>);

impl Children {
    pub(crate) fn of_static() -> Self {
        Self::new(None)
    }

    pub(crate) fn of_dynamic() -> Self {
        Self::new(Some(HashMap::new()))
    }

    fn new(by_actor: Option<HashMap<ActorId, ChildId>>) -> Self {
        Self(Mutex::new(Table {
            children: IndexMap::new(),
            strategy: Strategy::OneForOne,
            by_actor,
            history: VecDeque::new(),
            generations: 0,
            killed: Vec::new(),
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing under the lock panics between two states of the table.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn strategy(&self) -> Strategy {
        self.lock().strategy
    }

    pub(crate) fn which_children(&self) -> Vec<ChildInfo> {
        self.lock().children.values().map(Child::info).collect()
    }

    pub(crate) fn count_children(&self) -> ChildCount {
        let table = self.lock();
        let mut count = ChildCount { specs: table.children.len(), ..ChildCount::default() };
        for child in table.children.values() {
            match child.child_type() {
                ChildType::Supervisor => count.supervisors += 1,
                ChildType::Worker => count.workers += 1,
            }
            count.active += usize::from(matches!(child.life, Life::Running { .. }));
        }
        count
    }

    pub(crate) fn history(&self) -> Vec<HistoryRecord> {
        let record = |(at, child, change): &(Timestamp, Option<ChildId>, Change)| HistoryRecord {
            at: *at,
            child: child.as_ref().map(ToString::to_string).unwrap_or_default(),
            change: change.clone(),
        };
        self.lock().history.iter().map(record).collect()
    }

    pub(crate) fn child(&self, id: &str) -> Option<ChildHandle> {
        let table = self.lock();
        let child = table.children.get(id)?;
        Some(ChildHandle {
            info: child.info(),
            spec: child.spec.clone(),
            cell: child.started().map(|started| started.cell.clone()),
        })
    }

    /// Where one child stands.
    pub(crate) fn status(&self, id: &str) -> Option<ChildStatus> {
        self.lock().children.get(id).map(Child::status)
    }

    /// Kills every actor that is left, and those below it. For a supervisor whose actor has ended: its addresses are
    /// cleared, and a dynamic one's children are forgotten.
    ///
    /// When a supervisor's actor dies otherwise than by a graceful stop, ractor kills its children, but not those that
    /// are draining or in their `post_stop`: they would live on as orphans.
    pub(crate) fn kill_all(&self) {
        let killed: Vec<_> = {
            let mut table = self.lock();
            let killed: Vec<_> = table.children.values_mut().map(Child::kill).collect();
            if let Some(by_actor) = &mut table.by_actor {
                by_actor.clear();
                table.children.clear();
            }
            let left = killed.iter().filter(|killed| killed.cell.is_some()).cloned();
            table.killed.extend(left);
            killed
        };
        for Killed { cell, actor } in killed {
            actor.give_up_waiting();
            match (cell, actor.supervisor()) {
                (Some(cell), _) => actor.exited(cell.get_id()),
                (None, Some(supervisor)) => supervisor.children().kill_all(),
                (None, None) => {}
            }
        }
    }

    /// Kills what the last life left, waits until it is gone, and forgets it.
    pub(crate) async fn reap(&self) {
        self.kill_all();
        self.gone().await;
        self.lock().children.clear();
    }

    /// How many actors it still knows.
    #[cfg(test)]
    pub(crate) fn known_actors(&self) -> usize {
        let table = self.lock();
        table.by_actor.as_ref().map_or(0, HashMap::len) + table.killed.len()
    }

    /// Waits until every actor that was killed, and those below it, are gone.
    pub(crate) async fn gone(&self) {
        self.gone_until(Instant::now() + REAP).await;
    }

    async fn gone_until(&self, deadline: Instant) {
        let (killed, below) = {
            let table = self.lock();
            let below = table.children.values().filter_map(|child| child.spec.actor.supervisor());
            (table.killed.clone(), below.collect::<Vec<_>>())
        };
        for supervisor in below {
            // Itself gone, but it may have been killed, and what it had left may not be gone.
            Box::pin(supervisor.children().gone_until(deadline)).await;
        }
        for Killed { cell, actor } in killed {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(cell) = cell
                && cell.wait(Some(left)).await.is_err()
            {
                tracing::error!(actor = "supervision", id = %cell.get_id(), "a killed actor blocks its thread");
            }
            if let Some(supervisor) = actor.supervisor() {
                // It may have started somebody between its kill and its end.
                supervisor.children().kill_all();
                // The recursion needs a box; it runs after a crash only.
                Box::pin(supervisor.children().gone_until(deadline)).await;
            }
        }
        self.lock().killed = Vec::new();
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().children.keys()).finish()
    }
}
