//! Reading a connection: what comes is handed to EventProcessor, and the place is kept once it is durable.
//!
//! ```text
//! Connection::next ──▶ batch ──▶ EventProcessor ──▶ durable ──▶ cursor ──▶ store
//!       ▲                                             │
//!       └──── no more than so many under way ◀────────┘
//! ```

use std::time::Duration;

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
use ractor::{ActorRef, RpcReplyPort};
use stagedoor_domain::{EventKind, EventReport, Platform};
use stagedoor_platforms::{Batch, Broadcast, Connection, Disconnect, Resume};
use stagedoor_store::StoreError;
use tokio::time::Instant;

use super::{manager::PlatformMsg, state::Outcome};
use crate::{EventsMsg, Receipt, SubmitError, UserContext};

/// How many events of one connection may wait to be durable. The platform waits behind them.
const UNDER_WAY: usize = 256;

/// How often the place is kept at most: what is read again after a crash is known by its keys.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How long what could not be taken waits before it is handed over again.
const AGAIN: Duration = Duration::from_millis(100);

/// Reads one connection to its end.
pub(super) struct Reader {
    pub(super) cx: UserContext,
    pub(super) platform: Platform,
    pub(super) account: stagedoor_platforms::AccountAccess,
    pub(super) client: std::sync::Arc<dyn stagedoor_platforms::Platform>,
    pub(super) broadcast: Option<Broadcast>,
    pub(super) manager: ActorRef<PlatformMsg>,
    /// Which of the manager's readers it is.
    pub(super) number: u64,
}

impl Reader {
    /// Answers why it ended.
    pub(super) async fn read(self) -> Disconnect {
        let cursor = match self.cursor().await {
            Ok(cursor) => cursor,
            Err(error) => {
                let reason = format!("the place to read on from cannot be read: {error}").into();
                return Disconnect::Lost { reason, retry_after: None };
            }
        };
        let resume = Resume { broadcast: self.broadcast.clone(), cursor };
        let mut connection = self.client.connect(&self.account, resume);
        self.pump(&mut *connection).await
    }

    async fn pump(&self, connection: &mut dyn Connection) -> Disconnect {
        let mut under_way: FuturesOrdered<BoxFuture<'_, Option<Box<str>>>> = FuturesOrdered::new();
        let (mut place, mut keep_at) = (None, Instant::now());
        // The store may take its time over the place; the platform is read meanwhile.
        let mut keeping: FuturesOrdered<BoxFuture<'_, ()>> = FuturesOrdered::new();
        loop {
            let mut next = connection.next();
            let batch = loop {
                tokio::select! {
                    biased;
                    // First: it may hold the store's lock, which the others wait for.
                    Some(()) = keeping.next() => keep_at = Instant::now() + KEEP_INTERVAL,
                    Some(cursor) = under_way.next() => place = cursor.or(place),
                    () = tokio::time::sleep_until(keep_at), if place.is_some() && keeping.is_empty() => {
                        keeping.push_back(Box::pin(self.keep(place.take())));
                    }
                    batch = &mut next, if under_way.len() < UNDER_WAY => break batch,
                }
            };
            drop(next);
            match batch {
                Ok(batch) => self.take(batch, &mut under_way),
                Err(disconnect) => {
                    while keeping.next().await.is_some() {}
                    while let Some(cursor) = under_way.next().await {
                        place = cursor.or(place);
                    }
                    self.keep(place).await;
                    return disconnect;
                }
            }
        }
    }

    fn take<'a>(
        &'a self,
        Batch { reports, cursor, link }: Batch,
        under_way: &mut FuturesOrdered<BoxFuture<'a, Option<Box<str>>>>,
    ) {
        if let Some(link) = link {
            self.tell(Outcome::Link(self.number, link));
        }
        for report in &reports {
            match report.kind {
                EventKind::StreamOnline => self.tell(Outcome::Live(true)),
                EventKind::StreamOffline => self.tell(Outcome::Live(false)),
                _ => {}
            }
        }
        if !reports.is_empty() {
            self.tell(Outcome::Received(reports.len()));
        }
        // Handed over in their order; the place is the batch's, so it counts once the last of them is durable.
        for report in reports {
            let handed_over = self.hand_over(report);
            under_way.push_back(Box::pin(async move {
                handed_over.await;
                None
            }));
        }
        if cursor.is_some() {
            under_way.push_back(Box::pin(std::future::ready(cursor)));
        }
    }

    /// Hands a report over now; done when it is durable, or refused for good.
    fn hand_over(&self, report: EventReport) -> BoxFuture<'_, ()> {
        let mut answer = self.submit(&report);
        Box::pin(async move {
            loop {
                match answer.await {
                    // Who had it has ended before it was taken.
                    Err(_) => {}
                    Ok(Ok(_)) => return,
                    Ok(Err(SubmitError::Rejected { reason })) => {
                        // One that cannot be stored must not keep the others from it.
                        tracing::warn!(user = %self.cx.user(), platform = %self.platform, kind = %report.kind, %reason, "event refused");
                        return;
                    }
                    Ok(Err(error)) => {
                        tracing::debug!(user = %self.cx.user(), platform = %self.platform, %error, "event waits");
                    }
                }
                tokio::time::sleep(AGAIN).await;
                answer = self.submit(&report);
            }
        })
    }

    fn submit(
        &self,
        report: &EventReport,
    ) -> ractor::concurrency::OneshotReceiver<Result<Receipt, SubmitError>> {
        let (reply, answer) = ractor::concurrency::oneshot();
        // Where nobody takes it, the answer never comes, which says so.
        let message = EventsMsg::submit(report.clone(), Some(RpcReplyPort::from(reply)));
        let _ = self.cx.events().cast(message);
        answer
    }

    async fn keep(&self, cursor: Option<Box<str>>) {
        let Some(cursor) = cursor else { return };
        let (store, scope) = (&self.cx.services().store, self.scope());
        if let Err(error) = store.put_cursor(self.cx.user(), &self.platform, scope, &cursor).await {
            // What is read again then is known by its keys.
            tracing::warn!(user = %self.cx.user(), platform = %self.platform, %error, "place not kept");
        }
    }

    async fn cursor(&self) -> Result<Option<Box<str>>, StoreError> {
        let store = &self.cx.services().store;
        store.cursor(self.cx.user(), &self.platform, self.scope()).await
    }

    /// A cursor is a place in one broadcast's chat, or in the channel's events.
    fn scope(&self) -> &str {
        self.broadcast.as_ref().map_or("", |broadcast| &broadcast.id)
    }

    fn tell(&self, outcome: Outcome) {
        // A manager that has ended wants to know no more.
        let _ = self.manager.cast(PlatformMsg::done(outcome));
    }
}
