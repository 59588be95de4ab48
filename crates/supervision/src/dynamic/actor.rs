use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::{
    child::Started,
    dynamic::{DynamicSupervisorRef, state::State},
    error::StartError,
    exit,
    id::{ChildId, Path},
    life::StartReply,
    lifecycle::Lifecycle,
};

/// The actor behind a [`DynamicSupervisorRef`].
pub(crate) struct DynamicSupervisor;

/// Messages of [`DynamicSupervisor`]. A `generation` names the start that is meant: the child may have been terminated
/// since, and started anew.
pub(crate) enum DynamicSupervisorMsg {
    /// The child is in the table and is to be started.
    Start { id: ChildId, generation: u64, reply: StartReply },
    /// The start is over. (fact)
    StartEnded { id: ChildId, result: Result<Started, StartError>, reply: StartReply },
    /// A restart that had to wait is due. (timer)
    RestartDue { id: ChildId, generation: u64 },
}

/// What a [`DynamicSupervisor`] starts with.
pub(crate) struct DynamicSupervisorArgs {
    pub(crate) supervisor: DynamicSupervisorRef,
    pub(crate) path: Path,
    pub(crate) lifecycle: Lifecycle,
}

impl Actor for DynamicSupervisor {
    type Msg = DynamicSupervisorMsg;
    type State = State;
    type Arguments = DynamicSupervisorArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        args.supervisor.reap().await;
        Ok(State::new(myself, args))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            DynamicSupervisorMsg::Start { id, generation, reply } => {
                state.start_child(&id, generation, reply);
            }
            DynamicSupervisorMsg::StartEnded { id, result, reply } => {
                if let Err(error) = state.start_ended(&id, result, reply) {
                    return Box::pin(state.give_up(error)).await;
                }
            }
            DynamicSupervisorMsg::RestartDue { id, generation } => {
                state.restart_due(&id, generation);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some((cell, report)) = exit::read(event)
            && let Err(error) = state.child_exited(cell.get_id(), report)
        {
            return Box::pin(state.give_up(error)).await;
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.stop_all().await;
        Ok(())
    }
}
