use std::sync::Arc;

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{EventId, SeriesPoint, StreamEvent};
use stagedoor_store::StoreError;
use stagedoor_supervision::{ChildSpec, Observable, Worker};
use utoipa::ToSchema;

use super::{minutes::minute_of, rolling::RollingCount, state::State};
use crate::UserContext;

/// The component's entry. Nobody needs it before there is something to count.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let collector = Worker::new(cx.metrics(), {
        let cx = cx.clone();
        move || (MetricsCollector, cx.clone())
    });
    ChildSpec::worker("metrics", collector).when_needed()
}

/// Counts what happens, for the dashboard and for the series in the store.
pub struct MetricsCollector;

/// Messages of [`MetricsCollector`].
#[derive(Debug)]
pub enum MetricsMsg {
    /// An event was stored. (fact)
    EventStored(Arc<StreamEvent>),
    /// An event that was stored before has other content now. (fact)
    EventRevised(Arc<StreamEvent>),
    /// Something was stored that could not be told. (cast)
    Recount {
        /// Since when.
        since: Timestamp,
    },
    /// A minute is over, or has been for a while. (timer)
    MinuteElapsed,
    /// Answers the numbers. (call)
    GetSnapshot(RpcReplyPort<MetricsSnapshot>),
    /// Its own: what the store has answered, what a timer was set for.
    Done(Done),
}

/// What came of something that [`MetricsCollector`] has begun itself.
#[derive(Debug)]
pub struct Done(pub(super) Outcome);

#[derive(Debug)]
pub(super) enum Outcome {
    /// The minutes since then, counted again from the store, and up to which event.
    Recounted { since: Timestamp, points: Vec<SeriesPoint>, up_to: Option<EventId> },
    /// The points since then were saved, or not.
    Saved { since: Timestamp, result: Result<(), StoreError> },
    /// It is time to tell whoever listens.
    PublishDue,
}

/// What [`MetricsCollector`] shows of itself: how often each thing happened lately, and the minute that is running.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MetricsSnapshot {
    /// Samples of viewers.
    pub viewer_samples: RollingCount,
    /// Messages in the chat.
    pub chat_messages: RollingCount,
    /// New followers.
    pub follows: RollingCount,
    /// Subscriptions.
    pub subscriptions: RollingCount,
    /// Donations.
    pub donations: RollingCount,
    /// Raids.
    pub raids: RollingCount,
    /// This minute so far, by platform and livestream.
    pub minute: Vec<SeriesPoint>,
    /// The minutes are being counted again from the store; what comes meanwhile is added when that is done.
    pub counting: bool,
}

impl Actor for MetricsCollector {
    type Msg = MetricsMsg;
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
            MetricsMsg::EventStored(event) => state.event_stored(event),
            MetricsMsg::EventRevised(event) => state.recount(minute_of(event.received_at)),
            MetricsMsg::Recount { since } => state.recount(minute_of(since)),
            MetricsMsg::MinuteElapsed => state.minute_elapsed(),
            // An answer that nobody waits for any more is no failure.
            MetricsMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
            MetricsMsg::Done(Done(outcome)) => state.done(outcome),
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.save_last().await;
        Ok(())
    }
}

impl Observable for MetricsMsg {
    type Snapshot = MetricsSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
