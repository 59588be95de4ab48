//! The components of every user's tree: the list.

use std::{fmt, sync::Arc};

use stagedoor_supervision::ChildSpec;

use crate::{UserContext, console_logger, metrics, stream_state};

/// A component: how it stands in the tree of the user whose context it is given.
pub type Component = Arc<dyn Fn(&UserContext) -> ChildSpec + Send + Sync>;

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
