//! What a supervisor needs of a child, and workers, which are children that do work.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    time::Duration,
};

use ractor::{Actor, ActorCell, ActorId, Message, RpcReplyPort};
use serde::Serialize;

use crate::{
    address::{Address, AddressError, Wake},
    error::StartError,
    id::{ChildId, Path},
    lifecycle::Lifecycle,
    view::SupervisorHandle,
};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An actor that can be looked at: its messages include the question for a snapshot.
///
/// The inspector, the tests and the dashboard read the same one.
pub trait Observable: Message {
    /// What one sees: plain data.
    type Snapshot: Serialize + Send + 'static;

    /// The message that asks for it.
    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self;
}

/// Where a child starts: under whom, at which path, and who is told of its life.
pub(crate) struct StartContext {
    pub(crate) supervisor: ActorCell,
    pub(crate) parent: Path,
    pub(crate) id: ChildId,
    pub(crate) lifecycle: Lifecycle,
}

impl StartContext {
    /// The child's path. Made when asked for: workers do not need theirs.
    pub(crate) fn path(&self) -> Path {
        self.parent.child(self.id.clone())
    }
}

/// A child that has started.
#[derive(Clone)]
pub(crate) struct Started {
    pub(crate) cell: ActorCell,
    /// Its task, under which a panic's location is noted.
    pub(crate) task: tokio::task::Id,
}

/// What a supervisor needs of a child, whatever its messages are.
pub(crate) trait ChildActor: Send + Sync {
    /// Starts it, linked to the supervisor of the context, and points its address at it.
    fn start(&self, cx: StartContext) -> BoxFuture<Result<Started, StartError>>;

    /// It has exited: clears its address; a supervisor's children that outlived it are killed.
    fn exited(&self, actor: ActorId);

    /// It is to be started by the first message to its address.
    fn wait_for_need(&self, wake: Wake);

    /// It is not to be started any more.
    fn give_up_waiting(&self);

    /// Asks it for its snapshot.
    fn snapshot(&self, limit: Duration) -> BoxFuture<Result<serde_json::Value, AddressError>>;

    /// The supervisor that it is, if it is one.
    fn supervisor(&self) -> Option<SupervisorHandle> {
        None
    }
}

/// A worker: the address at which it is reached, and how to make it. `make` runs at every start, so that each life
/// begins with fresh arguments.
pub struct Worker<A: Actor, F> {
    address: Address<A::Msg>,
    make: F,
}

impl<A, F> Worker<A, F>
where
    A: Actor,
    A::Msg: Observable,
    F: Fn() -> (A, A::Arguments) + Send + Sync + 'static,
{
    /// A worker that is reached at `address` and made by `make`.
    pub fn new(address: &Address<A::Msg>, make: F) -> Self {
        Self { address: address.clone(), make }
    }
}

impl<A, F> ChildActor for Worker<A, F>
where
    A: Actor,
    A::Msg: Observable,
    F: Fn() -> (A, A::Arguments) + Send + Sync + 'static,
{
    fn start(&self, cx: StartContext) -> BoxFuture<Result<Started, StartError>> {
        // ractor catches panics of `pre_start`; those of `make` would be the supervisor's own.
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)()));
        let address = self.address.clone();
        Box::pin(async move {
            let (actor, arguments) = made.map_err(|panic| StartError::from_panic(&*panic))?;
            start(actor, arguments, cx.supervisor, &address).await
        })
    }

    fn exited(&self, actor: ActorId) {
        self.address.clear(actor);
    }

    fn wait_for_need(&self, wake: Wake) {
        self.address.wait_for_need(wake);
    }

    fn give_up_waiting(&self) {
        self.address.give_up_waiting();
    }

    fn snapshot(&self, limit: Duration) -> BoxFuture<Result<serde_json::Value, AddressError>> {
        let address = self.address.clone();
        Box::pin(async move {
            let snapshot = address.call(A::Msg::get_snapshot, limit).await?;
            // A snapshot that has no JSON form is our own mistake; say so in its place.
            Ok(serde_json::to_value(snapshot).unwrap_or_else(|error| error.to_string().into()))
        })
    }
}

/// Spawns an actor under its supervisor and points its address at it.
pub(crate) async fn start<A: Actor>(
    actor: A,
    arguments: A::Arguments,
    supervisor: ActorCell,
    address: &Address<A::Msg>,
) -> Result<Started, StartError> {
    let (actor, task) = A::spawn_linked(None, actor, arguments, supervisor)
        .await
        .map_err(StartError::from_spawn)?;
    address.point_at(&actor);
    Ok(Started { cell: actor.get_cell(), task: task.id() })
}
