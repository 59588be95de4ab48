use std::{fmt, sync::Arc, time::Duration};

use ractor::ActorId;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::{
    address::{Address, AddressError, Wake},
    child::{BoxFuture, ChildActor, StartContext, Started, start},
    dynamic::actor::{DynamicSupervisor, DynamicSupervisorArgs, DynamicSupervisorMsg},
    error::{ChildError, StartChildError, StartError},
    life::{Child, Life, StartReply, Stop},
    spec::{AutoShutdown, ChildSpec, DynamicSupervisorSpec, Shutdown},
    steps,
    table::{Children, Table},
    view::{
        ChildCount, ChildHandle, ChildInfo, ChildStatus, HistoryRecord, Outlook, SupervisorHandle,
    },
};

/// A dynamic supervisor, through all its lives: put it into a tree by [`ChildSpec::dynamic_supervisor`], and ask it by
/// this handle. It starts without children, and a restart forgets those it had, as in OTP.
#[derive(Clone)]
pub struct DynamicSupervisorRef(Arc<Shared>);

struct Shared {
    address: Address<DynamicSupervisorMsg>,
    children: Children,
    spec: DynamicSupervisorSpec,
    /// The starts under way.
    starts: TaskTracker,
}

/// Reading.
impl DynamicSupervisorRef {
    /// A dynamic supervisor with these limits.
    #[must_use]
    pub fn new(spec: DynamicSupervisorSpec) -> Self {
        let (address, children) = (Address::new(), Children::of_dynamic());
        Self(Arc::new(Shared { address, children, spec, starts: TaskTracker::new() }))
    }

    /// Its children, in no order that means anything.
    #[must_use]
    pub fn which_children(&self) -> Vec<ChildInfo> {
        self.0.children.which_children()
    }

    /// How many there are.
    #[must_use]
    pub fn count_children(&self) -> ChildCount {
        self.0.children.count_children()
    }

    /// One child.
    #[must_use]
    pub fn child(&self, id: &str) -> Option<ChildHandle> {
        self.0.children.child(id)
    }

    /// Where one child stands; `None` when there is no such child.
    #[must_use]
    pub fn status(&self, id: &str) -> Option<ChildStatus> {
        self.0.children.status(id)
    }

    /// What is to be expected of one child.
    #[must_use]
    pub fn outlook(&self, id: &str) -> Outlook {
        let table = self.0.children.lock();
        match table.children.get(id).map(|child| &child.life) {
            None => Outlook::Absent,
            Some(Life::Stopping { stop, .. } | Life::Starting { cancelled: Some(stop), .. })
                if stop.then.is_none() =>
            {
                Outlook::Ends
            }
            Some(_) => Outlook::Lives,
        }
    }

    /// Whether its actor is there to carry out commands.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.address.current().is_some()
    }

    /// The ids of all children, stopping and backing off included.
    #[must_use]
    pub fn ids(&self) -> Vec<crate::ChildId> {
        self.0.children.lock().children.iter().map(|child| child.spec.id.clone()).collect()
    }

    /// What happened to its children, the last 32 records, the oldest first. Survives restarts of the supervisor.
    #[must_use]
    pub fn history(&self) -> Vec<HistoryRecord> {
        self.0.children.history()
    }
}

/// Commands. What they decide is in the table when they return; those that are `async` also wait until it is done.
impl DynamicSupervisorRef {
    /// Starts a child and waits until it runs. One that fails to start is not added, unless it has a
    /// [`Backoff`](crate::Backoff): that one is tried again, and the first failure is returned.
    ///
    /// While a child of that id is stopping, the new one is started after it has ended.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<(), StartChildError> {
        let (reply, started) = oneshot::channel();
        self.admit(spec, Some(reply))?;
        started.await.unwrap_or(Err(StartChildError::SupervisorDown))
    }

    /// As [`start_child`](Self::start_child), without waiting.
    pub fn request_start(&self, spec: ChildSpec) -> Result<(), StartChildError> {
        self.admit(spec, None)
    }

    /// Stops a child, forgets it, and waits until it has ended. A restart that was to come is called off; a start that is
    /// under way is waited for, and the child then stopped.
    pub async fn terminate_child(&self, id: &str) -> Result<(), ChildError> {
        let (ended, end) = oneshot::channel();
        self.stop(id, Stop { then: None, waiting: vec![ended] })?;
        // Dropped unanswered when the supervisor went down: then the child did, too.
        let _ = end.await;
        Ok(())
    }

    /// As [`terminate_child`](Self::terminate_child), without waiting.
    pub fn request_stop(&self, id: &str) -> Result<(), ChildError> {
        self.stop(id, Stop::default())
    }

    /// Stops a child gracefully, starts it again, and waits until it runs.
    pub async fn renew_child(&self, id: &str) -> Result<(), ChildError> {
        let spec = self.child(id).ok_or(ChildError::NotFound)?.spec;
        let (reply, started) = oneshot::channel();
        self.stop(id, Stop { then: Some((spec, Some(reply))), waiting: Vec::new() })?;
        match started.await {
            Ok(Err(StartChildError::Start(error))) => Err(error.into()),
            Ok(_) => Ok(()),
            Err(_) => Err(ChildError::SupervisorDown),
        }
    }

    fn admit(&self, spec: ChildSpec, reply: StartReply) -> Result<(), StartChildError> {
        spec.validate(AutoShutdown::Never)?;
        let mut table = self.0.children.lock();
        if let Some(child) = table.children.get_mut(&spec.id) {
            return match &mut child.life {
                Life::Stopping { stop, .. } | Life::Starting { cancelled: Some(stop), .. }
                    if stop.then.is_none() =>
                {
                    stop.then = Some((spec, reply));
                    Ok(())
                }
                _ => Err(StartChildError::AlreadyStarted),
            };
        }
        if let Some(limit) = self.0.spec.max_children
            && table.children.len() >= limit
        {
            return Err(StartChildError::MaxChildren { limit });
        }
        self.enter(&mut table, spec, reply)
    }

    /// Writes the child into the table and has its start begun.
    pub(crate) fn enter(
        &self,
        table: &mut Table,
        spec: ChildSpec,
        reply: StartReply,
    ) -> Result<(), StartChildError> {
        let (id, generation) = (spec.id.clone(), table.next_generation());
        let mut child = Child::new(spec, Life::Starting { cancelled: None, started: None });
        child.generation = generation;
        table.children.insert(child);
        let start = DynamicSupervisorMsg::Start { id: id.clone(), generation, reply };
        self.0.address.cast(start).map_err(|_| {
            table.children.remove(&id);
            StartChildError::SupervisorDown
        })
    }

    fn stop(&self, id: &str, stop: Stop) -> Result<(), ChildError> {
        let mut table = self.0.children.lock();
        let child = table.children.get_mut(id).ok_or(ChildError::NotFound)?;
        match &mut child.life {
            Life::Running { started, .. } => {
                let started = started.clone();
                ask_to_stop(&started, child.spec.limits.shutdown());
                child.life = Life::Stopping { started, stop: Box::new(stop) };
            }
            Life::Stopping { stop: earlier, .. }
            | Life::Starting { cancelled: Some(earlier), .. } => {
                if let Some((_, Some(reply))) = std::mem::replace(&mut earlier.then, stop.then) {
                    // Whoever asked for the start that was to follow may have left.
                    let _ = reply.send(Err(StartError::Terminated.into()));
                }
                earlier.waiting.extend(stop.waiting);
            }
            Life::Starting { cancelled, .. } => *cancelled = Some(Box::new(stop)),
            Life::BackingOff(waits) => {
                waits.call_off();
                self.finish(&mut table, id, stop);
            }
            Life::NotStarted | Life::Restarting { .. } | Life::Terminated => {
                self.finish(&mut table, id, stop);
            }
        }
        Ok(())
    }

    /// The child's actor is gone: forgets it, tells who waited, and starts what was to follow.
    pub(crate) fn finish(&self, table: &mut Table, id: &str, stop: Stop) {
        table.children.remove(id);
        for waiting in stop.waiting {
            // Whoever waited may have left.
            let _ = waiting.send(());
        }
        if let Some((spec, reply)) = stop.then {
            // The supervisor may have gone down; then the dropped `reply` says so.
            let _ = self.enter(table, spec, reply);
        }
    }

    /// Kills what the last life left and waits until it is gone. What was admitted while the supervisor waited to be
    /// needed is not of it.
    pub(crate) async fn reap(&self) {
        if !self.0.address.is_waiting() {
            self.0.children.kill_all();
        }
        self.0.children.gone().await;
        // They are called off: the state of the last life, when it was dropped, has seen to that.
        self.0.starts.close();
        self.0.starts.wait().await;
        self.0.starts.reopen();
    }

    pub(crate) fn starts(&self) -> &TaskTracker {
        &self.0.starts
    }

    pub(crate) fn spec(&self) -> DynamicSupervisorSpec {
        self.0.spec
    }

    pub(crate) fn children(&self) -> &Children {
        &self.0.children
    }

    pub(crate) fn as_child(&self) -> Arc<dyn ChildActor> {
        Arc::new(self.clone())
    }
}

/// Asks the child to stop; its exit tells when it has. One that has a limit is killed after it.
pub(crate) fn ask_to_stop(started: &Started, shutdown: Shutdown) {
    match shutdown {
        Shutdown::BrutalKill => started.cell.kill(),
        Shutdown::Infinity => started.cell.stop(Some(crate::SHUTDOWN.into())),
        Shutdown::Timeout(_) => {
            let cell = started.cell.clone();
            tokio::spawn(async move { steps::stop(&cell, shutdown).await });
        }
    }
}

impl ChildActor for DynamicSupervisorRef {
    fn start(&self, cx: StartContext) -> BoxFuture<Result<Started, StartError>> {
        let supervisor = self.clone();
        Box::pin(async move {
            let arguments = DynamicSupervisorArgs {
                supervisor: supervisor.clone(),
                path: cx.path(),
                lifecycle: cx.lifecycle,
            };
            start(DynamicSupervisor, arguments, cx.supervisor, &supervisor.0.address).await
        })
    }

    fn exited(&self, actor: ActorId) {
        self.0.address.clear(actor);
        self.0.children.kill_all();
    }

    fn wait_for_need(&self, wake: Wake) {
        self.0.address.wait_for_need(wake);
    }

    fn give_up_waiting(&self) {
        if self.0.address.is_waiting() {
            self.0.address.give_up_waiting();
            self.0.children.kill_all();
        }
    }

    fn snapshot(&self, _limit: Duration) -> BoxFuture<Result<serde_json::Value, AddressError>> {
        Box::pin(std::future::ready(Ok(SupervisorHandle::Dynamic(self.clone()).to_json())))
    }

    fn supervisor(&self) -> Option<SupervisorHandle> {
        Some(SupervisorHandle::Dynamic(self.clone()))
    }
}

impl fmt::Debug for DynamicSupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicSupervisorRef").field(&self.0.children).finish()
    }
}
