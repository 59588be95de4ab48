//! What EventProcessor knows, and what it does with a report.

use std::{sync::Arc, time::Duration};

use ractor::ActorRef;
use stagedoor_domain::AlertSettings;
use stagedoor_store::{Appended, NewEvent};
use tokio::{task::AbortHandle, time::Instant};
use uuid::Uuid;

use super::{
    EventsMsg, EventsSnapshot,
    echo::{Echoes, OwnMessage},
    processor::{Done, Outcome},
    publication::{Delivery, MAKE_UP_AFTER, Missed, Publisher, append},
    recent::Recent,
    submission::{Receipt, Submission, SubmitError, answer},
};
use crate::{UserContext, alerts::alert_for, tasks::Tasks};

const ACTOR: &str = "EventProcessor";

/// How many events of a user may be under way. The store keeps more, for all users together: one whose chat is flooded
/// does not take the others' room.
const UNDER_WAY: usize = 1_000;

/// How long the first reading of the settings is waited for.
const SETTINGS_LIMIT: Duration = Duration::from_secs(2);

/// How long a failed reading waits before it is tried again.
const READ_AGAIN: Duration = Duration::from_secs(1);

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

impl State {
    pub(super) fn start(cx: UserContext, myself: ActorRef<EventsMsg>) -> Self {
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

    pub(super) fn done(&mut self, outcome: Outcome) {
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
    pub(super) fn read_settings(&mut self) {
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

    pub(super) fn submit(&mut self, mut submission: Submission) {
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

    pub(super) fn sending(&mut self, message: OwnMessage) {
        self.echoes.sending(message, Instant::now());
        self.set_echo_timer();
    }

    pub(super) fn sent(&mut self, message: OwnMessage, message_id: &str) {
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

    pub(super) fn send_failed(&mut self, intent: Uuid) {
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

    pub(super) fn snapshot(&self) -> EventsSnapshot {
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
