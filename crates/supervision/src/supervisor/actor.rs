use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};

use crate::{
    error::{ChildError, StartChildError},
    exit,
    id::{ChildId, Path},
    lifecycle::Lifecycle,
    spec::ChildSpec,
    supervisor::{SupervisorRef, state::State},
};

/// The actor behind a [`SupervisorRef`].
pub(crate) struct Supervisor;

/// Messages of [`Supervisor`].
pub(crate) enum SupervisorMsg {
    /// Adds a child. (call)
    StartChild(ChildSpec, RpcReplyPort<Result<(), StartChildError>>),
    /// Stops a child. (call)
    TerminateChild(ChildId, RpcReplyPort<Result<(), ChildError>>),
    /// Starts a child that does not run. (call)
    RestartChild(ChildId, RpcReplyPort<Result<(), ChildError>>),
    /// Forgets a child that does not run. (call)
    DeleteChild(ChildId, RpcReplyPort<Result<(), ChildError>>),
    /// The first message for a child that starts when needed. (fact)
    ChildNeeded(ChildId),
    /// A restart that had failed, or had to wait, is due; `generation` guards against one that was overtaken. (timer)
    RestartDue { id: ChildId, generation: u64 },
}

/// What a [`Supervisor`] starts with.
pub(crate) struct SupervisorArgs {
    pub(crate) supervisor: SupervisorRef,
    pub(crate) path: Path,
    pub(crate) lifecycle: Lifecycle,
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = State;
    type Arguments = SupervisorArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::start(myself, args).await?)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        // Boxed: what a future may hold across an await is part of every idle actor's memory.
        Box::pin(state.handle(message)).await
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match exit::read(event) {
            Some((cell, report)) => Box::pin(state.child_exited(cell.get_id(), report)).await,
            None => Ok(()),
        }
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.shut_down().await;
        Ok(())
    }
}

impl State {
    async fn handle(&mut self, message: SupervisorMsg) -> Result<(), ActorProcessingErr> {
        // A caller that no longer waits for the answer has its command carried out all the same.
        match message {
            SupervisorMsg::StartChild(spec, reply) => {
                drop(reply.send(self.start_child(spec).await));
            }
            SupervisorMsg::TerminateChild(id, reply) => {
                drop(reply.send(self.terminate_child(&id).await));
            }
            SupervisorMsg::RestartChild(id, reply) => {
                drop(reply.send(self.restart_child(&id).await));
            }
            SupervisorMsg::DeleteChild(id, reply) => drop(reply.send(self.delete_child(&id))),
            SupervisorMsg::ChildNeeded(id) => self.child_needed(&id).await?,
            SupervisorMsg::RestartDue { id, generation } => {
                self.restart_due(&id, generation).await?;
            }
        }
        Ok(())
    }
}
