use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{AlertSettings, EventReport};
use stagedoor_store::{Appended, NewEvent};
use stagedoor_supervision::{ChildSpec, Observable, Worker};
use tokio::{task::AbortHandle, time::Instant};
use uuid::Uuid;

use super::{
    echo::{Echoes, OwnMessage},
    publication::{Delivery, MAKE_UP_AFTER, Missed, Publisher, append},
    recent::Recent,
    submission::{Receipt, Submission, SubmitError, answer},
};
use crate::{AlertQueueMsg, UserContext, alerts::alert_for, tasks::Tasks};

const ACTOR: &str = "EventProcessor";

/// How many events of a user may be under way. The store keeps more, for all users together: one whose chat is flooded
/// does not take the others' room.
const UNDER_WAY: usize = 1_000;

/// How long the first reading of the settings is waited for.
const SETTINGS_LIMIT: Duration = Duration::from_secs(2);

/// How long a failed reading waits before it is tried again.
const READ_AGAIN: Duration = Duration::from_secs(1);

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
pub struct Done(Outcome);

enum Outcome {
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

/// What it knows.
pub struct State {
    cx: UserContext,
    myself: ActorRef<EventsMsg>,
    tasks: Tasks,
    settings: Option<AlertSettings>,
    reading: Option<AbortHandle>,
    /// Reports that came before the settings were read.
    early: Vec<Submission>,
    recent: Recent,
    echoes: Echoes,
    echo_timer: Option<(Instant, AbortHandle)>,
    missed: Missed,
    counts: EventsSnapshot,
    /// Held by all that is under way, and counts it.
    under_way: Arc<()>,
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

impl State {
    fn start(cx: UserContext, myself: ActorRef<EventsMsg>) -> Self {
        let window = cx.services().settings.echo_window;
        let mut state = Self {
            cx,
            myself,
            tasks: Tasks::default(),
            settings: None,
            reading: None,
            early: Vec::new(),
            recent: Recent::default(),
            echoes: Echoes::new(window),
            echo_timer: None,
            missed: Missed::default(),
            counts: EventsSnapshot::default(),
            under_way: Arc::default(),
        };
        state.read_settings();
        state.wake_alerts();
        state
    }

    /// Runs something beside; what comes of it comes back as a message.
    fn begin(&mut self, work: impl Future<Output = Outcome> + Send + 'static) -> AbortHandle {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = work.await;
            // An actor that has ended wants to know no more.
            let _ = myself.cast(EventsMsg::Done(Done(outcome)));
        })
    }

    fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Persisted(delivery) => self.persisted(delivery),
            Outcome::SettingsRead(settings) => self.settings_read(settings),
            Outcome::EchoesDue => {
                self.echo_timer = None;
                let due = self.echoes.expire(Instant::now());
                self.store_all(due);
                self.set_echo_timer();
            }
            Outcome::MakeUpDue => std::mem::take(&mut self.missed).make_up(&self.cx),
        }
    }

    /// A store that cannot be read must not keep events out: the usual rules hold until it can.
    fn read_settings(&mut self) {
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        let myself = self.myself.clone();
        if let Some(earlier) = self.reading.take() {
            earlier.abort();
        }
        let reading = self.begin(async move {
            loop {
                let read = tokio::time::timeout(SETTINGS_LIMIT, store.alert_settings(&user)).await;
                match read {
                    Ok(Ok(settings)) => return Outcome::SettingsRead(Some(settings)),
                    Ok(Err(error)) => {
                        tracing::warn!(actor = ACTOR, %user, %error, "settings not read");
                    }
                    Err(_) => tracing::warn!(actor = ACTOR, %user, "settings not read in time"),
                }
                let _ = myself.cast(EventsMsg::Done(Done(Outcome::SettingsRead(None))));
                tokio::time::sleep(READ_AGAIN).await;
            }
        });
        self.reading = Some(reading);
    }

    fn settings_read(&mut self, settings: Option<AlertSettings>) {
        self.counts.settings_read |= settings.is_some();
        if let Some(settings) = settings {
            self.settings = Some(settings);
        } else if self.settings.is_none() {
            self.settings = Some(AlertSettings::default());
        }
        let early = std::mem::take(&mut self.early);
        self.store_all(early);
    }

    /// Alerts of an earlier life of the tree, or of events that came while there was none, wait in the store.
    fn wake_alerts(&mut self) {
        let cx = self.cx.clone();
        self.tasks.spawn(async move {
            // One that cannot be read now is read when AlertQueue starts for another reason.
            let pending = cx.services().store.pending_alerts(cx.user()).await;
            if pending.is_ok_and(|pending| !pending.is_empty()) {
                let _ = cx.alerts().cast(AlertQueueMsg::Wake);
            }
        });
    }

    fn submit(&mut self, mut submission: Submission) {
        if self.under_way() >= UNDER_WAY {
            self.counts.overloaded += 1;
            return answer(submission.reply, Err(SubmitError::Overloaded));
        }
        self.stamp(&mut submission);
        if let Some(submission) = self.echoes.take_in(submission, Instant::now()) {
            self.store(submission);
        }
    }

    fn stamp(&self, submission: &mut Submission) {
        let on_air = self.cx.services().on_air.get(self.cx.user());
        submission.livestream = on_air.map(|entry| entry.livestream);
    }

    fn sending(&mut self, message: OwnMessage) {
        self.echoes.sending(message, Instant::now());
        self.set_echo_timer();
    }

    fn sent(&mut self, message: OwnMessage, message_id: &str) {
        let now = jiff::Timestamp::now();
        let mut due = self.echoes.sent(message, message_id, Instant::now(), now);
        for submission in &mut due {
            if submission.livestream.is_none() {
                self.stamp(submission);
            }
        }
        self.store_all(due);
        self.set_echo_timer();
    }

    fn send_failed(&mut self, intent: Uuid) {
        let due = self.echoes.failed(intent);
        self.store_all(due);
    }

    fn set_echo_timer(&mut self) {
        let Some(deadline) = self.echoes.deadline() else { return };
        if self.echo_timer.as_ref().is_some_and(|(at, _)| *at <= deadline) {
            return;
        }
        if let Some((_, timer)) = self.echo_timer.take() {
            timer.abort();
        }
        let timer = self.begin(async move {
            tokio::time::sleep_until(deadline).await;
            Outcome::EchoesDue
        });
        self.echo_timer = Some((deadline, timer));
    }

    fn store_all(&mut self, submissions: Vec<Submission>) {
        for submission in submissions {
            self.store(submission);
        }
    }

    fn store(&mut self, submission: Submission) {
        let Some(settings) = &self.settings else { return self.early.push(submission) };
        let Submission { report, received_at, livestream, reply } = submission;
        let (key, revision) = (self.recent.key(&report.dedupe_key), report.revision);
        if let Some(id) = self.recent.find(key, revision) {
            self.counts.duplicates += 1;
            return answer(reply, Ok(Receipt { id, duplicate: true }));
        }
        let user = self.cx.user().clone();
        let alert = alert_for(&user, &report, settings, received_at);
        let event = NewEvent { user, livestream, received_at, report, alert };
        let (publisher, myself) = (Publisher::Tree(self.cx.clone()), self.myself.clone());
        let under_way = Some(Arc::clone(&self.under_way));
        let key = Some(key);
        append(&self.cx.services().store, event, publisher, reply, move |mut delivery| {
            (delivery.key, delivery.revision, delivery.under_way) = (key, revision, under_way);
            let outcome = Outcome::Persisted(delivery);
            // When this actor has ended, the delivery is dropped and delivers itself.
            let _ = myself.cast(EventsMsg::Done(Done(outcome)));
        });
    }

    fn persisted(&mut self, mut delivery: Delivery) {
        let known = match &delivery.fate {
            Some(Ok(Appended::New { event, .. })) => {
                self.counts.stored += 1;
                Some(event.id)
            }
            Some(Ok(Appended::Revised { event })) => {
                self.counts.revised += 1;
                Some(event.id)
            }
            Some(Ok(Appended::Duplicate { of })) => {
                self.counts.duplicates += 1;
                Some(*of)
            }
            Some(Err(_)) => {
                self.counts.refused += 1;
                None
            }
            None => None,
        };
        if let (Some(id), Some(key)) = (known, delivery.key) {
            self.recent.remember(key, delivery.revision, id);
        }
        let nothing_missed = self.missed == Missed::default();
        self.missed |= delivery.deliver();
        if nothing_missed && self.missed != Missed::default() {
            self.begin(async {
                tokio::time::sleep(MAKE_UP_AFTER).await;
                Outcome::MakeUpDue
            });
        }
    }

    /// How many reports have been taken and are neither durable nor refused.
    fn under_way(&self) -> usize {
        Arc::strong_count(&self.under_way) - 1 + self.early.len() + self.echoes.holds()
    }

    fn snapshot(&self) -> EventsSnapshot {
        EventsSnapshot { under_way: self.under_way(), held: self.echoes.holds(), ..self.counts }
    }
}

impl Drop for State {
    /// However it ends: what it has taken goes to the store.
    fn drop(&mut self) {
        self.settings.get_or_insert_default();
        let held = self.echoes.take_held();
        let early = std::mem::take(&mut self.early);
        self.store_all(early);
        self.store_all(held);
    }
}
