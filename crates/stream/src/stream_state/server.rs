use std::sync::Arc;

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_domain::{
    Destination, DestinationId, DestinationStatus, Livestream, LivestreamId, Metadata, Statistics,
    StreamEvent,
};
use stagedoor_store::StoreError;
use stagedoor_supervision::{ChildSpec, Observable, Worker};

use super::{StreamCommandError, StreamStateSnapshot, state::State};
use crate::{Subscriber, UserContext};

/// The component's entry.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let server = Worker::new(cx.stream_state(), {
        let cx = cx.clone();
        move || (StreamStateServer, cx.clone())
    });
    ChildSpec::worker("stream_state", server)
}

/// Where a command's answer goes.
pub(super) type Answer = RpcReplyPort<Result<(), StreamCommandError>>;

/// Keeps the state of a user's stream and sees to it that the world follows.
pub struct StreamStateServer;

/// Messages of [`StreamStateServer`].
pub enum StreamStateMsg {
    /// Starts a livestream to these destinations. Answered when that is saved: from then on a crash does not undo it.
    /// (call)
    Start {
        /// Where to.
        destinations: Vec<DestinationId>,
        /// The answer.
        reply: Answer,
    },
    /// Ends the livestream. Answered when that is saved: from then on a crash does not undo it. (call)
    Stop(Answer),
    /// Changes what the stream is called and about. Answered when it is saved. (call)
    SetMetadata(Metadata, Answer),
    /// An event was stored. (fact, from EventProcessor)
    EventStored(Arc<StreamEvent>),
    /// Cloudflare says so of the encoder. (fact, from CloudflareManager)
    EncoderSeen {
        /// Whether it is connected.
        connected: bool,
        /// Since when, by Cloudflare's clock.
        at: Timestamp,
    },
    /// What became of a destination. (fact, from CloudflareManager)
    DestinationChanged {
        /// Of which livestream.
        livestream: LivestreamId,
        /// Which.
        destination: DestinationId,
        /// What it is now.
        status: DestinationStatus,
    },
    /// CloudflareManager or a PlatformManager has begun a new life and asks what is wanted. (cast)
    AskWanted,
    /// Sends the present state to this subscriber. (cast)
    Announce(Arc<dyn Subscriber>),
    /// Answers the state. (call)
    GetSnapshot(RpcReplyPort<StreamStateSnapshot>),
    /// Its own: what a task has found or done, what a timer was set for.
    Done(Done),
}

/// What came of something that [`StreamStateServer`] has begun itself.
pub struct Done(pub(super) Outcome);

pub(super) enum Outcome {
    /// What was before has been read.
    Loaded(Box<Loaded>),
    /// The destinations of the user, for a start.
    DestinationsRead {
        chosen: Vec<DestinationId>,
        known: Result<Vec<Destination>, StoreError>,
        reply: Answer,
    },
    LivestreamSaved(Livestream, Result<(), StoreError>),
    MetadataSaved(Result<(), StoreError>),
    /// The encoder has been gone for too long.
    DeadlineElapsed,
    /// Counts have changed a while ago and are to be published.
    StatisticsDue,
}

/// What the store has of a stream.
pub(super) struct Loaded {
    pub(super) metadata: Metadata,
    /// The livestream that has not ended, what it counts, and up to which event that is.
    pub(super) open: Option<(Livestream, Statistics, Option<stagedoor_domain::EventId>)>,
    /// Alerts of an earlier life of the tree, or of events that came while there was none.
    pub(super) alerts_wait: bool,
    /// The user has connected accounts on platforms.
    pub(super) has_accounts: bool,
}

impl Actor for StreamStateServer {
    type Msg = StreamStateMsg;
    type State = State;
    type Arguments = UserContext;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        cx: UserContext,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::start(cx, myself))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            StreamStateMsg::Start { destinations, reply } => state.start_asked(destinations, reply),
            StreamStateMsg::Stop(reply) => state.stop(reply),
            StreamStateMsg::SetMetadata(metadata, reply) => state.set_metadata(metadata, reply),
            StreamStateMsg::EventStored(event) => state.event_stored(event),
            StreamStateMsg::EncoderSeen { connected, at } => state.encoder_seen(connected, at),
            StreamStateMsg::DestinationChanged { livestream, destination, status } => {
                state.destination_changed(livestream, &destination, status);
            }
            StreamStateMsg::AskWanted => state.tell_wanted_again(),
            StreamStateMsg::Announce(subscriber) => state.announce(&*subscriber),
            // An answer that nobody waits for any more is no failure.
            StreamStateMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
            StreamStateMsg::Done(Done(outcome)) => state.done(outcome),
        }
        Ok(())
    }
}

impl Observable for StreamStateMsg {
    type Snapshot = StreamStateSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
