//! Supervisors as data: what is started, when it is restarted, how it is stopped. The words are OTP's
//! (<https://www.erlang.org/doc/apps/stdlib/supervisor>).

use std::{any::Any, sync::Arc, time::Duration};

use ractor::Actor;
use serde::{Deserialize, Serialize};

use crate::{
    Backoff,
    child::{ChildActor, Observable, Worker},
    dynamic::DynamicSupervisorRef,
    error::SpecError,
    id::ChildId,
    limits::Limits,
    supervisor::SupervisorRef,
};

/// Which children a supervisor restarts when one of them exits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Only the one that exited.
    #[default]
    OneForOne,
    /// All: the others are stopped in reverse order, then all are started in order.
    OneForAll,
    /// The one that exited and those started after it.
    RestForOne,
}

/// When an exited child is restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// After an abnormal exit only: a failure or a kill.
    Transient,
    /// Never; the supervisor forgets it.
    Temporary,
}

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Killed at once: no `post_stop`.
    BrutalKill,
    /// Asked to stop, and killed when it has not by then.
    Timeout(Duration),
    /// Asked to stop and waited for. For supervisors, whose own children's times bound it.
    Infinity,
}

/// Whether a supervisor stops itself when significant children have exited by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoShutdown {
    /// It does not.
    #[default]
    Never,
    /// After the first of them.
    AnySignificant,
    /// After the last of them.
    AllSignificant,
}

/// What a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildType {
    /// An actor that does work.
    Worker,
    /// An actor that has children.
    Supervisor,
}

/// How often children may be restarted before their supervisor gives up: `intensity` times within `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    /// Restarts that are tolerated; the next one is one too many.
    pub restarts: usize,
    /// The sliding window.
    pub period: Duration,
}

impl Default for Intensity {
    /// OTP's: 1 restart in 5 s.
    fn default() -> Self {
        Self { restarts: 1, period: Duration::from_secs(5) }
    }
}

/// One child: what it is called, how it starts, when it is restarted, how it stops.
#[derive(Clone)]
pub struct ChildSpec {
    pub(crate) id: ChildId,
    pub(crate) actor: Arc<dyn ChildActor>,
    pub(crate) child_type: ChildType,
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) when_needed: bool,
    pub(crate) limits: Limits,
    pub(crate) backoff: Option<Arc<Backoff>>,
    pub(crate) context: Option<Arc<dyn Any + Send + Sync>>,
}

impl ChildSpec {
    /// A worker: see [`Worker`] for how it is made. Permanent, with 5 s to stop.
    #[must_use]
    pub fn worker<A, F>(id: impl Into<ChildId>, worker: Worker<A, F>) -> Self
    where
        A: Actor,
        A::Msg: Observable,
        F: Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    {
        Self::new(id.into(), Arc::new(worker), ChildType::Worker)
    }

    /// A supervisor as child. Permanent; its own children's times bound its stop.
    #[must_use]
    pub fn supervisor(id: impl Into<ChildId>, supervisor: &SupervisorRef) -> Self {
        Self::new(id.into(), supervisor.as_child(), ChildType::Supervisor)
    }

    /// A dynamic supervisor as child. Permanent; its own children's times bound its stop.
    #[must_use]
    pub fn dynamic_supervisor(id: impl Into<ChildId>, supervisor: &DynamicSupervisorRef) -> Self {
        Self::new(id.into(), supervisor.as_child(), ChildType::Supervisor)
    }

    fn new(id: ChildId, actor: Arc<dyn ChildActor>, child_type: ChildType) -> Self {
        Self {
            id,
            actor,
            child_type,
            restart: Restart::default(),
            significant: false,
            when_needed: false,
            limits: Limits::of(child_type),
            backoff: None,
            context: None,
        }
    }

    /// When it is restarted.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// How it is stopped.
    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.limits.set_shutdown(shutdown);
        self
    }

    /// How long its start may take; then it has failed to start.
    #[must_use]
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.limits.set_start_timeout(limit);
        self
    }

    /// Its exit by itself counts for the supervisor's [`AutoShutdown`].
    #[must_use]
    pub fn significant(mut self) -> Self {
        self.significant = true;
        self
    }

    /// It is restarted at its own pace, for ever: each restart waits longer, and none counts against the supervisor's
    /// intensity. A start that fails is retried likewise.
    #[must_use]
    pub fn backoff(mut self, backoff: Arc<Backoff>) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// It is not started with the supervisor but with the first message to its address, which waits for it. From then
    /// on it is a child like any other: one that ends and is not restarted does not wait to be needed again.
    #[must_use]
    pub fn when_needed(mut self) -> Self {
        self.when_needed = true;
        self
    }

    /// What whoever looks the child up finds with it, by [`ChildHandle::context`](crate::ChildHandle::context): the
    /// addresses of a tree's parts, say. So the supervisor's table is the one place that knows who is there and how they
    /// are reached.
    #[must_use]
    pub fn context(mut self, context: impl Any + Send + Sync) -> Self {
        self.context = Some(Arc::new(context));
        self
    }

    pub(crate) fn validate(&self, auto_shutdown: AutoShutdown) -> Result<(), SpecError> {
        let id = || self.id.clone();
        if self.significant && self.restart == Restart::Permanent {
            return Err(SpecError::PermanentSignificant { id: id() });
        }
        if self.significant && auto_shutdown == AutoShutdown::Never {
            return Err(SpecError::SignificantWithoutAutoShutdown { id: id() });
        }
        Ok(())
    }
}

/// What a supervisor announces of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupervisorChange {
    /// All its children have started.
    Started,
    /// It was asked to stop; its children are stopped now.
    Stopping,
}

/// Hears what a supervisor announces.
pub(crate) type OnChange = Arc<dyn Fn(SupervisorChange) + Send + Sync>;

/// A supervisor: its strategy, its limits and its children, in the order in which they start.
#[derive(Clone, Default)]
pub struct SupervisorSpec {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Intensity,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) on_change: Option<OnChange>,
    pub(crate) children: Vec<ChildSpec>,
}

impl SupervisorSpec {
    /// A supervisor without children, with OTP's intensity of 1 restart in 5 s.
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        Self { strategy, ..Self::default() }
    }

    /// How many restarts are tolerated in which time.
    #[must_use]
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Self {
        self.intensity = Intensity { restarts, period };
        self
    }

    /// Whether the supervisor stops itself after its significant children.
    #[must_use]
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }

    /// Announces its start and its stop to `hear`: for log lines in the words of the domain.
    #[must_use]
    pub fn on_change(mut self, hear: impl Fn(SupervisorChange) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Arc::new(hear));
        self
    }

    /// Appends a child.
    #[must_use]
    pub fn child(mut self, child: ChildSpec) -> Self {
        self.children.push(child);
        self
    }

    /// Appends children.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = ChildSpec>) -> Self {
        self.children.extend(children);
        self
    }
}

/// A dynamic supervisor: `one_for_one` over children that come and go.
#[derive(Clone, Copy, Debug, Default)]
pub struct DynamicSupervisorSpec {
    pub(crate) intensity: Intensity,
    pub(crate) max_children: Option<usize>,
}

impl DynamicSupervisorSpec {
    /// No limit of children, OTP's intensity of 1 restart in 5 s.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many restarts are tolerated in which time, over all children without a [`Backoff`] of their own.
    #[must_use]
    pub fn intensity(mut self, restarts: usize, period: Duration) -> Self {
        self.intensity = Intensity { restarts, period };
        self
    }

    /// How many children there may be at a time.
    #[must_use]
    pub fn max_children(mut self, limit: usize) -> Self {
        self.max_children = Some(limit);
        self
    }
}
