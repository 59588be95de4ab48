//! What MetricsCollector knows, and when it trusts the store more than itself.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use ractor::ActorRef;
use stagedoor_domain::{Counted, EventId, EventKind, SeriesPoint, StreamEvent, UserId};
use stagedoor_store::{Store, StoreError};
use tokio::{task::AbortHandle, time::Instant};

use super::{
    MetricsMsg, MetricsSnapshot,
    collector::{Done, Outcome},
    minutes::{Count, Minutes, minute_of},
    rolling::Rolling,
};
use crate::{News, UserContext, tasks::Tasks};

const ACTOR: &str = "MetricsCollector";

/// How long after a minute's end it is saved: what was received in it may become durable a little later.
const GRACE: Duration = Duration::from_secs(5);

/// How many points are saved at a time.
const CHUNK: usize = 500;

/// How far back minutes are looked for that nobody has counted: events that came while the user had no tree.
const UNCOUNTED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far back minutes that were saved are counted again. Of older ones, chat may have been deleted, or they may have
/// been put together to hours: what is saved of them stays.
const COUNTED_AGAIN: SignedDuration = SignedDuration::from_hours(23);

/// How far before the last minute that was saved a new life begins to count: what became durable late belongs there.
const BEFORE_THE_LAST: SignedDuration = SignedDuration::from_mins(10);

/// How long a failed reading or writing waits before it is tried again: doubled each time, up to the longest.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How long a stop waits for the last minutes to be saved.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// How many events may wait for a count to end. More are counted by the next one.
const EARLY: usize = 10_000;

/// How often whoever listens is told at most.
const PUBLISH_EVERY: Duration = Duration::from_secs(5);

/// What it knows.
pub struct State {
    cx: UserContext,
    myself: ActorRef<MetricsMsg>,
    tasks: Tasks,
    began: Instant,
    rolling: RollingCounts,
    minutes: Minutes,
    recount: Option<Recount>,
    timer: Option<AbortHandle>,
    saving: bool,
    published: Option<Instant>,
    publish_due: bool,
}

#[derive(Default)]
struct RollingCounts {
    viewer_samples: Rolling,
    chat_messages: Rolling,
    follows: Rolling,
    subscriptions: Rolling,
    donations: Rolling,
    raids: Rolling,
}

/// A count from the store, under way.
#[derive(Default)]
struct Recount {
    /// What has come meanwhile: it is in that count, or not.
    early: Vec<Arc<StreamEvent>>,
    /// Since when to count once more after this one.
    again: Option<Timestamp>,
}

impl Recount {
    fn once_more(&mut self, since: Timestamp) {
        self.again = Some(self.again.map_or(since, |again| again.min(since)));
    }
}

impl State {
    pub(super) fn start(cx: UserContext, myself: ActorRef<MetricsMsg>) -> Self {
        let mut state = Self {
            cx,
            myself,
            tasks: Tasks::default(),
            began: Instant::now(),
            rolling: RollingCounts::default(),
            minutes: Minutes::default(),
            recount: None,
            timer: None,
            saving: false,
            published: None,
            publish_due: false,
        };
        state.begin_recount(None);
        state
    }

    /// Runs something beside; what comes of it comes back as a message.
    fn begin(&mut self, work: impl Future<Output = Outcome> + Send + 'static) -> AbortHandle {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = work.await;
            // An actor that has ended wants to know no more.
            let _ = myself.cast(MetricsMsg::Done(Done(outcome)));
        })
    }

    pub(super) fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Recounted { since, points, up_to } => self.recounted(since, points, up_to),
            Outcome::Saved { since, result } => {
                self.saving = false;
                match result {
                    Ok(()) => self.minutes.forget_before(Timestamp::now()),
                    Err(error) => {
                        tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "minutes not saved");
                        self.recount(since);
                    }
                }
            }
            Outcome::PublishDue => {
                self.publish_due = false;
                self.publish();
            }
        }
    }

    pub(super) fn event_stored(&mut self, event: Arc<StreamEvent>) {
        self.rolling.count(&event, self.began);
        match &mut self.recount {
            Some(recount) if recount.early.len() < EARLY => recount.early.push(event),
            Some(recount) => recount.once_more(minute_of(event.received_at)),
            None => self.count(&event),
        }
        self.changed();
    }

    fn count(&mut self, event: &StreamEvent) {
        match self.minutes.count(event) {
            Count::Done => self.set_timer(),
            Count::Nothing => {}
            Count::Late(at) => self.recount(at),
        }
    }

    /// Counts again what the store has since then.
    pub(super) fn recount(&mut self, since: Timestamp) {
        match &mut self.recount {
            Some(recount) => recount.once_more(since),
            None => self.begin_recount(Some(since)),
        }
    }

    /// Without a time: since what was saved last.
    fn begin_recount(&mut self, since: Option<Timestamp>) {
        let cx = self.cx.clone();
        self.begin(async move {
            let mut pause = AGAIN.0;
            loop {
                match recount(&cx.services().store, cx.user(), since).await {
                    Ok(outcome) => return outcome,
                    Err(error) => {
                        tracing::warn!(actor = ACTOR, user = %cx.user(), %error, "minutes not counted");
                    }
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(AGAIN.1);
            }
        });
        self.recount = Some(Recount::default());
    }

    fn recounted(&mut self, since: Timestamp, points: Vec<SeriesPoint>, up_to: Option<EventId>) {
        let Some(Recount { early, again }) = self.recount.take() else { return };
        self.minutes.replace(since, points);
        for event in early {
            if Some(event.id) > up_to {
                self.count(&event);
            }
        }
        if let Some(again) = again {
            self.recount(again);
        }
        self.set_timer();
        self.changed();
    }

    /// Once a minute, a little after its end, as long as there is something to save.
    fn set_timer(&mut self) {
        if self.timer.is_some() || !self.minutes.has_unsaved() {
            return;
        }
        let into_minute = Timestamp::now().as_millisecond().rem_euclid(60_000);
        let left = Duration::from_millis(60_000 - into_minute.unsigned_abs()) + GRACE;
        let myself = self.myself.clone();
        self.timer = Some(self.tasks.spawn(async move {
            tokio::time::sleep(left).await;
            let _ = myself.cast(MetricsMsg::MinuteElapsed);
        }));
    }

    pub(super) fn minute_elapsed(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
        if self.recount.is_some() || self.saving {
            // What comes of it sets the timer again; the next minute's end may be early enough.
            return self.set_timer();
        }
        let points = self.minutes.take_unsaved();
        let Some(since) = points.first().map(|point| point.at) else { return };
        let cx = self.cx.clone();
        self.saving = true;
        self.begin(async move {
            let result = save(&cx.services().store, cx.user(), &points).await;
            Outcome::Saved { since, result }
        });
    }

    /// Saves what is not saved yet, before the end.
    pub(super) async fn save_last(&mut self) {
        // While a count is under way, the next life counts.
        if self.recount.is_some() || !self.minutes.has_unsaved() {
            return;
        }
        let points = self.minutes.take_unsaved();
        let save = save(&self.cx.services().store, self.cx.user(), &points);
        if !matches!(tokio::time::timeout(LAST_WRITE, save).await, Ok(Ok(()))) {
            tracing::warn!(actor = ACTOR, user = %self.cx.user(), "last minutes not saved");
        }
    }

    fn changed(&mut self) {
        if self.publish_due || !self.cx.services().pubsub.has_subscribers(self.cx.user()) {
            return;
        }
        let wait = self.published.map_or(Duration::ZERO, |at| {
            (at + PUBLISH_EVERY).saturating_duration_since(Instant::now())
        });
        if wait.is_zero() {
            return self.publish();
        }
        self.publish_due = true;
        self.begin(async move {
            tokio::time::sleep(wait).await;
            Outcome::PublishDue
        });
    }

    fn publish(&mut self) {
        self.published = Some(Instant::now());
        let pubsub = &self.cx.services().pubsub;
        pubsub.publish(self.cx.user(), || News::Metrics(Arc::new(self.snapshot())));
    }

    pub(super) fn snapshot(&self) -> MetricsSnapshot {
        let now = Instant::now();
        let read = |rolling: &Rolling| rolling.read(self.began, now);
        MetricsSnapshot {
            viewer_samples: read(&self.rolling.viewer_samples),
            chat_messages: read(&self.rolling.chat_messages),
            follows: read(&self.rolling.follows),
            subscriptions: read(&self.rolling.subscriptions),
            donations: read(&self.rolling.donations),
            raids: read(&self.rolling.raids),
            minute: self.minutes.of_minute(Timestamp::now()),
            counting: self.recount.is_some(),
        }
    }
}

impl RollingCounts {
    fn count(&mut self, event: &StreamEvent, began: Instant) {
        let rolling = match event.report.kind.counted() {
            Some(Counted::ChatMessage) => &mut self.chat_messages,
            Some(Counted::Follow) => &mut self.follows,
            Some(Counted::Subscription) => &mut self.subscriptions,
            Some(Counted::Donation) => &mut self.donations,
            Some(Counted::Raid) => &mut self.raids,
            None if event.report.kind == EventKind::ViewersSample => &mut self.viewer_samples,
            None => return,
        };
        rolling.count(began, Instant::now());
    }
}

async fn recount(
    store: &Store,
    user: &UserId,
    since: Option<Timestamp>,
) -> Result<Outcome, StoreError> {
    let since = match since {
        Some(since) => since.max(ago(COUNTED_AGAIN)),
        None => beginning(store.last_minute(user).await?),
    };
    let since = minute_of(since);
    let (points, up_to) = store.counts_since(user, since).await?;
    Ok(Outcome::Recounted { since, points, up_to })
}

/// Where a new life begins to count.
fn beginning(last_saved: Option<Timestamp>) -> Timestamp {
    let begin = match last_saved {
        Some(last) if last > ago(COUNTED_AGAIN) => last.saturating_sub(BEFORE_THE_LAST),
        Some(last) => last.saturating_add(SignedDuration::from_mins(1)),
        None => Ok(Timestamp::MIN),
    };
    begin.unwrap_or(Timestamp::MIN).max(ago(UNCOUNTED))
}

fn ago(time: SignedDuration) -> Timestamp {
    Timestamp::now().saturating_sub(time).unwrap_or(Timestamp::MIN)
}

async fn save(store: &Store, user: &UserId, points: &[SeriesPoint]) -> Result<(), StoreError> {
    // Oldest first: the last minute that is there says that all before it are.
    for chunk in points.chunks(CHUNK) {
        store.put_series(user, chunk).await?;
    }
    Ok(())
}
