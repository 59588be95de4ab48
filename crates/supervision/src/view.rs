//! What one sees of a tree: plain data for the inspector, and the handle by which one walks.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    address::AddressError,
    dynamic::DynamicSupervisorRef,
    error::{ChildError, StartChildError},
    exit::ExitClass,
    lifecycle::Change,
    spec::{ChildSpec, ChildType, Restart, Strategy},
    supervisor::SupervisorRef,
    table::Children,
};

/// Where a child stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChildStatus {
    /// It starts when it is first needed.
    NotStarted,
    /// Its start is under way.
    Starting,
    /// It runs.
    Running {
        /// For how long, in milliseconds.
        uptime_ms: u64,
    },
    /// Its restart failed and is tried again.
    Restarting {
        /// Why it failed.
        reason: Arc<str>,
    },
    /// Its restart waits.
    BackingOff {
        /// For how much longer, in milliseconds.
        remaining_ms: u64,
        /// What ended its last life.
        reason: Arc<str>,
    },
    /// It was asked to stop and has not ended yet.
    Stopping,
    /// It ended, and its specification is kept.
    Terminated,
}

/// What is to be expected of a child of a dynamic supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// There is no such child.
    Absent,
    /// It runs, or will run without anybody's doing: it is starting, backs off, or follows one that stops.
    Lives,
    /// It ends, and nothing follows it.
    Ends,
}

/// The last exit of a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastExit {
    /// When.
    pub at: Timestamp,
    /// How.
    pub class: ExitClass,
    /// Why.
    pub reason: Arc<str>,
}

/// A child, as `which_children` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildInfo {
    /// Its id among its siblings.
    pub id: String,
    /// Worker or supervisor.
    #[serde(rename = "type")]
    pub child_type: ChildType,
    /// Where it stands.
    #[serde(flatten)]
    pub status: ChildStatus,
    /// When it is restarted.
    pub restart: Restart,
    /// How often it was to be restarted, failed attempts counted.
    pub restarts: u32,
    /// Its last exit, if it had one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_exit: Option<LastExit>,
}

/// What `count_children` reports, in OTP's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildCount {
    /// Children specified, running or not.
    pub specs: usize,
    /// Children running.
    pub active: usize,
    /// Supervisors among the specified.
    pub supervisors: usize,
    /// Workers among the specified.
    pub workers: usize,
}

/// What happened to a child, kept by its supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// When.
    pub at: Timestamp,
    /// The child's id; empty when it is about the supervisor itself.
    pub child: String,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// A supervisor of either kind, as one meets it when walking a tree.
///
/// Reading it asks no actor: a supervisor shares the table of its children, so that one that is busy with a restart
/// can still be looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SupervisorHandle {
    /// A supervisor with a list of children.
    Static(SupervisorRef),
    /// A dynamic supervisor.
    Dynamic(DynamicSupervisorRef),
}

impl SupervisorHandle {
    pub(crate) fn children(&self) -> &Children {
        match self {
            Self::Static(supervisor) => supervisor.children(),
            Self::Dynamic(supervisor) => supervisor.children(),
        }
    }

    /// Its strategy; a dynamic supervisor's is always `one_for_one`.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.children().strategy()
    }

    /// Its children: in start order, or of a dynamic supervisor in no order that means anything.
    #[must_use]
    pub fn which_children(&self) -> Vec<ChildInfo> {
        self.children().which_children()
    }

    /// How many there are.
    #[must_use]
    pub fn count_children(&self) -> ChildCount {
        self.children().count_children()
    }

    /// The last 32 restarts, exits, failed starts and give-ups, the oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<HistoryRecord> {
        self.children().history()
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "strategy": self.strategy(), "children": self.count_children() })
    }

    /// One child.
    #[must_use]
    pub fn child(&self, id: &str) -> Option<ChildHandle> {
        self.children().child(id)
    }

    /// See [`SupervisorRef::start_child`] and [`DynamicSupervisorRef::start_child`].
    pub async fn start_child(&self, spec: ChildSpec) -> Result<(), StartChildError> {
        match self {
            Self::Static(supervisor) => supervisor.start_child(spec).await,
            Self::Dynamic(supervisor) => supervisor.start_child(spec).await,
        }
    }

    /// See [`SupervisorRef::terminate_child`] and [`DynamicSupervisorRef::terminate_child`].
    pub async fn terminate_child(&self, id: &str) -> Result<(), ChildError> {
        match self {
            Self::Static(supervisor) => supervisor.terminate_child(id).await,
            Self::Dynamic(supervisor) => supervisor.terminate_child(id).await,
        }
    }

    /// Stops the child gracefully, if it runs, and starts it again.
    pub async fn renew_child(&self, id: &str) -> Result<(), ChildError> {
        match self {
            Self::Static(supervisor) => {
                supervisor.terminate_child(id).await?;
                supervisor.restart_child(id).await
            }
            Self::Dynamic(supervisor) => supervisor.renew_child(id).await,
        }
    }
}

/// One child of a supervisor, as one meets it when walking a tree.
#[derive(Clone)]
pub struct ChildHandle {
    pub(crate) info: ChildInfo,
    pub(crate) spec: ChildSpec,
    pub(crate) cell: Option<ractor::ActorCell>,
}

impl ChildHandle {
    /// How it stood when it was looked up.
    #[must_use]
    pub fn info(&self) -> &ChildInfo {
        &self.info
    }

    /// The supervisor that it is, if it is one.
    #[must_use]
    pub fn supervisor(&self) -> Option<SupervisorHandle> {
        self.spec.actor.supervisor()
    }

    /// What its specification carries for whoever looks it up, if it is a `T`.
    #[must_use]
    pub fn context<T: Clone + 'static>(&self) -> Option<T> {
        self.spec.context.as_ref()?.downcast_ref::<T>().cloned()
    }

    /// Asks the actor for its snapshot.
    ///
    /// # Errors
    /// As [`Address::call`](crate::Address::call).
    pub async fn snapshot(&self, limit: Duration) -> Result<serde_json::Value, AddressError> {
        self.spec.actor.snapshot(limit).await
    }

    /// Kills the actor, as `exit(Pid, kill)` does: no `post_stop`, and its supervisor sees an abnormal exit.
    /// Says whether there was somebody to kill.
    #[must_use]
    pub fn kill(&self) -> bool {
        self.cell.as_ref().map(ractor::ActorCell::kill).is_some()
    }
}
