//! What StreamStateServer knows, and how it makes the world follow its machine.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use ractor::ActorRef;
use stagedoor_domain::{
    DestinationId, DestinationStatus, EventKind, Livestream, LivestreamId, Metadata, Statistics,
    StreamEvent,
};
use stagedoor_store::StoreError;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::{
    StreamCommandError, StreamStateSnapshot,
    load::load,
    machine::Machine,
    metadata_queue::MetadataQueue,
    server::{Answer, Done, Loaded, Outcome, StreamStateMsg},
    timeline,
};
use crate::{
    AccountsMsg, AlertQueueMsg, Broadcast, EventsMsg, News, Subscriber, UserContext, Wanted,
    tasks::Tasks,
};

pub(super) const ACTOR: &str = "StreamStateServer";

/// Counts are published this long after the first that changed, so that a busy chat does not flood the pages.
const STATISTICS_DELAY: Duration = Duration::from_secs(1);

/// How many livestreams may wait to be saved: the one that has just ended, and one whose start was given up.
const MOST_UNSAVED: usize = 2;

/// How many events may wait for the state to be read: they are stored, so their number is bounded by what the store
/// writes in that time.
const EARLY_EVENTS: usize = 10_000;

/// What it knows.
pub struct State {
    pub(super) cx: UserContext,
    myself: ActorRef<StreamStateMsg>,
    tasks: Tasks,
    /// Events that came before the state was read; none when it has been.
    early: Option<Vec<Arc<StreamEvent>>>,
    pub(super) machine: Machine,
    pub(super) metadata: Metadata,
    pub(super) metadata_queue: MetadataQueue,
    statistics: Statistics,
    statistics_due: bool,
    /// The machine's livestream as it was last saved.
    pub(super) saved: Option<Livestream>,
    /// Livestreams of which something is not saved yet: the machine's, and earlier ones whose end could not be.
    pub(super) unsaved: BTreeMap<LivestreamId, Livestream>,
    pub(super) saving: bool,
    /// Whoever waits for a start to be saved.
    pub(super) starting: Option<Answer>,
    /// Whoever waits for a stop to be saved.
    pub(super) stopping: Vec<Answer>,
    /// What CloudflareManager was last told; none in a life that has not told it yet.
    pub(super) told: Option<Wanted>,
    pub(super) deadline: Option<(Timestamp, AbortHandle)>,
    pub(super) born: Timestamp,
}

impl State {
    pub(super) fn start(cx: UserContext, myself: ActorRef<StreamStateMsg>) -> Self {
        let mut state = Self {
            cx,
            myself,
            tasks: Tasks::default(),
            early: Some(Vec::new()),
            machine: Machine::default(),
            metadata: Metadata::default(),
            metadata_queue: MetadataQueue::default(),
            statistics: Statistics::default(),
            statistics_due: false,
            saved: None,
            unsaved: BTreeMap::new(),
            saving: false,
            starting: None,
            stopping: Vec::new(),
            told: None,
            deadline: None,
            born: Timestamp::now(),
        };
        let cx = state.cx.clone();
        state.begin(async move { Outcome::Loaded(Box::new(load(&cx).await)) });
        state
    }

    /// Runs something beside; what comes of it comes back as a message.
    pub(super) fn begin(
        &mut self,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) -> AbortHandle {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = work.await;
            // An actor that has ended wants to know no more.
            let _ = myself.cast(StreamStateMsg::Done(Done(outcome)));
        })
    }

    pub(super) fn is_loading(&self) -> bool {
        self.early.is_some()
    }

    fn auto_stop(&self) -> Duration {
        self.cx.services().settings.auto_stop
    }

    pub(super) fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Loaded(loaded) => self.loaded(*loaded),
            Outcome::DestinationsRead { chosen, known, reply } => {
                let known = known.map(|known| known.into_iter().map(|known| known.id).collect());
                self.start_livestream(chosen, &known, reply);
            }
            Outcome::LivestreamSaved(livestream, result) => {
                self.livestream_saved(livestream, result);
            }
            Outcome::MetadataSaved(result) => self.metadata_saved(result),
            Outcome::DeadlineElapsed => self.deadline_elapsed(),
            Outcome::StatisticsDue => {
                self.statistics_due = false;
                self.publish();
            }
        }
    }

    fn loaded(&mut self, loaded: Loaded) {
        self.metadata = loaded.metadata;
        let mut counted = None;
        if let Some((livestream, statistics, up_to)) = loaded.open {
            let status = livestream.status;
            tracing::info!(actor = ACTOR, user = %self.cx.user(), %status, "livestream goes on");
            self.saved = Some(livestream.clone());
            // What was said of the encoder meanwhile stays.
            let encoder = std::mem::take(&mut self.machine.encoder);
            self.machine = Machine::restore(livestream);
            self.statistics = statistics;
            counted = up_to;
            if let (Some(connected), Some(since)) = (encoder.connected, encoder.since) {
                let auto_stop = self.auto_stop();
                self.machine.encoder_seen(connected, since, Timestamp::now(), auto_stop);
            }
        }
        for event in self.early.take().unwrap_or_default() {
            self.apply(&event, Some(event.id) > counted);
        }
        if loaded.alerts_wait {
            // Nobody else starts with the tree who could know that AlertQueue is needed.
            let _ = self.cx.alerts().cast(AlertQueueMsg::Wake);
        }
        if loaded.has_accounts {
            let _ = self.cx.accounts().cast(AccountsMsg::Changed);
        }
        self.save_metadata();
        self.settle();
        self.publish();
    }

    pub(super) fn start_asked(&mut self, chosen: Vec<DestinationId>, reply: Answer) {
        if let Err(error) = self.may_start(&chosen) {
            return answer(reply, Err(error));
        }
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        self.begin(async move {
            let known = store.destinations(&user).await;
            Outcome::DestinationsRead { chosen, known, reply }
        });
    }

    fn may_start(&self, chosen: &[DestinationId]) -> Result<(), StreamCommandError> {
        if self.cx.services().cloudflare.is_none() {
            return Err(StreamCommandError::CloudflareNotConfigured);
        }
        if self.is_loading() {
            return Err(StreamCommandError::Loading);
        }
        if chosen.is_empty() {
            return Err(StreamCommandError::NoDestinations);
        }
        if self.unsaved.len() > MOST_UNSAVED {
            // The store reads and does not write: what it cannot end, it cannot begin.
            return Err(StreamCommandError::StoreUnavailable);
        }
        self.machine.may_start()
    }

    fn start_livestream(
        &mut self,
        mut chosen: Vec<DestinationId>,
        known: &Result<Vec<DestinationId>, StoreError>,
        reply: Answer,
    ) {
        chosen.sort_unstable();
        chosen.dedup();
        let refusal = match known {
            Err(error) => {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "destinations not read");
                Some(StreamCommandError::StoreUnavailable)
            }
            Ok(known) => chosen
                .iter()
                .find(|id| !known.contains(id))
                .map(|id| StreamCommandError::UnknownDestination { id: id.clone() }),
        };
        if let Some(refusal) = refusal {
            return answer(reply, Err(refusal));
        }
        let (id, now) = (LivestreamId::from_uuid(Uuid::now_v7()), Timestamp::now());
        let started = self.machine.start(id, self.cx.user(), &self.metadata, chosen, now);
        if let Err(error) = started {
            return answer(reply, Err(error));
        }
        tracing::info!(actor = ACTOR, user = %self.cx.user(), livestream = %id, "livestream starts");
        self.statistics = Statistics::default();
        self.starting = Some(reply);
        self.settle();
        self.publish();
    }

    pub(super) fn stop(&mut self, reply: Answer) {
        if self.is_loading() {
            return answer(reply, Err(StreamCommandError::Loading));
        }
        let mut outcome = Ok(());
        self.change(|machine, _| outcome = machine.stop());
        if outcome.is_ok() && self.saved != self.machine.livestream {
            self.stopping.push(reply);
        } else {
            answer(reply, outcome);
        }
    }

    pub(super) fn encoder_seen(&mut self, connected: bool, at: Timestamp) {
        let auto_stop = self.auto_stop();
        self.change(|machine, now| machine.encoder_seen(connected, at, now, auto_stop));
    }

    pub(super) fn destination_changed(
        &mut self,
        livestream: LivestreamId,
        destination: &DestinationId,
        status: DestinationStatus,
    ) {
        let auto_stop = self.auto_stop();
        self.change(|machine, now| {
            machine.destination_changed(livestream, destination, status, now, auto_stop);
        });
    }

    pub(super) fn event_stored(&mut self, event: Arc<StreamEvent>) {
        match &mut self.early {
            Some(early) if early.len() < EARLY_EVENTS => early.push(event),
            Some(_) => tracing::warn!(actor = ACTOR, user = %self.cx.user(), "event not counted"),
            None => self.apply(&event, true),
        }
    }

    fn apply(&mut self, event: &StreamEvent, count: bool) {
        let at = event.report.occurred_at;
        match event.report.kind {
            EventKind::InputConnected => self.encoder_seen(true, at),
            EventKind::InputDisconnected => self.encoder_seen(false, at),
            EventKind::InputErrored => {
                self.change(|machine, _| machine.encoder_errored(event.report.reason.clone()));
            }
            _ => {}
        }
        let current = self.machine.livestream.as_ref().map(|livestream| livestream.id);
        let counts = count && event.livestream.is_some() && event.livestream == current;
        if counts && self.statistics.count(&event.report) && !self.statistics_due {
            self.statistics_due = true;
            self.begin(async {
                tokio::time::sleep(STATISTICS_DELAY).await;
                Outcome::StatisticsDue
            });
        }
    }

    /// Changes the machine. If that changed anything, the world follows and the pages are told.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Machine, Timestamp)) {
        let before = self.machine.clone();
        change(&mut self.machine, Timestamp::now());
        if self.machine == before {
            return;
        }
        let (from, to) = (before.status(), self.machine.status());
        if from != to {
            tracing::info!(actor = ACTOR, user = %self.cx.user(), %from, %to, "stream changed");
        }
        if before.on_air().is_some() && self.machine.on_air().is_none() {
            self.statistics.leave_air();
        }
        if !self.is_loading() {
            self.settle();
            self.report(&before);
        }
        self.publish();
    }

    /// Nobody waits for these: one that cannot be taken now is missing in the feed, and nowhere else.
    fn report(&self, before: &Machine) {
        for report in timeline::reports(before, &self.machine, Timestamp::now()) {
            let kind = report.kind.clone();
            if let Err(error) = self.cx.events().cast(EventsMsg::submit(report, None)) {
                tracing::debug!(actor = ACTOR, user = %self.cx.user(), %kind, %error, "not reported");
            }
        }
    }

    pub(super) fn snapshot(&self) -> StreamStateSnapshot {
        let livestream = self.machine.livestream.as_ref();
        StreamStateSnapshot {
            status: self.machine.status(),
            loading: self.is_loading(),
            metadata: self.metadata.clone(),
            encoder: self.machine.encoder.clone(),
            livestream: livestream.map(|livestream| livestream.id),
            started_at: livestream.map(|livestream| livestream.started_at),
            ended_at: livestream.and_then(|livestream| livestream.ended_at),
            uptime_s: livestream.map(uptime),
            auto_stop_at: self.machine.deadline(),
            destinations: self.machine.destinations.clone(),
            statistics: self.statistics.clone(),
            failure: self.machine.failure.clone(),
        }
    }

    pub(super) fn publish(&self) {
        let services = self.cx.services();
        services.pubsub.publish(self.cx.user(), || News::StreamState(Arc::new(self.snapshot())));
    }

    pub(super) fn announce(&self, subscriber: &dyn Subscriber) {
        subscriber.receive(&Broadcast::from(News::StreamState(Arc::new(self.snapshot()))));
    }
}

fn uptime(livestream: &Livestream) -> u64 {
    let until = livestream.ended_at.unwrap_or_else(Timestamp::now);
    u64::try_from((until - livestream.started_at).get_seconds()).unwrap_or(0)
}

/// An answer that nobody waits for any more is no failure.
pub(super) fn answer(reply: Answer, outcome: Result<(), StreamCommandError>) {
    let _ = reply.send(outcome);
}
