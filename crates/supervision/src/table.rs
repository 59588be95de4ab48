//! The table of a supervisor's children.
//!
//! The supervisor writes it; everybody may read it, so that looking at a tree asks no actor and finds even those that
//! are busy or stuck. It outlives the supervisor's actor: the next life finds in it what the last one left running.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use ractor::{ActorCell, ActorId};
use tokio::time::Instant;

use crate::{
    child::{ChildActor, Started},
    id::ChildId,
    life::{Child, Life},
    lifecycle::Change,
    roster::Roster,
    spec::{ChildType, Strategy},
    view::{ChildCount, ChildHandle, ChildInfo, ChildStatus, HistoryRecord},
};

/// How many records of history a supervisor keeps.
const HISTORY: usize = 32;

/// How long the leftovers of a supervisor's last life get to die of their kill. They are past asking; only code that
/// blocks its thread can take longer.
const REAP: Duration = Duration::from_secs(5);

/// A child that was killed with its supervisor, until it is known to be gone.
#[derive(Clone)]
pub(crate) struct Killed {
    pub(crate) cell: Option<ActorCell>,
    pub(crate) actor: Arc<dyn ChildActor>,
}

/// The children, and what has happened to them.
pub(crate) struct Table {
    pub(crate) children: Roster,
    pub(crate) strategy: Strategy,
    generations: u64,
    /// Boxed: nothing ever happens to most.
    past: Option<Box<Past>>,
}

/// What has happened to the children of a supervisor.
#[derive(Default)]
struct Past {
    history: VecDeque<(Timestamp, Option<ChildId>, Change)>,
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
        self.children.child_of(actor)
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
        self.children.has_actor(id, started.cell.get_id());
        if let Some(child) = self.children.get_mut(id) {
            child.life = Life::Running { started, since: Instant::now() };
        }
    }

    /// Writes down that the child's actor is gone.
    pub(crate) fn gone(&mut self, actor: ActorId) {
        self.children.actor_gone(actor);
    }

    /// Writes `change` into the history: of the child `id`, or of the supervisor itself.
    pub(crate) fn remember(&mut self, id: Option<&ChildId>, change: Change) {
        let history = &mut self.past().history;
        if history.len() == HISTORY {
            history.pop_front();
        }
        history.push_back((Timestamp::now(), id.cloned(), change));
    }

    fn past(&mut self) -> &mut Past {
        self.past.get_or_insert_default()
    }
}

/// The shared table.
pub(crate) struct Children(Mutex<Table>);

impl Children {
    pub(crate) fn of_static() -> Self {
        Self::new(Roster::few())
    }

    pub(crate) fn of_dynamic() -> Self {
        Self::new(Roster::many())
    }

    fn new(children: Roster) -> Self {
        let strategy = Strategy::OneForOne;
        Self(Mutex::new(Table { children, strategy, generations: 0, past: None }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing under the lock panics between two states of the table.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn strategy(&self) -> Strategy {
        self.lock().strategy
    }

    pub(crate) fn which_children(&self) -> Vec<ChildInfo> {
        self.lock().children.iter().map(Child::info).collect()
    }

    pub(crate) fn count_children(&self) -> ChildCount {
        let table = self.lock();
        let mut count = ChildCount { specs: table.children.len(), ..ChildCount::default() };
        for child in table.children.iter() {
            match child.spec.child_type {
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
        let table = self.lock();
        table.past.iter().flat_map(|past| &past.history).map(record).collect()
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
            let killed: Vec<_> = table.children.iter_mut().map(Child::kill).collect();
            if table.children.is_indexed() {
                table.children.clear();
            }
            let mut left = killed.iter().filter(|killed| killed.cell.is_some()).peekable();
            if left.peek().is_some() {
                table.past().killed.extend(left.cloned());
            }
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
        let killed = table.past.as_ref().map_or(0, |past| past.killed.len());
        table.children.known_actors() + killed
    }

    /// Waits until every actor that was killed, and those below it, are gone.
    pub(crate) async fn gone(&self) {
        self.gone_until(Instant::now() + REAP).await;
    }

    async fn gone_until(&self, deadline: Instant) {
        let killed = self.lock().past.as_ref().map(|past| past.killed.clone()).unwrap_or_default();
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
        if let Some(past) = &mut self.lock().past {
            past.killed = Vec::new();
        }
    }
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().children.iter().map(|child| &child.spec.id)).finish()
    }
}
