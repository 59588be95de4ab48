use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_cloudflare::Client;
use stagedoor_domain::{DestinationId, LivestreamId, StreamEvent};
use stagedoor_supervision::{ChildSpec, Observable, Worker};

use super::{
    CloudflareSnapshot, Wanted,
    state::{Outcome, State},
};
use crate::UserContext;

/// The component's entry, where Cloudflare is configured.
pub(crate) fn component(cx: &UserContext) -> Option<ChildSpec> {
    let client = cx.services().cloudflare.clone()?;
    let manager = Worker::new(cx.cloudflare(), {
        let cx = cx.clone();
        move || (CloudflareManager, (cx.clone(), client.clone()))
    });
    Some(ChildSpec::worker("cloudflare", manager))
}

/// Sees to a user's live input and its outputs.
pub struct CloudflareManager;

/// Messages of [`CloudflareManager`].
#[derive(Debug)]
pub enum CloudflareMsg {
    /// From now on this is wanted: it sees to it until it is so, and tells StreamStateServer of each destination. (cast)
    Want(Wanted),
    /// A platform has given the ingest of a destination, or has ended its side of it: the store knows. (fact, from
    /// PlatformManager)
    TargetsChanged,
    /// A platform does not, or not yet. (fact, from PlatformManager)
    TargetObstructed(TargetObstacle),
    /// An event about the live input was stored. (fact, from EventProcessor)
    InputEvent(Arc<StreamEvent>),
    /// Answers what it knows. (call)
    GetSnapshot(RpcReplyPort<CloudflareSnapshot>),
    /// Its own: what a task has found or done.
    Done(Done),
}

/// What keeps a platform from giving or ending its side of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetObstacle {
    /// Of which livestream.
    pub livestream: LivestreamId,
    /// Which destination.
    pub destination: DestinationId,
    /// What, for people.
    pub reason: Box<str>,
    /// It is not tried again for this livestream.
    pub is_final: bool,
}

/// What came of something that [`CloudflareManager`] has begun itself.
#[derive(Debug)]
pub struct Done(pub(super) Outcome);

impl Actor for CloudflareManager {
    type Msg = CloudflareMsg;
    type State = State;
    type Arguments = (UserContext, Client);

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        (cx, client): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::start(cx, client, myself))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CloudflareMsg::Want(wanted) => state.want(wanted),
            CloudflareMsg::TargetsChanged => state.targets_changed(),
            CloudflareMsg::TargetObstructed(obstacle) => state.target_obstructed(obstacle),
            CloudflareMsg::InputEvent(event) => state.input_event(&event),
            CloudflareMsg::Done(Done(outcome)) => state.done(outcome),
            CloudflareMsg::GetSnapshot(reply) => {
                // An answer that nobody waits for any more is no failure.
                drop(reply.send(state.snapshot()));
                return Ok(());
            }
        }
        state.drive();
        Ok(())
    }
}

impl Observable for CloudflareMsg {
    type Snapshot = CloudflareSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
