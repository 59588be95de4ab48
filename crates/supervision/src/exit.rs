//! Exits and their classes: OTP's exit reasons, read from what ractor reports.

use std::sync::Arc;

use ractor::{ActorCell, SupervisionEvent};
use serde::{Deserialize, Serialize};

/// The reason with which a supervisor stops its children, as in OTP.
pub const SHUTDOWN: &str = "shutdown";

/// The reason of an actor that is done, as in OTP.
pub const NORMAL: &str = "normal";

/// How an actor ended, as far as a restart decision cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitClass {
    /// It was done.
    Normal,
    /// It was asked to stop.
    Shutdown,
    /// It panicked, returned an error, or stopped with a reason of its own.
    Failed,
    /// It was killed: no `post_stop`.
    Killed,
}

impl ExitClass {
    /// Whether a transient child is restarted after it.
    #[must_use]
    pub const fn is_abnormal(self) -> bool {
        matches!(self, Self::Failed | Self::Killed)
    }

    /// The class's name, as in JSON and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
            Self::Killed => "killed",
        }
    }
}

/// How an actor ended, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) class: ExitClass,
    pub(crate) reason: Arc<str>,
}

impl Exit {
    pub(crate) fn new(class: ExitClass, reason: impl Into<Arc<str>>) -> Self {
        Self { class, reason: reason.into() }
    }

    /// Reads a stop reason. As in OTP, a reason that is neither `normal` nor `shutdown` is abnormal.
    fn from_reason(reason: Option<&str>) -> Self {
        // ractor marks kills and cancelled tasks by these strings only.
        const KILLED: [&str; 2] = ["killed", "actor_task_cancelled"];
        const DRAINED: &str = "Drained";
        match reason {
            None | Some(NORMAL | DRAINED) => Self::new(ExitClass::Normal, NORMAL),
            Some(reason) if reason == SHUTDOWN || reason.starts_with("shutdown: ") => {
                Self::new(ExitClass::Shutdown, reason)
            }
            Some(reason) if KILLED.contains(&reason) => Self::new(ExitClass::Killed, "killed"),
            Some(reason) => Self::new(ExitClass::Failed, reason),
        }
    }
}

/// The exit that `event` reports, if it is one. Drops the dead actor's state, which the event carries.
///
/// `task` names the actor's task, under which the panic hook has noted where it panicked.
pub(crate) fn read(event: SupervisionEvent) -> Option<(ActorCell, Report)> {
    match event {
        SupervisionEvent::ActorTerminated(cell, _state, reason) => {
            Some((cell, Report::Exit(Exit::from_reason(reason.as_deref()))))
        }
        SupervisionEvent::ActorFailed(cell, error) => {
            Some((cell, Report::Failure(error.to_string())))
        }
        SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => None,
    }
}

/// What an exit event says before the panic's location is known.
#[derive(Debug)]
pub(crate) enum Report {
    Exit(Exit),
    Failure(String),
}

impl Report {
    /// Completes a failure with the location that the panic hook noted for the actor's task.
    pub(crate) fn resolve(self, task: tokio::task::Id) -> Exit {
        match self {
            Self::Exit(exit) => exit,
            Self::Failure(reason) => {
                Exit::new(ExitClass::Failed, crate::panics::with_location(Some(task), reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_classes_of_otp() {
        let class = |reason: &str| Exit::from_reason(Some(reason)).class;
        assert_eq!(Exit::from_reason(None).class, ExitClass::Normal);
        assert_eq!(class("normal"), ExitClass::Normal);
        assert_eq!(class("Drained"), ExitClass::Normal);
        assert_eq!(class("shutdown"), ExitClass::Shutdown);
        assert_eq!(class("shutdown: no longer needed"), ExitClass::Shutdown);
        assert_eq!(class("killed"), ExitClass::Killed);
        assert_eq!(class("actor_task_cancelled"), ExitClass::Killed);
        assert_eq!(class("out of cheese"), ExitClass::Failed);
    }
}
