//! What can go wrong, by who is told.

use std::{any::Any, sync::Arc, time::Duration};

use ractor::SpawnErr;
use thiserror::Error;

use crate::id::ChildId;

/// Why a child did not start.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its `pre_start` returned an error or panicked.
    #[error("{reason}")]
    Failed {
        /// The error's or the panic's text, with the panic's location when the panic hook is installed.
        reason: Arc<str>,
    },
    /// Its `pre_start` was not over in time.
    #[error("not started within {limit:?}")]
    TimedOut {
        /// The specification's start timeout.
        limit: Duration,
    },
    /// It was terminated before it had started.
    #[error("terminated while starting")]
    Terminated,
    /// A child of the starting supervisor did not start.
    #[error("child {id} did not start: {reason}")]
    Child {
        /// Which.
        id: ChildId,
        /// Why.
        reason: Arc<StartError>,
    },
}

impl StartError {
    pub(crate) fn from_spawn(error: SpawnErr) -> Self {
        let error = match error {
            SpawnErr::StartupFailed(error) => error,
            other => return Self::failed(other.to_string()),
        };
        // A supervisor's `pre_start` fails with our own error: keep it as it is.
        error.downcast_ref::<Self>().cloned().unwrap_or_else(|| Self::failed(error.to_string()))
    }

    pub(crate) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::failed(text.unwrap_or_else(|| "panic without a text".into()))
    }

    /// A start runs in its supervisor's task: a panic is noted under that.
    fn failed(reason: String) -> Self {
        Self::Failed { reason: crate::panics::with_location(tokio::task::try_id(), reason).into() }
    }
}

/// Why a child specification is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A permanent child never exits for good, so nothing can follow from it.
    #[error(
        "child {id} is significant and permanent; significant children are transient or temporary"
    )]
    PermanentSignificant {
        /// Which.
        id: ChildId,
    },
    /// Significant, and the supervisor does not care.
    #[error("child {id} is significant, but the supervisor's auto_shutdown is never")]
    SignificantWithoutAutoShutdown {
        /// Which.
        id: ChildId,
    },
    /// Two children of a supervisor have one id.
    #[error("child {id} is specified twice")]
    Duplicate {
        /// Which.
        id: ChildId,
    },
}

/// Why `start_child` was refused.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StartChildError {
    /// A child of that id is there and alive.
    #[error("already started")]
    AlreadyStarted,
    /// A child of that id is specified but not running: `restart_child` or `delete_child` it.
    #[error("already present, but not running")]
    AlreadyPresent,
    /// The supervisor has as many children as it may.
    #[error("the maximum of {limit} children is reached")]
    MaxChildren {
        /// `max_children`.
        limit: usize,
    },
    /// The specification is not valid here.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// It was tried, and failed.
    #[error("did not start: {0}")]
    Start(#[from] StartError),
    /// The supervisor is not running.
    #[error("the supervisor is down")]
    SupervisorDown,
}

/// Why a command about a child was refused.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ChildError {
    /// The supervisor has no such child.
    #[error("no such child")]
    NotFound,
    /// The child runs: terminate it first.
    #[error("the child is running")]
    Running,
    /// The child is being restarted: terminate it first.
    #[error("the child is being restarted")]
    Restarting,
    /// It was tried, and failed.
    #[error("did not start: {0}")]
    Start(#[from] StartError),
    /// The supervisor is not running.
    #[error("the supervisor is down")]
    SupervisorDown,
}

/// Why a supervisor gave up: its own failure, which its parent sees.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// More restarts than the intensity tolerates.
    #[error("more than {restarts} restarts within {period:?}; the last was of {child}: {reason}")]
    IntensityReached {
        /// How many are tolerated.
        restarts: usize,
        /// In which time.
        period: Duration,
        /// Whose exit was one too many.
        child: ChildId,
        /// Why that one exited.
        reason: Arc<str>,
    },
}
