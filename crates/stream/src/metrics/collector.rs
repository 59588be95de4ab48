use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Counted, EventKind, StreamEvent};
use stagedoor_supervision::{ChildSpec, Observable, Worker};
use tokio::time::Instant;

use super::rolling::{Rolling, RollingCount};
use crate::UserContext;

/// The component's entry. Nobody needs it before there is something to count.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let collector = Worker::new(cx.metrics(), || (MetricsCollector, ()));
    ChildSpec::worker("metrics", collector).when_needed()
}

/// Keeps rolling counts of what StreamStateServer publishes.
pub struct MetricsCollector;

/// Messages of [`MetricsCollector`].
#[derive(Debug)]
pub enum MetricsMsg {
    /// An event was stored. (fact)
    EventStored(std::sync::Arc<StreamEvent>),
    /// Answers the counts. (call)
    GetSnapshot(RpcReplyPort<MetricsSnapshot>),
}

/// What [`MetricsCollector`] shows of itself: how often each thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsSnapshot {
    /// Changes of the number of viewers.
    pub viewer_changes: RollingCount,
    /// Messages in the chat.
    pub chat_messages: RollingCount,
    /// New followers.
    pub follows: RollingCount,
    /// New subscriptions.
    pub subscriptions: RollingCount,
    /// Donations.
    pub donations: RollingCount,
    /// Raids.
    pub raids: RollingCount,
}

/// What it knows.
pub struct State {
    began: Instant,
    viewer_changes: Rolling,
    chat_messages: Rolling,
    follows: Rolling,
    subscriptions: Rolling,
    donations: Rolling,
    raids: Rolling,
}

impl Actor for MetricsCollector {
    type Msg = MetricsMsg;
    type State = State;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        (): (),
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::new(Instant::now()))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            MetricsMsg::EventStored(event) => state.count(&event, Instant::now()),
            // An answer that nobody waits for any more is no failure.
            MetricsMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot(Instant::now()))),
        }
        Ok(())
    }
}

impl Observable for MetricsMsg {
    type Snapshot = MetricsSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

impl State {
    fn new(began: Instant) -> Self {
        Self {
            began,
            viewer_changes: Rolling::default(),
            chat_messages: Rolling::default(),
            follows: Rolling::default(),
            subscriptions: Rolling::default(),
            donations: Rolling::default(),
            raids: Rolling::default(),
        }
    }

    fn count(&mut self, event: &StreamEvent, now: Instant) {
        let kind = &event.report.kind;
        let rolling = match kind.counted() {
            Some(Counted::ChatMessage) => &mut self.chat_messages,
            Some(Counted::Follow) => &mut self.follows,
            Some(Counted::Subscription) => &mut self.subscriptions,
            Some(Counted::Donation) => &mut self.donations,
            Some(Counted::Raid) => &mut self.raids,
            None if *kind == EventKind::ViewersSample => &mut self.viewer_changes,
            None => return,
        };
        rolling.count(self.began, now);
    }

    fn snapshot(&self, now: Instant) -> MetricsSnapshot {
        let read = |rolling: &Rolling| rolling.read(self.began, now);
        MetricsSnapshot {
            viewer_changes: read(&self.viewer_changes),
            chat_messages: read(&self.chat_messages),
            follows: read(&self.follows),
            subscriptions: read(&self.subscriptions),
            donations: read(&self.donations),
            raids: read(&self.raids),
        }
    }
}
