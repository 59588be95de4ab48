use std::{fmt, sync::Arc, time::Duration};

use ractor::{ActorId, RpcReplyPort};

use crate::{
    address::{Address, AddressError, Wake},
    child::{BoxFuture, ChildActor, StartContext, Started, start},
    error::{ChildError, StartChildError, StartError},
    id::ChildId,
    spec::{ChildSpec, SupervisorSpec},
    supervisor::actor::{Supervisor, SupervisorArgs, SupervisorMsg},
    table::Children,
    view::{ChildCount, ChildHandle, ChildInfo, HistoryRecord, SupervisorHandle},
};

/// How long a command may take: the supervisor may first have to stop and start other children.
const COMMAND_LIMIT: Duration = Duration::from_mins(1);

/// A supervisor, through all its lives: put it into a tree by [`ChildSpec::supervisor`], and ask it by this handle.
#[derive(Clone)]
pub struct SupervisorRef(Arc<Shared>);

struct Shared {
    address: Address<SupervisorMsg>,
    children: Children,
    init: Box<dyn Fn() -> SupervisorSpec + Send + Sync>,
}

impl SupervisorRef {
    /// A supervisor whose specification `init` gives at each of its starts, as OTP's `init/1` callback does: children
    /// that were added or deleted since are as in the beginning after a restart.
    pub fn new(init: impl Fn() -> SupervisorSpec + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            address: Address::new(),
            children: Children::of_static(),
            init: Box::new(init),
        }))
    }

    /// Its children in start order.
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

    /// What happened to its children, the last 32 records, the oldest first. Survives restarts of the supervisor.
    #[must_use]
    pub fn history(&self) -> Vec<HistoryRecord> {
        self.0.children.history()
    }

    /// Adds a child after the others and starts it. One that fails to start is not added.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<(), StartChildError> {
        self.ask(|reply| SupervisorMsg::StartChild(spec, reply), StartChildError::SupervisorDown)
            .await
    }

    /// Stops a child and keeps its specification, unless it is temporary. It is not restarted until
    /// [`restart_child`](Self::restart_child).
    pub async fn terminate_child(&self, id: &str) -> Result<(), ChildError> {
        let id = ChildId::from(id.to_owned());
        self.ask(|reply| SupervisorMsg::TerminateChild(id, reply), ChildError::SupervisorDown).await
    }

    /// Starts a child that was terminated, or that ended and was not restarted.
    pub async fn restart_child(&self, id: &str) -> Result<(), ChildError> {
        let id = ChildId::from(id.to_owned());
        self.ask(|reply| SupervisorMsg::RestartChild(id, reply), ChildError::SupervisorDown).await
    }

    /// Forgets a child that does not run.
    pub async fn delete_child(&self, id: &str) -> Result<(), ChildError> {
        let id = ChildId::from(id.to_owned());
        self.ask(|reply| SupervisorMsg::DeleteChild(id, reply), ChildError::SupervisorDown).await
    }

    async fn ask<E: Send + 'static>(
        &self,
        message: impl FnOnce(RpcReplyPort<Result<(), E>>) -> SupervisorMsg,
        down: E,
    ) -> Result<(), E> {
        self.0.address.call(message, COMMAND_LIMIT).await.unwrap_or(Err(down))
    }

    pub(crate) fn as_child(&self) -> Arc<dyn ChildActor> {
        Arc::new(self.clone())
    }

    pub(crate) fn children(&self) -> &Children {
        &self.0.children
    }

    pub(crate) fn address(&self) -> &Address<SupervisorMsg> {
        &self.0.address
    }

    /// The specification for a new life.
    pub(crate) fn init(&self) -> SupervisorSpec {
        (self.0.init)()
    }
}

/// A start under way. One that is called off halfway has started children: ractor kills them, but not those that are
/// already stopping.
struct Unfinished<'children>(Option<&'children Children>);

impl Unfinished<'_> {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(children) = self.0 {
            children.kill_all();
        }
    }
}

impl ChildActor for SupervisorRef {
    fn start(&self, cx: StartContext) -> BoxFuture<Result<Started, StartError>> {
        let supervisor = self.clone();
        Box::pin(async move {
            let arguments = SupervisorArgs {
                supervisor: supervisor.clone(),
                path: cx.path(),
                lifecycle: cx.lifecycle,
            };
            let unfinished = Unfinished(Some(supervisor.children()));
            let started = start(Supervisor, arguments, cx.supervisor, supervisor.address()).await?;
            unfinished.finish();
            Ok(started)
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
        self.0.address.give_up_waiting();
    }

    fn snapshot(&self, _limit: Duration) -> BoxFuture<Result<serde_json::Value, AddressError>> {
        Box::pin(std::future::ready(Ok(SupervisorHandle::Static(self.clone()).to_json())))
    }

    fn supervisor(&self) -> Option<SupervisorHandle> {
        Some(SupervisorHandle::Static(self.clone()))
    }
}

impl fmt::Debug for SupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SupervisorRef").field(&self.0.children).finish()
    }
}
