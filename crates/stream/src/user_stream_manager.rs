//! UserStreamManager: the supervisor of one user's tree.

use std::{sync::Arc, time::Duration};

use stagedoor_domain::UserId;
use stagedoor_supervision::{
    Backoff, ChildSpec, Strategy, SupervisorChange, SupervisorRef, SupervisorSpec,
};

use crate::{Components, UserContext};

/// How many restarts of its components within [`PERIOD`] a tree tolerates before it gives up and backs off.
const RESTARTS: usize = 3;
const PERIOD: Duration = Duration::from_secs(5);

/// The tree of the context's user, to be started under the supervisor of all users: its id is the user's.
///
/// One that gives up is restarted at its own pace (1 s doubling to 60 s, over after 60 s of health) and counts against
/// nobody: a user's crash loop stays that user's.
#[must_use]
pub fn user_stream_manager(
    cx: UserContext,
    components: &Arc<Components>,
    backoff: &Arc<Backoff>,
) -> ChildSpec {
    let id = cx.user().shared();
    let (components, context) = (Arc::clone(components), cx.clone());
    let supervisor = SupervisorRef::new(move || {
        let user = cx.user().clone();
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(RESTARTS, PERIOD)
            .on_change(move |change| announce(&user, change))
            .children(components.children(&cx))
    });
    // By its context, whoever finds the tree reaches its parts: see `UserTrees`.
    ChildSpec::supervisor(id, &supervisor).backoff(Arc::clone(backoff)).context(context)
}

fn announce(user: &UserId, change: SupervisorChange) {
    let what = match change {
        SupervisorChange::Started => "Started",
        SupervisorChange::Stopping => "Stopping",
    };
    tracing::info!(actor = %format_args!("UserStreamManager:{user}"), "{what} for user {user}");
}
