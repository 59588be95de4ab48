use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Alert, AlertId, AlertKind, AlertPriority, AlertSettings, AlertState};
use stagedoor_store::StoreError;
use stagedoor_supervision::{ChildSpec, Observable, Worker};
use thiserror::Error;
use tokio::{task::AbortHandle, time::Instant};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    journal::Journal,
    samples::sample,
    show::{Effect, Moment, Show},
};
use crate::{Broadcast, News, Subscriber, UserContext, tasks::Tasks};

const ACTOR: &str = "AlertQueue";

/// How long a command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(5);

/// How long a failed reading waits before it is tried again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How many messages may wait for the store to be read. Alerts beyond them are read from there later.
const EARLY: usize = 512;

/// How long a stop waits for the last changes to be saved.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// How many waiting alerts a snapshot shows.
const SHOWN: usize = 20;

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

/// Where a command's answer goes.
pub type AlertReply<T> = RpcReplyPort<Result<T, AlertCommandError>>;

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
pub struct Done(Outcome);

enum Outcome {
    /// Settings and alerts, as the store has them.
    Read(Box<AlertSettings>, Vec<Alert>),
    /// The alert that is to be shown once more.
    Found(AlertId, Result<Option<Alert>, StoreError>, AlertReply<AlertId>),
    /// It is time for the next step.
    TimeElapsed,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AlertCommandError {
    /// Nothing is on the overlays.
    #[error("no alert is shown now")]
    NothingShowing,
    /// There is no such alert, or not any more.
    #[error("there is no alert {id}")]
    UnknownAlert {
        /// The id.
        id: AlertId,
    },
    /// Too many tests and replays wait already.
    #[error("too many tests and replays wait already")]
    TooMany,
    /// The store does not work now.
    #[error("the store does not work now")]
    StoreUnavailable,
    /// AlertQueue is between two lives, or has too much to do.
    #[error("the alert queue does not answer now")]
    Unavailable,
}

impl AlertCommandError {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NothingShowing => "nothing_showing",
            Self::UnknownAlert { .. } => "unknown_alert",
            Self::TooMany => "too_many",
            Self::StoreUnavailable => "store_unavailable",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Sends a command to a user's AlertQueue, which it starts if it must, and waits for the answer.
///
/// # Errors
/// What the command answers; [`AlertCommandError::Unavailable`] when none comes in time.
pub async fn ask_alerts<T: Send + 'static>(
    cx: &UserContext,
    command: impl FnOnce(AlertReply<T>) -> AlertQueueMsg,
) -> Result<T, AlertCommandError> {
    let (reply, answer) = ractor::concurrency::oneshot();
    let command = command((reply, COMMAND_LIMIT).into());
    cx.alerts().cast(command).map_err(|_| AlertCommandError::Unavailable)?;
    let answer = tokio::time::timeout(COMMAND_LIMIT, answer).await;
    answer.ok().and_then(Result::ok).unwrap_or(Err(AlertCommandError::Unavailable))
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
    cx: UserContext,
    journal: Journal,
}

/// What it knows.
pub struct State {
    cx: UserContext,
    myself: ActorRef<AlertQueueMsg>,
    tasks: Tasks,
    journal: Journal,
    show: Show,
    settings: AlertSettings,
    timer: Option<(Instant, AbortHandle)>,
    reading: Option<AbortHandle>,
    /// What came before the store was read; none when it has been.
    early: Option<Vec<AlertQueueMsg>>,
    missed: bool,
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
        let services = state.cx.services();
        let write = state.journal.write(&services.store, state.cx.user());
        if tokio::time::timeout(LAST_WRITE, write).await.is_err() {
            tracing::warn!(actor = ACTOR, user = %state.cx.user(), "alerts not saved in time");
        }
        Ok(())
    }
}

impl Observable for AlertQueueMsg {
    type Snapshot = AlertQueueSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

impl State {
    fn start(args: AlertQueueArgs, myself: ActorRef<AlertQueueMsg>) -> Self {
        let AlertQueueArgs { cx, journal } = args;
        let settings = cx.services().settings;
        let mut show = Show::new(settings.alert_backlog, settings.alert_max_age);
        if let Some(on_screen) = journal.on_screen() {
            show.go_on(on_screen);
        }
        let mut state = Self {
            cx,
            myself,
            tasks: Tasks::default(),
            journal,
            show,
            settings: AlertSettings::default(),
            timer: None,
            reading: None,
            early: Some(Vec::new()),
            missed: false,
        };
        state.read();
        state
    }

    /// Runs something beside; what comes of it comes back as a message.
    fn begin(&mut self, work: impl Future<Output = Outcome> + Send + 'static) -> AbortHandle {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = work.await;
            // An actor that has ended wants to know no more.
            let _ = myself.cast(AlertQueueMsg::Done(Done(outcome)));
        })
    }

    /// Reads what the store has, as soon as it knows all that has been decided.
    fn read(&mut self) {
        if let Some(earlier) = self.reading.take() {
            earlier.abort();
        }
        let (cx, journal) = (self.cx.clone(), self.journal.clone());
        self.reading = Some(self.begin(async move {
            let (store, user) = (&cx.services().store, cx.user());
            loop {
                journal.write(store, user).await;
                let read = async {
                    Ok::<_, StoreError>((
                        store.alert_settings(user).await?,
                        store.pending_alerts(user).await?,
                    ))
                };
                match read.await {
                    Ok((settings, pending)) => return Outcome::Read(settings.into(), pending),
                    Err(error) => tracing::warn!(actor = ACTOR, %user, %error, "alerts not read"),
                }
                tokio::time::sleep(READ_AGAIN).await;
            }
        }));
    }

    fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Read(settings, pending) => self.was_read(*settings, pending),
            Outcome::Found(id, found, reply) => self.replay(id, found, reply),
            Outcome::TimeElapsed => {
                self.timer = None;
                self.step(|_, _| ());
            }
        }
    }

    fn was_read(&mut self, settings: AlertSettings, pending: Vec<Alert>) {
        let flags = self.journal.flags().unwrap_or((settings.paused, settings.muted));
        self.settings = AlertSettings { paused: flags.0, muted: flags.1, ..settings };
        self.show.configure(&self.settings);
        let early = self.early.take();
        self.step(|show, _| show.restore(pending));
        for message in early.unwrap_or_default() {
            self.take(message);
        }
        if std::mem::take(&mut self.missed) {
            self.read();
        }
    }

    /// Takes a message, or keeps it until the store has been read.
    fn take(&mut self, message: AlertQueueMsg) {
        if let Some(early) = &mut self.early {
            if early.len() < EARLY {
                early.push(message);
            } else {
                // An alert will be read from the store; whoever sent a command hears that nobody answers.
                self.missed = true;
            }
            return;
        }
        match message {
            AlertQueueMsg::Enqueue(alert) => self.step(|show, _| show.enqueue(alert)),
            AlertQueueMsg::Pause(reply) => self.set_flags(true, self.show.muted, reply),
            AlertQueueMsg::Resume(reply) => self.set_flags(false, self.show.muted, reply),
            AlertQueueMsg::SetMuted(muted, reply) => self.set_flags(self.show.paused, muted, reply),
            AlertQueueMsg::Skip(reply) => {
                let skipped = self.step(Show::skip);
                answer(reply, skipped.then_some(()).ok_or(AlertCommandError::NothingShowing));
            }
            AlertQueueMsg::Clear(reply) => {
                let cleared = self.step(|show, _| show.clear());
                answer(reply, Ok(cleared));
            }
            AlertQueueMsg::Replay(id, reply) => self.find(id, reply),
            AlertQueueMsg::Test(kind, reply) => {
                let alert = sample(self.cx.user(), kind, &self.settings, Timestamp::now());
                self.ask_for(alert, reply);
            }
            AlertQueueMsg::SettingsChanged | AlertQueueMsg::Reload => self.read(),
            AlertQueueMsg::Announce(subscriber) => {
                let news = News::Alert(Arc::new(self.show.present()));
                subscriber.receive(&Broadcast::from(news));
            }
            AlertQueueMsg::Wake | AlertQueueMsg::GetSnapshot(_) | AlertQueueMsg::Done(_) => {}
        }
    }

    /// Lets something happen to the show, and does what follows from it.
    fn step<T>(&mut self, act: impl FnOnce(&mut Show, Moment) -> T) -> T {
        let now = Moment::now();
        let answer = act(&mut self.show, now);
        if self.early.is_none() {
            self.show.advance(now);
        }
        let effects = self.show.take_effects();
        // First what the next life must know, then what the overlays do.
        self.journal.set_on_screen(self.show.on_screen());
        let mut write = false;
        for effect in effects {
            match effect {
                Effect::Save(change) => write |= self.journal.note(change),
                Effect::Tell(news) => {
                    let pubsub = &self.cx.services().pubsub;
                    pubsub.publish(self.cx.user(), || News::Alert(Arc::new(news)));
                }
            }
        }
        if write {
            self.write();
        }
        self.set_timer();
        answer
    }

    fn write(&mut self) {
        let (cx, journal) = (self.cx.clone(), self.journal.clone());
        self.tasks.spawn(async move { journal.write(&cx.services().store, cx.user()).await });
    }

    fn set_timer(&mut self) {
        let deadline = self.show.deadline();
        if self.timer.as_ref().map(|(at, _)| *at) == deadline {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            timer.abort();
        }
        let Some(deadline) = deadline else { return };
        let timer = self.begin(async move {
            tokio::time::sleep_until(deadline).await;
            Outcome::TimeElapsed
        });
        self.timer = Some((deadline, timer));
    }

    fn set_flags(&mut self, paused: bool, muted: bool, reply: AlertReply<()>) {
        (self.settings.paused, self.settings.muted) = (paused, muted);
        self.step(|show, _| show.set_flags(paused, muted));
        answer(reply, Ok(()));
    }

    fn find(&mut self, id: AlertId, reply: AlertReply<AlertId>) {
        let cx = self.cx.clone();
        self.begin(async move {
            Outcome::Found(id, cx.services().store.alert(cx.user(), id).await, reply)
        });
    }

    fn replay(
        &mut self,
        id: AlertId,
        found: Result<Option<Alert>, StoreError>,
        reply: AlertReply<AlertId>,
    ) {
        match found {
            Ok(Some(alert)) => {
                let again = Alert {
                    id: AlertId::from_uuid(Uuid::now_v7()),
                    priority: AlertPriority::Replay,
                    state: AlertState::Queued,
                    created_at: Timestamp::now(),
                    ..alert
                };
                self.ask_for(again, reply);
            }
            Ok(None) => answer(reply, Err(AlertCommandError::UnknownAlert { id })),
            Err(error) => {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "alert not read");
                answer(reply, Err(AlertCommandError::StoreUnavailable));
            }
        }
    }

    fn ask_for(&mut self, alert: Alert, reply: AlertReply<AlertId>) {
        let id = alert.id;
        let taken = self.step(|show, _| show.ask_for(alert.into()));
        answer(reply, taken.then_some(id).ok_or(AlertCommandError::TooMany));
    }

    fn snapshot(&self) -> AlertQueueSnapshot {
        let counts = self.show.counts;
        AlertQueueSnapshot {
            loading: self.early.is_some(),
            showing: self.show.on_screen().map(|on_screen| ShowingAlert {
                alert: Arc::clone(&on_screen.alert),
                started_at: on_screen.started_at,
                ends_at: on_screen.ends_at,
            }),
            waiting: self.show.waiting().take(SHOWN).cloned().collect(),
            waiting_total: self.show.waits(),
            paused: self.show.paused,
            muted: self.show.muted,
            shown: counts.shown,
            skipped: counts.skipped,
            dropped: counts.dropped,
            merged: counts.merged,
            unsaved: self.journal.unsaved(),
        }
    }
}

fn answer<T: Send + 'static>(reply: AlertReply<T>, answer: Result<T, AlertCommandError>) {
    // An answer that nobody waits for any more is no failure.
    drop(reply.send(answer));
}
