//! The messages, one enum for both ends.

use std::fmt;

use ractor::RpcReplyPort;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{DestinationId, EventId, EventKind, UserId};
use stagedoor_supervision::{ChildCount, ChildInfo, HistoryRecord, Observable};

use crate::{
    error::InspectError,
    paging::{Paging, Rows},
    view::{
        Acted, AlertsOverview, Budget, EventRows, InspectorSnapshot, ManagedUser, Manager,
        MetricsSummary, Overview, PendingTimer, PlatformsOverview, PresentUser, Snapshot,
        StreamActed, StreamOverview, TreeRows, UserMetrics,
    },
    watch::Watch,
};

/// Where an answer goes.
pub type Reply<T> = RpcReplyPort<Result<T, InspectError>>;

/// What the debug client may ask. Paths join ids by `/` from the root's children on: `users/ada/stream_state`; the
/// empty path is the root.
#[derive(Debug)]
pub enum InspectMsg {
    /// Who is here, what runs, what waits, in numbers and first rows. (call)
    Overview(Reply<Overview>),
    /// Who is present, with their sessions, sorted by user. (call)
    Presence(Paging, Reply<Rows<PresentUser>>),
    /// The users for whom a tree is kept, whatever its status, sorted by user. (call)
    Users(Paging, Reply<Rows<ManagedUser>>),
    /// The trees that run, sorted by user. (call)
    Managers(Paging, Reply<Rows<Manager>>),
    /// The pending grace timers, sorted by user. (call)
    Timers(Paging, Reply<Rows<PendingTimer>>),
    /// The daemon's numbers. (call)
    Metrics(Reply<MetricsSummary>),
    /// The metrics of each user's stream, sorted by user. (call)
    UserMetrics(Paging, Reply<Rows<UserMetrics>>),
    /// The tree below a path, parents before children. (call)
    Tree(TreeQuery, Paging, Reply<TreeRows>),
    /// A supervisor's children. (call)
    Children(String, Paging, Reply<Rows<ChildInfo>>),
    /// A supervisor's `count_children`. (call)
    Count(String, Reply<ChildCount>),
    /// What an actor says of itself. (call)
    Snapshot {
        /// Whose.
        path: String,
        /// How long the actor may take, in milliseconds; at most 10,000.
        limit_ms: u64,
        /// The answer.
        reply: Reply<Snapshot>,
    },
    /// The last restarts, exits, failed starts and give-ups below a supervisor, the oldest first; of a worker, those
    /// that its supervisor has of it. (call)
    History(String, Reply<Vec<HistoryRecord>>),
    /// Every change in an actor's life from now on. (call)
    Watch(Reply<Watch>),
    /// Acts on an actor. (call)
    Act {
        /// What to do.
        action: Action,
        /// To whom.
        path: String,
        /// Who asks. What a client says of itself is not believed: the daemon's end of the wire writes what it knows.
        by: Caller,
        /// The answer.
        reply: Reply<Acted>,
    },
    /// Where a user's stream stands. (call)
    Stream(UserId, Reply<StreamOverview>),
    /// Starts or stops a user's stream. (call)
    ActOnStream {
        /// Whose.
        user: UserId,
        /// What to do.
        action: StreamAction,
        /// Who asks, as in [`Act`](Self::Act).
        by: Caller,
        /// The answer.
        reply: Reply<StreamActed>,
    },
    /// A user's events. (call)
    Events(EventQuery, Reply<EventRows>),
    /// A user's alerts: what is shown, what waits, what was. (call)
    Alerts(UserId, Reply<AlertsOverview>),
    /// A user's accounts on the platforms, and how each is connected. (call)
    Platforms(UserId, Reply<PlatformsOverview>),
    /// The quotas that all users share. (call)
    Budgets(Reply<Vec<Budget>>),
    /// Answers the [`Inspector`](crate::Inspector)'s own snapshot. (call)
    GetSnapshot(RpcReplyPort<InspectorSnapshot>),
}

impl Observable for InspectMsg {
    type Snapshot = InspectorSnapshot;

    fn get_snapshot(reply: RpcReplyPort<InspectorSnapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

/// Which part of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeQuery {
    /// Where the tree begins; the empty path is the root.
    #[serde(default)]
    pub path: String,
    /// How many levels below it; none is all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub depth: Option<usize>,
}

/// The most kinds of events that one may ask for.
pub const MAX_KINDS: usize = 64;

/// Which of a user's events: the newest first, or from one on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventQuery {
    /// Whose.
    pub user: UserId,
    /// Of these kinds, at most [`MAX_KINDS`]; of all if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub kinds: Vec<EventKind>,
    /// Those before this one, the newest first: the [`EventRows::next`] of the page before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<EventId>,
    /// Those after this one, the oldest first: the last that one has seen. Not together with `before`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<EventId>,
    /// How many; none, and everything above [`MAX_ROWS`](crate::MAX_ROWS), is [`MAX_ROWS`](crate::MAX_ROWS).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<usize>,
}

impl EventQuery {
    /// The newest events of a user.
    #[must_use]
    pub const fn newest(user: UserId) -> Self {
        Self { user, kinds: Vec::new(), before: None, after: None, limit: None }
    }
}

/// What can be done to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamAction {
    /// Start it.
    Start {
        /// On these of the user's destinations; on all if none are named.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        destinations: Vec<DestinationId>,
    },
    /// Stop it on all its destinations.
    Stop,
}

impl StreamAction {
    /// The action's name, as in JSON and in logs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Stop => "stop",
        }
    }
}

/// What can be done to an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Stop it gracefully and start it again.
    Restart,
    /// Stop it gracefully, and leave it so.
    Stop,
    /// Kill it, as a crash would; its supervisor does what it does after a crash.
    Crash,
}

impl Action {
    /// The action's name, as in JSON and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Crash => "crash",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who asks, as the daemon's log names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// Somebody in the daemon's own process.
    #[default]
    InProcess,
    /// A process at the other end of the Unix socket.
    Unix {
        /// The user it runs as.
        uid: u32,
        /// Its process id, where the operating system tells.
        pid: Option<i32>,
    },
    /// Somebody who has the token, at the other end of a TCP connection.
    Tcp(std::net::SocketAddr),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProcess => f.write_str("the daemon itself"),
            Self::Unix { uid, pid: Some(pid) } => write!(f, "uid {uid}, pid {pid}"),
            Self::Unix { uid, pid: None } => write!(f, "uid {uid}"),
            Self::Tcp(peer) => write!(f, "token holder at {peer}"),
        }
    }
}

/// A question as it travels: [`InspectMsg`] without the reply port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Question {
    Overview,
    Presence(Paging),
    Users(Paging),
    Managers(Paging),
    Timers(Paging),
    Metrics,
    UserMetrics(Paging),
    Tree {
        #[serde(flatten)]
        query: TreeQuery,
        #[serde(flatten)]
        paging: Paging,
    },
    Children {
        path: String,
        #[serde(flatten)]
        paging: Paging,
    },
    Count {
        path: String,
    },
    Snapshot {
        path: String,
        limit_ms: u64,
    },
    History {
        path: String,
    },
    Watch,
    /// Ends the watch that the request `watch` began.
    Unwatch {
        watch: u64,
    },
    Act {
        action: Action,
        path: String,
    },
    Stream {
        user: UserId,
    },
    ActOnStream {
        user: UserId,
        #[serde(flatten)]
        action: StreamAction,
    },
    Events(EventQuery),
    Alerts {
        user: UserId,
    },
    Platforms {
        user: UserId,
    },
    Budgets,
    Inspector,
}
