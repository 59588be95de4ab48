//! What one sees: plain data. Field names are the stable JSON form of `stagedoor --json`.

mod platforms;
mod stream;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_supervision::{ChildCount, ChildInfo, ChildStatus, LastExit, Strategy};

use crate::{error::Failure, message::Action, paging::Source};

pub use platforms::{
    LinkView, PlatformBroadcastView, PlatformManagerView, PlatformView, PlatformsOverview,
};
pub use stream::{
    AlertsOverview, Budget, BudgetPriority, DestinationView, EncoderView, EventRows, ShownAlert,
    StreamActed, StreamOverview,
};

/// What the daemon says of its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// The daemon's version.
    pub version: String,
    /// `development` or `production`.
    pub mode: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// For how long it has been up, in milliseconds.
    pub uptime_ms: u64,
    /// Its resident memory in bytes, where the operating system tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rss_bytes: Option<u64>,
}

/// How many are here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceCount {
    /// Users present.
    pub users: usize,
    /// Their sessions.
    pub sessions: usize,
}

/// One session of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentSession {
    /// The session's own name.
    pub session_id: SessionId,
    /// The page it shows.
    pub page: Page,
    /// When it came.
    pub joined_at: Timestamp,
    /// The reference by which Phoenix.Presence tells metas apart.
    pub phx_ref: String,
}

/// A user who is present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentUser {
    /// Who.
    pub user: UserId,
    /// Their sessions, the oldest first.
    pub sessions: Vec<PresentSession>,
}

/// A user for whom a tree is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedUser {
    /// Who: the tree's id among the users.
    pub user: String,
    /// Where the tree stands.
    #[serde(flatten)]
    pub status: ChildStatus,
    /// Why it is kept though the user may be gone, if it is: `live`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<String>,
}

/// A user's tree that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manager {
    /// Whose: the tree's id among the users.
    pub user: String,
    /// The tree's path.
    pub path: String,
    /// Where it stands: running, and for how long.
    #[serde(flatten)]
    pub status: ChildStatus,
    /// How often it has been restarted.
    pub restarts: u32,
    /// Its last exit, if it had one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_exit: Option<LastExit>,
}

/// A grace timer that is armed: a tree that nobody needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingTimer {
    /// Whose tree.
    pub user: UserId,
    /// When it is stopped, in milliseconds from now.
    pub remaining_ms: u64,
}

/// The first rows of a list, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct First<T> {
    /// Where it was read.
    pub source: Source,
    /// How many there are.
    pub total: usize,
    /// The first of them, at most 10.
    pub first: Vec<T>,
    /// Why it could not be read; then the other fields say nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<Failure>,
}

/// Everything at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// When it was read.
    pub observed_at: Timestamp,
    /// The process.
    pub daemon: ProcessFacts,
    /// How many sessions all users have together.
    pub sessions: usize,
    /// Who is present.
    pub presence: First<PresentUser>,
    /// For whom a tree is kept.
    pub managed_users: First<ManagedUser>,
    /// Whose tree runs.
    pub running_managers: First<Manager>,
    /// Whose tree nobody needs.
    pub pending_timers: First<PendingTimer>,
}

/// Actors that ended, by how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exits {
    /// They were done.
    pub normal: u64,
    /// They were asked to stop.
    pub shutdown: u64,
    /// They failed.
    pub failed: u64,
    /// They were killed.
    pub killed: u64,
}

/// The daemon's numbers. Counts are since its start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsSummary {
    /// When they were read.
    pub observed_at: Timestamp,
    /// The process.
    pub daemon: ProcessFacts,
    /// Who is here.
    pub presence: PresenceCount,
    /// The users' trees.
    pub managers: ChildCount,
    /// Grace timers that are armed; none when `PresenceManager` does not answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pending_timers: Option<usize>,
    /// Actors started, restarts not counted.
    pub started: u64,
    /// Actors restarted.
    pub restarted: u64,
    /// Starts and restarts that failed.
    pub start_failed: u64,
    /// Supervisors that gave up.
    pub gave_up: u64,
    /// Actors that ended.
    pub exits: Exits,
    /// What other parts of the daemon add, by name.
    pub figures: BTreeMap<String, f64>,
}

/// The metrics of one user's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserMetrics {
    /// Whose.
    pub user: String,
    /// What the user's `MetricsCollector` says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub metrics: Option<Value>,
    /// Why it says nothing: `not_started` when there has been nothing to count.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<Failure>,
}

/// One actor of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeRow {
    /// Its path.
    pub path: String,
    /// How many levels it is below where the tree begins.
    pub depth: usize,
    /// Whom a supervisor restarts; none for a worker.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub strategy: Option<Strategy>,
    /// How many children a supervisor has, shown or not; none for a worker.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub children: Option<ChildCount>,
    /// The rest, as its supervisor reports it.
    #[serde(flatten)]
    pub info: ChildInfo,
}

/// One page of a tree, parents before children. A dynamic supervisor's children are sorted by id, others are in start
/// order. The tree goes on living between two pages: what starts behind the cursor is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeRows {
    /// When it was read.
    pub observed_at: Timestamp,
    /// The strategy of the root; none when the tree does not begin at the root, which is no row of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<Strategy>,
    /// The rows of this page.
    pub rows: Vec<TreeRow>,
    /// What [`Paging::after`](crate::Paging::after) must be for the next page; none when this is the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// What an actor says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Whose.
    pub path: String,
    /// When it was answered.
    pub observed_at: Timestamp,
    /// How its supervisor sees it; none for the root.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub info: Option<ChildInfo>,
    /// What the actor answered.
    pub state: Value,
}

/// An action that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// What was done.
    pub action: Action,
    /// To whom.
    pub path: String,
    /// Where it stands now; none when it is gone. After a crash its supervisor may not have seen it yet.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub status: Option<ChildStatus>,
}

/// What the [`Inspector`](crate::Inspector) says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectorSnapshot {
    /// Questions answered or under way, since its start.
    pub requests: u64,
    /// Actions among them.
    pub acts: u64,
    /// Clients connected now.
    pub connections: usize,
    /// Clients let in, since the daemon's start.
    pub connections_served: u64,
    /// Clients turned away, since the daemon's start.
    pub connections_refused: u64,
}
