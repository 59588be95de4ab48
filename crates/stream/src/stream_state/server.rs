use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_supervision::{Address, AddressError, ChildSpec, Observable, Worker};
use tokio::sync::broadcast;

use super::state::{Engagement, Outcome, StreamChange, StreamCommandError, StreamStateSnapshot};
use crate::{MetricsMsg, UserContext};

/// How many changes a slow watcher may lag behind before it misses some.
const BACKLOG: usize = 64;

/// The component's entry.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let metrics = cx.metrics().clone();
    let server = Worker::new(cx.stream_state(), move || (StreamStateServer, metrics.clone()));
    ChildSpec::worker("stream_state", server)
}

/// Keeps the state of a user's stream and publishes its changes.
pub struct StreamStateServer;

/// Messages of [`StreamStateServer`].
#[derive(Debug)]
pub enum StreamStateMsg {
    /// Goes on air. (call)
    GoLive(RpcReplyPort<Result<(), StreamCommandError>>),
    /// Goes off air. (call)
    End(RpcReplyPort<Result<(), StreamCommandError>>),
    /// Changes the title. (call)
    SetTitle(String, RpcReplyPort<Result<(), StreamCommandError>>),
    /// Sets the number of viewers. (cast)
    SetViewers(u32),
    /// Counts something that a viewer did. (cast)
    CountEngagement(Engagement),
    /// Answers a receiver of the changes to come. It closes when the server ends; then watch again. (call)
    Watch(RpcReplyPort<broadcast::Receiver<StreamChange>>),
    /// Answers the state. (call)
    GetSnapshot(RpcReplyPort<StreamStateSnapshot>),
}

/// What it knows.
pub struct State {
    stream: StreamStateSnapshot,
    metrics: Address<MetricsMsg>,
    /// Made for the first watcher: most users have none.
    watchers: Option<broadcast::Sender<StreamChange>>,
}

impl Actor for StreamStateServer {
    type Msg = StreamStateMsg;
    type State = State;
    type Arguments = Address<MetricsMsg>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        metrics: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { stream: StreamStateSnapshot::default(), metrics, watchers: None })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        // An answer that nobody waits for any more is no failure.
        match message {
            StreamStateMsg::GoLive(reply) => {
                let outcome = state.stream.go_live(Timestamp::now());
                drop(reply.send(state.settle(outcome)));
            }
            StreamStateMsg::End(reply) => {
                let outcome = state.stream.end();
                drop(reply.send(state.settle(outcome)));
            }
            StreamStateMsg::SetTitle(title, reply) => {
                let outcome = state.stream.set_title(&title);
                drop(reply.send(state.settle(outcome)));
            }
            StreamStateMsg::SetViewers(viewers) => {
                if let Some(change) = state.stream.set_viewers(viewers) {
                    state.publish(change);
                }
            }
            StreamStateMsg::CountEngagement(engagement) => {
                let change = state.stream.engage(engagement);
                state.publish(change);
            }
            StreamStateMsg::Watch(reply) => drop(reply.send(state.watch())),
            StreamStateMsg::GetSnapshot(reply) => drop(reply.send(state.stream.clone())),
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

impl State {
    /// Publishes what came of a command, and makes its answer.
    fn settle(&mut self, outcome: Outcome) -> Result<(), StreamCommandError> {
        if let Some(change) = outcome? {
            self.publish(change);
        }
        Ok(())
    }

    fn publish(&mut self, change: StreamChange) {
        match self.metrics.cast(MetricsMsg::Changed(change.clone())) {
            // It is between two lives, and counts what comes after.
            Ok(()) | Err(AddressError::Down) => {}
            Err(error) => {
                tracing::debug!(actor = "StreamStateServer", %error, "change not counted");
            }
        }
        if let Some(watchers) = &self.watchers
            && watchers.send(change).is_err()
        {
            // The last watcher has left.
            self.watchers = None;
        }
    }

    fn watch(&mut self) -> broadcast::Receiver<StreamChange> {
        self.watchers.get_or_insert_with(|| broadcast::Sender::new(BACKLOG)).subscribe()
    }
}
