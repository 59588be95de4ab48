use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use ractor::ActorRef;
use stagedoor_domain::UserId;
use stagedoor_supervision::StartChildError;
use tokio::time::Instant;

use crate::{
    Subscription,
    manager::{
        actor::{
            Changes, PendingTimer, PresenceManagerArgs, PresenceManagerMsg, PresenceManagerSnapshot,
        },
        decision::{Decision, decide},
        grace::GraceTimers,
        holds::Kept,
    },
};

/// How many timers one message may let elapse: others get their turn in between.
const BATCH: usize = 256;

/// The name under which it logs.
const ACTOR: &str = "PresenceManager";

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct PresenceCounters {
    joins: AtomicU64,
    leaves: AtomicU64,
    timers_armed: AtomicU64,
    timers_cancelled: AtomicU64,
    timers_elapsed: AtomicU64,
    pending: AtomicUsize,
}

impl PresenceCounters {
    /// Sessions that joined.
    #[must_use]
    pub fn joins(&self) -> u64 {
        self.joins.load(Relaxed)
    }

    /// Sessions that left.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves.load(Relaxed)
    }

    /// Grace timers armed.
    #[must_use]
    pub fn timers_armed(&self) -> u64 {
        self.timers_armed.load(Relaxed)
    }

    /// Grace timers cancelled because the user came back, or the tree is held.
    #[must_use]
    pub fn timers_cancelled(&self) -> u64 {
        self.timers_cancelled.load(Relaxed)
    }

    /// Grace timers that stopped a tree.
    #[must_use]
    pub fn timers_elapsed(&self) -> u64 {
        self.timers_elapsed.load(Relaxed)
    }

    /// Grace timers that run.
    #[must_use]
    pub fn pending_timers(&self) -> usize {
        self.pending.load(Relaxed)
    }
}

/// What the manager knows that nobody else does: the grace timers.
pub struct State {
    args: PresenceManagerArgs,
    myself: ActorRef<PresenceManagerMsg>,
    timers: GraceTimers,
    kept: Kept,
    _subscription: Subscription,
}

impl State {
    pub(super) fn start(myself: ActorRef<PresenceManagerMsg>, args: PresenceManagerArgs) -> Self {
        // Subscribed first, so that nothing that happens while it reconciles is missed.
        let subscription = args.tracker.subscribe_all(std::sync::Arc::new(Changes(myself.clone())));
        let mut state = Self {
            args,
            myself,
            timers: GraceTimers::default(),
            kept: Kept::default(),
            _subscription: subscription,
        };
        state.reconcile();
        state
    }

    /// Looks at everybody who is present, is held or has a tree.
    fn reconcile(&mut self) {
        for user in self.args.tracker.users() {
            self.attend_to(&user);
        }
        // A daemon that was restarted during a stream: nobody need be present for it to go on.
        for user in self.args.holds.users() {
            self.attend_to(&user);
        }
        for id in self.args.users.ids() {
            match UserId::new(id.as_str()) {
                Ok(user) => self.attend_to(&user),
                Err(error) => tracing::error!(actor = ACTOR, %id, %error, "tree of nobody"),
            }
        }
        self.set_alarm();
    }

    pub(super) fn presence_changed(&mut self, user: &UserId, joins: usize, leaves: usize) {
        let counters = &self.args.counters;
        counters.joins.fetch_add(joins as u64, Relaxed);
        counters.leaves.fetch_add(leaves as u64, Relaxed);
        // The words that operators know from Phoenix. An update is both, and no news.
        match (joins, leaves) {
            (_, 0) => tracing::info!(actor = ACTOR, "Phoenix.Presence join: {user}"),
            (0, _) => tracing::info!(actor = ACTOR, "Phoenix.Presence leave: {user}"),
            _ => tracing::debug!(actor = ACTOR, "Phoenix.Presence update: {user}"),
        }
        self.attend_to(user);
        self.set_alarm();
    }

    pub(super) fn hold_changed(&mut self, user: &UserId) {
        self.attend_to(user);
        self.set_alarm();
    }

    /// Looks at one user and does what is missing.
    fn attend_to(&mut self, user: &UserId) {
        let present = self.args.tracker.is_present(user);
        let held = self.args.holds.why(user);
        if let Some(why) = self.kept.news(user, held.filter(|_| !present)) {
            tracing::info!(actor = ACTOR, "User {user} kept: {why}");
        }
        let tree = self.args.users.outlook(user.as_str());
        match decide(present, held.is_some(), tree, self.timers.runs_for(user)) {
            Decision::Start => {
                self.cancel(user);
                self.start_tree(user);
            }
            Decision::Arm => self.arm(user),
            Decision::Cancel => self.cancel(user),
            Decision::Nothing => {}
        }
    }

    fn start_tree(&self, user: &UserId) {
        match self.args.users.request_start((self.args.tree)(user)) {
            // Somebody else was faster, an operator perhaps.
            Ok(()) | Err(StartChildError::AlreadyStarted) => {}
            Err(error) => tracing::error!(actor = ACTOR, %user, %error, "tree is not started"),
        }
    }

    fn arm(&mut self, user: &UserId) {
        let timeout = self.args.cleanup_timeout.get();
        self.timers.arm(user.clone(), Instant::now() + timeout);
        self.args.counters.timers_armed.fetch_add(1, Relaxed);
        self.count_pending();
        let milliseconds = timeout.as_millis();
        tracing::info!(actor = ACTOR, "User {user} cleanup scheduled in {milliseconds}ms");
    }

    fn cancel(&mut self, user: &UserId) {
        if self.timers.cancel(user) {
            self.args.counters.timers_cancelled.fetch_add(1, Relaxed);
            self.count_pending();
            tracing::debug!(actor = ACTOR, %user, "cleanup cancelled");
        }
    }

    /// Stops the trees whose grace is over, whose user has not come back and which nobody holds.
    pub(super) fn grace_elapsed(&mut self) {
        let now = Instant::now();
        for _ in 0..BATCH {
            let Some(user) = self.timers.pop_due(now) else {
                self.count_pending();
                return self.set_alarm();
            };
            if self.args.tracker.is_present(&user) || self.args.holds.why(&user).is_some() {
                // Back already, or held; the message that says so is on its way.
                continue;
            }
            self.args.counters.timers_elapsed.fetch_add(1, Relaxed);
            // A tree that is gone by now is as it should be.
            let _ = self.args.users.request_stop(user.as_str());
        }
        self.count_pending();
        // There may be more; it does not fail while this handler runs.
        let _ = self.myself.cast(PresenceManagerMsg::GraceElapsed);
    }

    fn set_alarm(&mut self) {
        let myself = self.myself.clone();
        self.timers.set_alarm(move || drop(myself.cast(PresenceManagerMsg::GraceElapsed)));
    }

    fn count_pending(&self) {
        self.args.counters.pending.store(self.timers.len(), Relaxed);
    }

    pub(super) fn pending_timers(&self) -> Vec<PendingTimer> {
        let now = Instant::now();
        let timer = |(deadline, user): &(Instant, UserId)| PendingTimer {
            user: user.clone(),
            remaining_ms: milliseconds(deadline.saturating_duration_since(now)),
        };
        self.timers.iter().map(timer).collect()
    }

    pub(super) fn snapshot(&self) -> PresenceManagerSnapshot {
        PresenceManagerSnapshot {
            cleanup_timeout_ms: milliseconds(self.args.cleanup_timeout.get()),
            present_users: self.args.tracker.user_count(),
            kept_users: self.kept.len(),
            pending_timers: self.timers.len(),
        }
    }
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
