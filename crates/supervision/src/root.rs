//! The root of a tree: the one actor without a supervisor.

use std::time::Duration;

use ractor::{Actor, ActorCell};

use crate::{
    child::ChildActor,
    error::StartError,
    id::Path,
    lifecycle::Lifecycle,
    steps,
    supervisor::{Supervisor, SupervisorArgs, SupervisorRef},
    view::{ChildHandle, SupervisorHandle},
};

/// A running tree. Whoever holds it stops it by [`Root::stop`]; dropping it stops nothing.
#[derive(Debug)]
pub struct Root {
    supervisor: SupervisorRef,
    lifecycle: Lifecycle,
    cell: ActorCell,
}

impl Root {
    /// Starts `supervisor` as the root of a tree that reports to `lifecycle`.
    pub async fn start(
        supervisor: SupervisorRef,
        lifecycle: Lifecycle,
    ) -> Result<Self, StartError> {
        let arguments = SupervisorArgs {
            supervisor: supervisor.clone(),
            path: Path::root(),
            lifecycle: lifecycle.clone(),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the root is the one actor without a supervisor"
        )]
        let spawned = Supervisor::spawn(None, Supervisor, arguments).await;
        let (actor, _task) = spawned.map_err(StartError::from_spawn)?;
        supervisor.address().point_at(&actor);
        Ok(Self { supervisor, lifecycle, cell: actor.get_cell() })
    }

    /// The root supervisor.
    #[must_use]
    pub fn supervisor(&self) -> &SupervisorRef {
        &self.supervisor
    }

    /// The actor at the root.
    #[cfg(test)]
    pub(crate) fn cell(&self) -> &ActorCell {
        &self.cell
    }

    /// Where the tree reports.
    #[must_use]
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Waits until the root has ended, whatever ended it.
    pub async fn ended(&self) {
        // Without a limit it cannot time out.
        let _ = self.cell.wait(None).await;
    }

    /// Stops the tree gracefully, right to left. Says whether it ended within `limit`; otherwise what is left of it is
    /// killed.
    pub async fn stop(&self, limit: Duration) -> bool {
        self.cell.stop(Some(crate::SHUTDOWN.into()));
        let in_time = self.cell.wait(Some(limit)).await.is_ok();
        if !in_time {
            steps::kill(&self.cell).await;
        }
        ChildActor::exited(&self.supervisor, self.cell.get_id());
        self.supervisor.children().reap().await;
        in_time
    }
}

/// Walking a tree by path.
impl SupervisorHandle {
    /// The child at `path`, ids joined by `/`, seen from this supervisor.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<ChildHandle> {
        let (parent, id) = self.parent_of(path)?;
        parent.child(id)
    }

    /// The supervisor whose child is at `path`, and the child's id. The child itself need not exist.
    #[must_use]
    pub fn parent_of<'path>(&self, path: &'path str) -> Option<(Self, &'path str)> {
        let (parents, id) = path.rsplit_once('/').unwrap_or(("", path));
        let mut supervisor = self.clone();
        for id in parents.split('/').filter(|id| !id.is_empty()) {
            supervisor = supervisor.child(id)?.supervisor()?;
        }
        Some((supervisor, id))
    }
}
