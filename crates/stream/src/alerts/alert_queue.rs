use std::sync::Arc;

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Alert, AlertId, AlertKind, AlertSettings};
use stagedoor_store::StoreError;
use stagedoor_supervision::{ChildSpec, Observable, Worker};
use utoipa::ToSchema;

use super::{AlertReply, journal::Journal, state::State};
use crate::{Subscriber, UserContext};

/// The component's entry. Nobody needs it before there is an alert.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let queue = Worker::new(cx.alerts(), {
        let (cx, journal) = (cx.clone(), Journal::default());
        move || (AlertQueue, AlertQueueArgs { cx: cx.clone(), journal: journal.clone() })
    });
    ChildSpec::worker("alerts", queue).when_needed()
}

/// Shows one alert at a time.
pub struct AlertQueue;

/// Messages of [`AlertQueue`].
pub enum AlertQueueMsg {
    /// An alert was stored with its event. (cast)
    Enqueue(Arc<Alert>),
    /// Shows nothing more for now; what is on the overlays stays to its end. (call)
    Pause(AlertReply<()>),
    /// Goes on showing. (call)
    Resume(AlertReply<()>),
    /// Shows alerts with their sound or without. (call)
    SetMuted(bool, AlertReply<()>),
    /// Takes off what is on the overlays. (call)
    Skip(AlertReply<()>),
    /// Skips all that wait; answers how many. (call)
    Clear(AlertReply<usize>),
    /// Shows an alert once more, before the others; answers the new one's id. (call)
    Replay(AlertId, AlertReply<AlertId>),
    /// Shows a made-up alert; answers its id. (call)
    Test(AlertKind, AlertReply<AlertId>),
    /// The settings in the store are others. (cast)
    SettingsChanged,
    /// Nothing but a reason to start: alerts wait in the store. (cast)
    Wake,
    /// An alert may be in the store that was not announced. (cast)
    Reload,
    /// Sends the present state to this subscriber. (cast)
    Announce(Arc<dyn Subscriber>),
    /// Answers what is shown and what waits. (call)
    GetSnapshot(RpcReplyPort<AlertQueueSnapshot>),
    /// Its own: what a task has found, what a timer was set for.
    Done(Done),
}

/// What came of something that [`AlertQueue`] has begun itself.
pub struct Done(pub(super) Outcome);

pub(super) enum Outcome {
    /// Settings and alerts, as the store has them.
    Read(Box<AlertSettings>, Vec<Alert>),
    /// The alert that is to be shown once more.
    Found(AlertId, Result<Option<Box<Alert>>, StoreError>, AlertReply<AlertId>),
    /// It is time for the next step.
    TimeElapsed,
}

/// What [`AlertQueue`] shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertQueueSnapshot {
    /// The store is being read; nothing is shown before.
    pub loading: bool,
    /// What is on the overlays.
    pub showing: Option<ShowingAlert>,
    /// The first that wait, in the order in which they will be shown.
    pub waiting: Vec<Arc<Alert>>,
    /// How many wait.
    pub waiting_total: usize,
    /// Whether nothing new is shown for now.
    pub paused: bool,
    /// Whether alerts are shown without their sound.
    pub muted: bool,
    /// How many were shown to their end, since the actor's start.
    pub shown: u64,
    /// How many were skipped.
    pub skipped: u64,
    /// How many were dropped: too many waited, or they waited for too long.
    pub dropped: u64,
    /// How many went into earlier ones.
    pub merged: u64,
    /// How many changes are not saved yet.
    pub unsaved: usize,
}

/// An alert that is on the overlays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShowingAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// What a life of [`AlertQueue`] begins with.
pub struct AlertQueueArgs {
    pub(super) cx: UserContext,
    pub(super) journal: Journal,
}

impl Actor for AlertQueue {
    type Msg = AlertQueueMsg;
    type State = State;
    type Arguments = AlertQueueArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        args: AlertQueueArgs,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::start(args, myself))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            // An answer that nobody waits for any more is no failure.
            AlertQueueMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
            AlertQueueMsg::Done(Done(outcome)) => state.done(outcome),
            message => state.take(message),
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.write_last().await;
        Ok(())
    }
}

impl Observable for AlertQueueMsg {
    type Snapshot = AlertQueueSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
