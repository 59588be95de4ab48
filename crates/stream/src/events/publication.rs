//! What happens once an event is durable: the same, whoever stored it.
//!
//! ```text
//! store ── done ──▶ Delivery ──▶ StreamStateServer, AlertQueue, MetricsCollector, CloudflareManager, PubSub; answer
//! ```
//!
//! A [`Delivery`] cannot get lost: one that is dropped, because EventProcessor has ended meanwhile, delivers itself.

use std::{ops::BitOrAssign, sync::Arc, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::{Alert, EventKind, StreamEvent, UserId};
use stagedoor_store::{AppendError, Appended, NewEvent, Store};
use stagedoor_supervision::AddressError;

use super::{
    recent::Key,
    submission::{Receipt, Reply, answer},
};
use crate::{
    AlertQueueMsg, CloudflareMsg, MetricsMsg, News, Services, StreamStateMsg, UserContext,
    UserTrees,
};

/// How long whoever missed something is left to start, before it is told to look into the store.
pub(super) const MAKE_UP_AFTER: Duration = Duration::from_millis(250);

/// Appends an event and hands its delivery to `hand_over` when its fate is known. Dropping it is delivering it.
pub(super) fn append(
    store: &Store,
    event: NewEvent,
    publisher: Publisher,
    reply: Option<Reply>,
    hand_over: impl FnOnce(Delivery) + Send + 'static,
) {
    store.append(event, move |fate| {
        let fate = Some(fate);
        hand_over(Delivery { publisher, key: None, revision: 0, fate, reply, under_way: None });
    });
}

/// To whom it is published.
#[derive(Clone, Debug)]
pub(super) enum Publisher {
    /// To the tree in which it was stored.
    Tree(UserContext),
    /// To the tree that the user has by then, if any.
    Outside { user: UserId, services: Arc<Services>, trees: UserTrees },
}

/// Who could not be told, because they are just starting and too much waits for them already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missed {
    pub(super) alerts: bool,
    /// Since when.
    pub(super) metrics: Option<Timestamp>,
}

/// An event whose fate is known, on its way to whom it concerns.
pub(super) struct Delivery {
    pub(super) publisher: Publisher,
    pub(super) key: Option<Key>,
    pub(super) revision: u32,
    /// None when it is delivered.
    pub(super) fate: Option<Result<Appended, AppendError>>,
    pub(super) reply: Option<Reply>,
    /// Counts it as under way as long as it is.
    pub(super) under_way: Option<Arc<()>>,
}

impl Delivery {
    /// Publishes and answers, once.
    pub(super) fn deliver(&mut self) -> Missed {
        let Some(fate) = self.fate.take() else { return Missed::default() };
        let missed = match &fate {
            Ok(appended) => self.publisher.publish(appended),
            Err(_) => Missed::default(),
        };
        let receipt = fate.map(|appended| match appended {
            Appended::New { event, .. } | Appended::Revised { event } => {
                Receipt { id: event.id, duplicate: false }
            }
            Appended::Duplicate { of } => Receipt { id: of, duplicate: true },
        });
        answer(self.reply.take(), receipt.map_err(Into::into));
        missed
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let missed = self.deliver();
        if missed == Missed::default() {
            return;
        }
        // Without a runtime everything ends, and nobody misses anything.
        if let (Some(cx), Ok(runtime)) =
            (self.publisher.tree(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                tokio::time::sleep(MAKE_UP_AFTER).await;
                missed.make_up(&cx);
            });
        }
    }
}

impl Publisher {
    fn tree(&self) -> Option<UserContext> {
        match self {
            Self::Tree(cx) => Some(cx.clone()),
            Self::Outside { user, trees, .. } => trees.get(user),
        }
    }

    /// Tells everybody whom it concerns. One who is between two lives reads the store when it is back.
    fn publish(&self, appended: &Appended) -> Missed {
        match appended {
            Appended::New { event, alert } => {
                let missed = match self.tree() {
                    Some(cx) => tell_tree(&cx, event, alert.as_ref()),
                    None => Missed::default(),
                };
                self.tell_subscribers(event);
                missed
            }
            Appended::Revised { event } => {
                // What was counted of it is counted again from the store: nobody else knows what it was before.
                let mut missed = Missed::default();
                if let Some(cx) = self.tree().filter(|_| is_for_metrics(event)) {
                    let told = cx.metrics().cast(MetricsMsg::EventRevised(Arc::clone(event)));
                    missed.metrics = is_missed(told).then_some(event.received_at);
                }
                self.tell_subscribers(event);
                missed
            }
            Appended::Duplicate { .. } => Missed::default(),
        }
    }

    fn tell_subscribers(&self, event: &Arc<StreamEvent>) {
        let (user, services) = match self {
            Self::Tree(cx) => (cx.user(), cx.services()),
            Self::Outside { user, services, .. } => (user, services),
        };
        services.pubsub.publish(user, || News::Event(Arc::clone(event)));
    }
}

fn tell_tree(cx: &UserContext, event: &Arc<StreamEvent>, alert: Option<&Arc<Alert>>) -> Missed {
    let mut missed = Missed::default();
    // One that is down reads the store when it is back.
    let _ = cx.stream_state().cast(StreamStateMsg::EventStored(Arc::clone(event)));
    if let Some(alert) = alert {
        missed.alerts = is_missed(cx.alerts().cast(AlertQueueMsg::Enqueue(Arc::clone(alert))));
    }
    if is_for_metrics(event) {
        let told = cx.metrics().cast(MetricsMsg::EventStored(Arc::clone(event)));
        missed.metrics = is_missed(told).then_some(event.received_at);
    }
    if matches!(
        event.report.kind,
        EventKind::InputConnected | EventKind::InputDisconnected | EventKind::InputErrored
    ) {
        let _ = cx.cloudflare().cast(CloudflareMsg::InputEvent(Arc::clone(event)));
    }
    missed
}

fn is_for_metrics(event: &StreamEvent) -> bool {
    event.report.kind.counted().is_some() || event.report.kind == EventKind::ViewersSample
}

/// One that is down reads the store when it is back; one that is starting may have read it already.
fn is_missed(told: Result<(), AddressError>) -> bool {
    told == Err(AddressError::Full)
}

impl Missed {
    /// Has those who missed something look into the store.
    pub(super) fn make_up(self, cx: &UserContext) {
        if self.alerts {
            let _ = cx.alerts().cast(AlertQueueMsg::Reload);
        }
        if let Some(since) = self.metrics {
            let _ = cx.metrics().cast(MetricsMsg::Recount { since });
        }
    }
}

impl BitOrAssign for Missed {
    fn bitor_assign(&mut self, other: Self) {
        self.alerts |= other.alerts;
        self.metrics = [self.metrics, other.metrics].into_iter().flatten().min();
    }
}
