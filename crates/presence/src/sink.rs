use crate::{Diff, PresenceState};

/// Who wants to know who comes and goes.
///
/// Both functions are called under one of the Tracker's locks: they must neither block nor call the Tracker, which
/// would wait for itself. The usual sink puts what it needs into a queue and wakes somebody.
///
/// [`state`](Self::state) comes first and once, then every later diff of each user once and in order. Diffs of
/// different users may come at the same time from several threads. After its [`Subscription`](crate::Subscription) is
/// dropped a sink is not called again. A sink that panics is logged, loses that diff, and disturbs nobody else.
pub trait PresenceSink: Send + Sync + 'static {
    /// Who is here at the moment of the subscription.
    fn state(&self, state: &PresenceState);

    /// What has changed since.
    fn diff(&self, diff: &Diff);
}
