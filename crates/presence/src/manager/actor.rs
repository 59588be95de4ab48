use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::UserId;
use stagedoor_supervision::{ChildSpec, DynamicSupervisorRef, Observable};

use crate::{
    Diff, PresenceSink, PresenceState, Tracker,
    manager::{
        holds::Holds,
        state::{PresenceCounters, State},
    },
};

/// Starts and stops the users' trees as the users come and go.
pub struct PresenceManager;

/// Messages of [`PresenceManager`].
#[derive(Debug)]
pub enum PresenceManagerMsg {
    /// Sessions of a user came or went. (fact, from the Tracker)
    PresenceChanged {
        /// Whose.
        user: UserId,
        /// How many came.
        joins: usize,
        /// How many went.
        leaves: usize,
    },
    /// A user's tree is held since now, no more, or for another reason. (fact, from whoever answers [`Holds`])
    HoldChanged(UserId),
    /// The earliest grace timer is due. (timer)
    GraceElapsed,
    /// Answers the grace timers that run, the earliest first. (call)
    GetPendingTimers(RpcReplyPort<Vec<PendingTimer>>),
    /// Answers a summary. (call)
    GetSnapshot(RpcReplyPort<PresenceManagerSnapshot>),
}

/// A grace timer that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingTimer {
    /// Whose tree is stopped when it is due.
    pub user: UserId,
    /// When, in milliseconds from now.
    pub remaining_ms: u64,
}

/// What [`PresenceManager`] shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceManagerSnapshot {
    /// The grace period, in milliseconds.
    pub cleanup_timeout_ms: u64,
    /// Users with at least one session.
    pub present_users: usize,
    /// Users who are gone and whose trees are held.
    pub kept_users: usize,
    /// Grace timers that run.
    pub pending_timers: usize,
}

/// How a user's tree is specified: its child id is the user's id.
pub type TreeSpec = Arc<dyn Fn(&UserId) -> ChildSpec + Send + Sync>;

/// How long a tree outlives its user's last session. Can be changed while the daemon runs; timers that run already
/// keep theirs.
#[derive(Clone, Debug)]
pub struct CleanupTimeout(Arc<AtomicU64>);

impl CleanupTimeout {
    /// A grace period, to the millisecond. Zero is allowed: the tree stops with the last leave.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        let this = Self(Arc::default());
        this.set(timeout);
        this
    }

    /// Changes it.
    pub fn set(&self, timeout: Duration) {
        self.0.store(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Relaxed))
    }
}

/// What a [`PresenceManager`] starts with; the same at each of its starts.
#[derive(Clone)]
pub struct PresenceManagerArgs {
    /// Who is here.
    pub tracker: Tracker,
    /// Whose trees run.
    pub users: DynamicSupervisorRef,
    /// How a tree is specified.
    pub tree: TreeSpec,
    /// Whose trees are held though nobody is here.
    pub holds: Holds,
    /// The grace period.
    pub cleanup_timeout: CleanupTimeout,
    /// Counts that outlive a crash.
    pub counters: Arc<PresenceCounters>,
}

impl Actor for PresenceManager {
    type Msg = PresenceManagerMsg;
    type State = State;
    type Arguments = PresenceManagerArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::start(myself, args))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        // An answer that nobody waits for any more is no failure.
        match message {
            PresenceManagerMsg::PresenceChanged { user, joins, leaves } => {
                state.presence_changed(&user, joins, leaves);
            }
            PresenceManagerMsg::HoldChanged(user) => state.hold_changed(&user),
            PresenceManagerMsg::GraceElapsed => state.grace_elapsed(),
            PresenceManagerMsg::GetPendingTimers(reply) => drop(reply.send(state.pending_timers())),
            PresenceManagerMsg::GetSnapshot(reply) => drop(reply.send(state.snapshot())),
        }
        Ok(())
    }
}

impl Observable for PresenceManagerMsg {
    type Snapshot = PresenceManagerSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

/// What the Tracker tells becomes messages of this life of the manager.
pub(super) struct Changes(pub(super) ActorRef<PresenceManagerMsg>);

impl PresenceSink for Changes {
    fn state(&self, _: &PresenceState) {
        // The manager reads the Tracker itself: see `State::reconcile`.
    }

    fn diff(&self, diff: &Diff) {
        let changed = PresenceManagerMsg::PresenceChanged {
            user: diff.user().clone(),
            joins: diff.joins().len(),
            leaves: diff.leaves().len(),
        };
        // A manager that is gone is followed by one that reconciles.
        let _ = self.0.cast(changed);
    }
}

impl fmt::Debug for PresenceManagerArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresenceManagerArgs").finish_non_exhaustive()
    }
}
