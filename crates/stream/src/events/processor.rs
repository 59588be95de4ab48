use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{AlertSettings, EventReport};
use stagedoor_supervision::{ChildSpec, Observable, Worker};
use uuid::Uuid;

use super::{
    echo::OwnMessage,
    publication::Delivery,
    state::State,
    submission::{Receipt, Submission, SubmitError},
};
use crate::UserContext;

/// The component's entry. Nobody needs it before there is an event.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let processor = Worker::new(cx.events(), {
        let cx = cx.clone();
        move || (EventProcessor, cx.clone())
    });
    ChildSpec::worker("events", processor).when_needed()
}

/// The one door for a user's events.
pub struct EventProcessor;

/// Messages of [`EventProcessor`].
#[derive(Debug)]
pub enum EventsMsg {
    /// Something was reported. Answered when it is durable. (call)
    Submit(Box<Submission>),
    /// A chat message of the streamer is about to go out through us. (cast)
    Sending(OwnMessage),
    /// It went out: the platform has answered. (cast)
    Sent {
        /// The message.
        message: OwnMessage,
        /// The platform's id of it.
        message_id: Box<str>,
    },
    /// It did not go out. (cast)
    SendFailed {
        /// Which.
        intent: Uuid,
    },
    /// The user wants other alerts: the settings in the store are others. (cast)
    SettingsChanged,
    /// Answers how many events there were. (call)
    GetSnapshot(RpcReplyPort<EventsSnapshot>),
    /// Its own: what the store has answered, what a timer was set for.
    Done(Done),
}

impl EventsMsg {
    /// This was reported. `reply` hears of it when it is durable or refused; it is dropped when EventProcessor ends
    /// before it has taken the report: then it is to be submitted again.
    #[must_use]
    pub fn submit(
        report: EventReport,
        reply: Option<RpcReplyPort<Result<Receipt, SubmitError>>>,
    ) -> Self {
        Self::Submit(Box::new(Submission { reply, ..Submission::new(report) }))
    }
}

/// What came of something that [`EventProcessor`] has begun itself.
#[derive(Debug)]
pub struct Done(pub(super) Outcome);

pub(super) enum Outcome {
    /// The store has decided on an event.
    Persisted(Delivery),
    /// What alerts the user wants; none when that cannot be read now.
    SettingsRead(Option<AlertSettings>),
    /// Echoes have been held for long enough.
    EchoesDue,
    /// Whoever missed something has had time to start.
    MakeUpDue,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Persisted(_) => "Persisted",
            Self::SettingsRead(_) => "SettingsRead",
            Self::EchoesDue => "EchoesDue",
            Self::MakeUpDue => "MakeUpDue",
        })
    }
}

/// What [`EventProcessor`] shows of itself: what became of events since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsSnapshot {
    /// Stored.
    pub stored: u64,
    /// Stored in place of an earlier revision.
    pub revised: u64,
    /// There already.
    pub duplicates: u64,
    /// Refused by the store.
    pub refused: u64,
    /// Refused because too many were under way.
    pub overloaded: u64,
    /// Under way now.
    pub under_way: usize,
    /// Held now, because they may be echoes of our own chat messages.
    pub held: usize,
    /// Whether the user's rules for alerts have been read.
    pub settings_read: bool,
}

impl Actor for EventProcessor {
    type Msg = EventsMsg;
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
            EventsMsg::Submit(submission) => state.submit(*submission),
            EventsMsg::Sending(message) => state.sending(message),
            EventsMsg::Sent { message, message_id } => state.sent(message, &message_id),
            EventsMsg::SendFailed { intent } => state.send_failed(intent),
            EventsMsg::SettingsChanged => state.read_settings(),
            // An answer that nobody waits for any more is no failure.
            EventsMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
            EventsMsg::Done(Done(outcome)) => state.done(outcome),
        }
        Ok(())
    }
}

impl Observable for EventsMsg {
    type Snapshot = EventsSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}
