//! The tasks of an actor: they end with it.

use tokio::task::{AbortHandle, JoinSet};

/// Tasks that are aborted when this is dropped. An actor keeps one in its state, so that however it ends, nothing goes
/// on in its name.
#[derive(Default)]
pub(crate) struct Tasks(JoinSet<()>);

impl Tasks {
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        // Those that are done are forgotten: what they had to say, they have cast.
        while self.0.try_join_next().is_some() {}
        self.0.spawn(task)
    }
}
