//! What AlertQueue knows, and how the world hears of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ractor::ActorRef;
use stagedoor_domain::{Alert, AlertId, AlertPriority, AlertSettings, AlertState};
use stagedoor_store::StoreError;
use tokio::{task::AbortHandle, time::Instant};
use uuid::Uuid;

use super::{
    AlertCommandError, AlertQueueMsg, AlertQueueSnapshot, AlertReply, ShowingAlert,
    alert_queue::{AlertQueueArgs, Done, Outcome},
    command::answer,
    journal::Journal,
    samples::sample,
    show::{Effect, Moment, Show},
};
use crate::{Broadcast, News, UserContext, tasks::Tasks};

const ACTOR: &str = "AlertQueue";

/// How long a failed reading waits before it is tried again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How many messages may wait for the store to be read. Alerts beyond them are read from there later.
const EARLY: usize = 512;

/// How long a stop waits for the last changes to be saved.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// How many waiting alerts a snapshot shows.
const SHOWN: usize = 20;

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

impl State {
    pub(super) fn start(args: AlertQueueArgs, myself: ActorRef<AlertQueueMsg>) -> Self {
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

    pub(super) fn done(&mut self, outcome: Outcome) {
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
    pub(super) fn take(&mut self, message: AlertQueueMsg) {
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

    /// Saves what is not saved yet, before the end.
    pub(super) async fn write_last(&self) {
        let write = self.journal.write(&self.cx.services().store, self.cx.user());
        if tokio::time::timeout(LAST_WRITE, write).await.is_err() {
            tracing::warn!(actor = ACTOR, user = %self.cx.user(), "alerts not saved in time");
        }
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
            let found = cx.services().store.alert(cx.user(), id).await;
            Outcome::Found(id, found.map(|found| found.map(Box::new)), reply)
        });
    }

    fn replay(
        &mut self,
        id: AlertId,
        found: Result<Option<Box<Alert>>, StoreError>,
        reply: AlertReply<AlertId>,
    ) {
        match found {
            Ok(Some(alert)) => {
                let again = Alert {
                    id: AlertId::from_uuid(Uuid::now_v7()),
                    priority: AlertPriority::Replay,
                    state: AlertState::Queued,
                    created_at: Timestamp::now(),
                    ..*alert
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

    pub(super) fn snapshot(&self) -> AlertQueueSnapshot {
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
