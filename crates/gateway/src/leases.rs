//! Sessions that a web backend holds by renewing them: a lease that is not renewed is a leave.
//!
//! ```text
//! PUT    ─▶ put    ─▶ table: guard of the Tracker │ deadline ─▶ DelayQueue
//! DELETE ─▶ remove ─▶   "    drop the guard = leave                │ expired
//!                                 ▲──────────────────── expire() ◀─┘
//! ```
//!
//! One table and one queue for all leases, no task a lease. The Tracker's limits bound both.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_presence::{PhxRef, SessionGuard, TrackError, Tracker};
use tokio_util::time::{DelayQueue, delay_queue};

/// The leases held. Cheap to clone: all clones are the same. Needs a tokio runtime.
#[derive(Clone)]
pub(crate) struct Leases(Arc<Inner>);

struct Inner {
    tracker: Tracker,
    table: Mutex<Table>,
    expired: AtomicU64,
}

#[derive(Default)]
struct Table {
    leases: HashMap<LeaseId, Lease>,
    deadlines: DelayQueue<LeaseId>,
}

type LeaseId = (UserId, SessionId);

struct Lease {
    guard: SessionGuard,
    page: Page,
    deadline: delay_queue::Key,
}

/// What a [`Leases::put`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Was there no such lease before?
    pub(crate) created: bool,
    /// The reference of the session's meta.
    pub(crate) phx_ref: PhxRef,
}

// === impl Leases ===

impl Leases {
    pub(crate) fn new(tracker: Tracker) -> Self {
        let (table, expired) = (Mutex::default(), AtomicU64::new(0));
        Self(Arc::new(Inner { tracker, table, expired }))
    }

    /// Takes the lease, or renews it: it now ends `ttl` from now, and shows `page`.
    pub(crate) fn put(
        &self,
        user: &UserId,
        session: &SessionId,
        page: Page,
        ttl: Duration,
    ) -> Result<Held, TrackError> {
        // Two requests for one new lease must not both track: held until the lease is in the table.
        let mut table = self.table();
        let Table { leases, deadlines } = &mut *table;
        match leases.entry((user.clone(), session.clone())) {
            Entry::Occupied(mut lease) => {
                let lease = lease.get_mut();
                deadlines.reset(&lease.deadline, ttl);
                if lease.page != page {
                    lease.guard.update(page.clone());
                    lease.page = page;
                }
                Ok(Held { created: false, phx_ref: lease.guard.phx_ref() })
            }
            Entry::Vacant(vacant) => {
                let guard = self.0.tracker.track(user, session.clone(), page.clone())?;
                let phx_ref = guard.phx_ref();
                let deadline = deadlines.insert(vacant.key().clone(), ttl);
                vacant.insert(Lease { guard, page, deadline });
                Ok(Held { created: true, phx_ref })
            }
        }
    }

    /// Ends the lease. Was there one?
    pub(crate) fn remove(&self, user: &UserId, session: &SessionId) -> bool {
        let lease = {
            let mut table = self.table();
            let lease = table.leases.remove(&(user.clone(), session.clone()));
            if let Some(lease) = &lease {
                table.deadlines.remove(&lease.deadline);
            }
            lease
        };
        lease.is_some()
    }

    /// How many leases are held.
    pub(crate) fn len(&self) -> usize {
        self.table().leases.len()
    }

    /// How many have ended for want of a renewal.
    pub(crate) fn expired(&self) -> u64 {
        self.0.expired.load(Ordering::Relaxed)
    }

    /// Ends leases as their time comes, for ever. To be run once at a time; what expired in between is ended then.
    pub(crate) async fn expire(&self) {
        loop {
            let lease = poll_fn(|context| {
                let mut table = self.table();
                match table.deadlines.poll_expired(context) {
                    Poll::Ready(Some(expired)) => {
                        Poll::Ready(table.leases.remove(expired.get_ref()))
                    }
                    // The queue wakes us when a deadline comes into it.
                    Poll::Ready(None) | Poll::Pending => Poll::Pending,
                }
            })
            .await;
            self.0.expired.fetch_add(1, Ordering::Relaxed);
            if let Some(lease) = lease {
                tracing::debug!(user = %lease.guard.user(), page = %lease.page, "lease expired");
            }
            // Thousands may expire at once: let others run between them.
            tokio::task::consume_budget().await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").field("held", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use stagedoor_presence::TrackerLimits;
    use tokio::time::{advance, sleep};

    use super::*;

    const LIMITS: TrackerLimits = TrackerLimits { sessions_per_user: 2, users: 2 };
    const TTL: Duration = Duration::from_secs(30);
    const MOMENT: Duration = Duration::from_millis(2);

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn session(name: &str) -> SessionId {
        SessionId::new(name).unwrap()
    }

    fn page(name: &str) -> Page {
        Page::new(name).unwrap()
    }

    fn start() -> (Tracker, Leases) {
        let tracker = Tracker::new(LIMITS);
        let leases = Leases::new(tracker.clone());
        let expiring = leases.clone();
        tokio::spawn(async move { expiring.expire().await });
        (tracker, leases)
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_not_renewed_is_a_leave() {
        let (tracker, leases) = start();
        let ada = user("ada");
        assert!(leases.put(&ada, &session("a"), page("home"), TTL).unwrap().created);
        sleep(TTL - MOMENT).await;
        assert!(tracker.is_present(&ada));
        sleep(2 * MOMENT).await;
        assert!(!tracker.is_present(&ada));
        assert_eq!((leases.len(), leases.expired()), (0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewed_lease_lives_from_its_renewal() {
        let (tracker, leases) = start();
        let ada = user("ada");
        let first = leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
        for _ in 0..10 {
            sleep(TTL - MOMENT).await;
            let renewed = leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
            assert_eq!(
                renewed,
                Held { created: false, ..first },
                "nothing changes for who looks on"
            );
        }
        // A shorter renewal counts as well as a longer one.
        leases.put(&ada, &session("a"), page("home"), Duration::from_secs(1)).unwrap();
        sleep(Duration::from_secs(1) + MOMENT).await;
        assert!(!tracker.is_present(&ada));
    }

    #[tokio::test(start_paused = true)]
    async fn each_lease_has_its_own_time_whatever_the_order_in_which_they_came() {
        let (tracker, leases) = start();
        let ada = user("ada");
        let seconds = Duration::from_secs;
        leases.put(&ada, &session("long"), page("home"), seconds(3600)).unwrap();
        sleep(MOMENT).await;
        leases.put(&ada, &session("short"), page("home"), seconds(1)).unwrap();
        sleep(seconds(1) + MOMENT).await;
        assert_eq!(tracker.metas(&ada)[0].session, session("long"));
        assert_eq!(leases.len(), 1);
        sleep(seconds(3600)).await;
        assert!(!tracker.is_present(&ada));
    }

    #[tokio::test(start_paused = true)]
    async fn another_page_is_an_update_of_the_same_session() {
        let (tracker, leases) = start();
        let ada = user("ada");
        let first = leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
        let second = leases.put(&ada, &session("a"), page("stream"), TTL).unwrap();
        let metas = tracker.metas(&ada);
        assert_eq!(metas.len(), 1);
        assert_eq!(metas[0].page, page("stream"));
        assert_eq!(metas[0].phx_ref_prev, Some(first.phx_ref));
        assert_eq!(metas[0].phx_ref, second.phx_ref);
    }

    #[tokio::test(start_paused = true)]
    async fn a_removed_lease_is_gone_at_once_and_for_good() {
        let (tracker, leases) = start();
        let ada = user("ada");
        leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
        assert!(leases.remove(&ada, &session("a")));
        assert!(!tracker.is_present(&ada));
        assert!(!leases.remove(&ada, &session("a")), "and once only");
        // The old deadline says nothing to a new lease of the same name.
        sleep(TTL - MOMENT).await;
        leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
        sleep(TTL - MOMENT).await;
        assert!(tracker.is_present(&ada));
        assert_eq!(leases.expired(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_trackers_limits_bound_leases_and_a_refused_one_leaves_nothing() {
        let (_, leases) = start();
        let ada = user("ada");
        leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
        leases.put(&ada, &session("b"), page("home"), TTL).unwrap();
        let refused = leases.put(&ada, &session("c"), page("home"), TTL).unwrap_err();
        assert_eq!(refused, TrackError::TooManySessions { limit: 2 });
        assert_eq!((leases.len(), leases.table().deadlines.len()), (2, 2));
        leases.put(&ada, &session("a"), page("home"), TTL).expect("a renewal needs no room");
    }

    #[tokio::test(start_paused = true)]
    async fn leases_outlive_a_restart_of_what_ends_them() {
        let tracker = Tracker::new(LIMITS);
        let leases = Leases::new(tracker.clone());
        let ada = user("ada");
        leases.put(&ada, &session("a"), page("home"), TTL).unwrap();
        let expiring = leases.clone();
        let first = tokio::spawn(async move { expiring.expire().await });
        sleep(MOMENT).await;
        first.abort();
        advance(TTL / 2).await;
        assert!(tracker.is_present(&ada));
        advance(TTL).await;
        let expiring = leases.clone();
        tokio::spawn(async move { expiring.expire().await });
        sleep(MOMENT).await;
        assert!(!tracker.is_present(&ada), "what expired in between is ended now");
    }
}
