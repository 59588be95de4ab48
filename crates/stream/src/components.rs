//! The components of every user's tree: the list, and what each is given.

use std::{fmt, sync::Arc};

use stagedoor_domain::UserId;
use stagedoor_supervision::{Address, ChildSpec};

use crate::{MetricsMsg, StreamStateMsg, console_logger, metrics, stream_state};

/// A component: how it stands in the tree of the user whose context it is given.
pub type Component = Arc<dyn Fn(&UserContext) -> ChildSpec + Send + Sync>;

/// What a component is given: whose tree it is in, and where the others are reached. A clone costs a reference count.
#[derive(Clone, Debug)]
pub struct UserContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    user: UserId,
    stream_state: Address<StreamStateMsg>,
    metrics: Address<MetricsMsg>,
}

impl UserContext {
    /// The context of a new tree. Its addresses outlive restarts of the tree.
    #[must_use]
    pub fn new(user: UserId) -> Self {
        Self(Arc::new(Inner { user, stream_state: Address::new(), metrics: Address::new() }))
    }

    /// Whose tree it is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.0.user
    }

    /// Where StreamStateServer is reached.
    #[must_use]
    pub fn stream_state(&self) -> &Address<StreamStateMsg> {
        &self.0.stream_state
    }

    /// Where MetricsCollector is reached.
    #[must_use]
    pub fn metrics(&self) -> &Address<MetricsMsg> {
        &self.0.metrics
    }
}

/// The components of every user's tree, in the order in which they start.
#[derive(Clone, Default)]
pub struct Components(Vec<Component>);

impl Components {
    /// Stagedoor's own. A new one is one entry here, and its file.
    #[must_use]
    pub fn standard() -> Self {
        Self::default().with(stream_state::component).with(metrics::component)
    }

    /// With ConsoleLogger, which writes a line a second for each user: for development.
    #[must_use]
    pub fn with_console_logger(self) -> Self {
        self.with(console_logger::component)
    }

    /// With one more, which starts after the others and stops before them.
    #[must_use]
    pub fn with(
        mut self,
        component: impl Fn(&UserContext) -> ChildSpec + Send + Sync + 'static,
    ) -> Self {
        self.0.push(Arc::new(component));
        self
    }

    pub(crate) fn children(&self, cx: &UserContext) -> impl Iterator<Item = ChildSpec> {
        self.0.iter().map(|component| component(cx))
    }
}

impl fmt::Debug for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Components({})", self.0.len())
    }
}
