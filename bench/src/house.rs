//! The daemon's tree without its gateway: Tracker, UserSupervisor, PresenceManager.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_presence::{
    CleanupTimeout, Holds, PresenceCounters, PresenceManager, PresenceManagerArgs, SessionGuard,
    Tracker, TrackerLimits, TreeSpec,
};
use stagedoor_supervision::{
    Address, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, ExitClass, Lifecycle,
    LifecycleEvent, Root, Strategy, SupervisorRef, SupervisorSpec, Worker,
};
use tokio::{
    sync::broadcast::Receiver,
    time::{Instant, sleep},
};

/// How long anything may take before the run is given up.
const PATIENCE: Duration = Duration::from_mins(5);

/// UserSupervisor and PresenceManager.
const STAFF: usize = 2;

pub(crate) struct House {
    pub(crate) tracker: Tracker,
    pub(crate) users: DynamicSupervisorRef,
    pub(crate) counters: Arc<PresenceCounters>,
    pub(crate) cleanup_timeout: CleanupTimeout,
    root: Root,
}

impl House {
    pub(crate) async fn open(tracker: Tracker, tree: TreeSpec, grace: Duration) -> Result<Self> {
        let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let counters = Arc::<PresenceCounters>::default();
        let cleanup_timeout = CleanupTimeout::new(grace);
        let args = PresenceManagerArgs {
            tracker: tracker.clone(),
            users: users.clone(),
            tree,
            holds: Holds::none(),
            cleanup_timeout: cleanup_timeout.clone(),
            counters: Arc::clone(&counters),
        };
        let supervised = users.clone();
        let supervisor = SupervisorRef::new(move || {
            let args = args.clone();
            let manager = Worker::new(&Address::new(), move || (PresenceManager, args.clone()));
            SupervisorSpec::new(Strategy::RestForOne)
                .child(ChildSpec::dynamic_supervisor("users", &supervised))
                .child(ChildSpec::worker("presence", manager))
        });
        let root = Root::start(supervisor, Lifecycle::new()).await?;
        Ok(Self { tracker, users, counters, cleanup_timeout, root })
    }

    /// Actors that run in the users' trees.
    pub(crate) fn actors(&self) -> usize {
        let counters = self.root.lifecycle().counters();
        let classes =
            [ExitClass::Normal, ExitClass::Shutdown, ExitClass::Failed, ExitClass::Killed];
        let exited: u64 = classes.into_iter().map(|class| counters.exited(class)).sum();
        let running = (counters.started() + counters.restarted()).saturating_sub(exited);
        usize::try_from(running).unwrap_or(usize::MAX).saturating_sub(STAFF)
    }

    /// What happens to actors from now on.
    pub(crate) fn watch(&self) -> Receiver<LifecycleEvent> {
        self.root.lifecycle().watch()
    }

    pub(crate) async fn close(self) -> Result<()> {
        ensure!(self.root.stop(PATIENCE).await, "the tree did not stop");
        Ok(())
    }
}

/// As many as a run wants.
pub(crate) fn tracker() -> Tracker {
    Tracker::new(TrackerLimits { sessions_per_user: 16, users: 10_000_000 })
}

/// A session of `user`, as the gateway makes them.
pub(crate) fn join(tracker: &Tracker, user: &UserId, number: usize) -> Result<SessionGuard> {
    let session = SessionId::new(format!("0123456789abcdef-{number:x}"))?;
    Ok(tracker.track(user, session, Page::new("home")?)?)
}

/// Waits until `condition` holds, looking a thousand times a second.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !condition() {
        ensure!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
