//! The components of every user's tree: the list.

use std::{fmt, sync::Arc};

use stagedoor_supervision::ChildSpec;

use crate::{
    UserContext, alerts, cloudflare, console_logger, events, metrics, platforms, stream_state,
};

/// A component: how it stands in the tree of the user whose context it is given, if it does.
pub type Component = Arc<dyn Fn(&UserContext) -> Option<ChildSpec> + Send + Sync>;

/// The components of every user's tree, in the order in which they start.
#[derive(Clone, Default)]
pub struct Components(Vec<Component>);

impl Components {
    /// Stagedoor's own. A new one is one entry here, and its file.
    #[must_use]
    pub fn standard() -> Self {
        Self::default()
            .with(stream_state::component)
            .with(cloudflare::component)
            .with(platforms::supervisor)
            .with(metrics::component)
            .with(alerts::component)
            .with(events::component)
            .with(platforms::component)
    }

    /// With ConsoleLogger, which writes a line a second for each user: for development.
    #[must_use]
    pub fn with_console_logger(self) -> Self {
        self.with(console_logger::component)
    }

    /// With one more, which starts after the others and stops before them.
    #[must_use]
    pub fn with<C: Into<Option<ChildSpec>>>(
        mut self,
        component: impl Fn(&UserContext) -> C + Send + Sync + 'static,
    ) -> Self {
        self.0.push(Arc::new(move |cx| component(cx).into()));
        self
    }

    pub(crate) fn children(&self, cx: &UserContext) -> impl Iterator<Item = ChildSpec> {
        self.0.iter().filter_map(|component| component(cx))
    }
}

impl fmt::Debug for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Components({})", self.0.len())
    }
}
