//! The inspector: answers what is asked, and waits for nothing itself.
//!
//! ```text
//! InspectMsg ──▶ Inspector ── a task for each question ──▶ View: tables, Sources, snapshots
//!                                        └── answer ──▶ reply port
//! ```
//!
//! A question that waits for an actor, or an action that takes a minute, delays no other question.

mod act;
mod look;
mod stream;
mod tree;

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use stagedoor_supervision::{Lifecycle, SupervisorHandle};

use crate::{
    error::InspectError,
    message::{InspectMsg, Reply},
    sources::Sources,
    view::InspectorSnapshot,
    watch::Watch,
    wire::ConnectionCounters,
};

/// The actor that answers [`InspectMsg`] in the daemon.
#[derive(Clone, Copy, Debug)]
pub struct Inspector;

/// What an [`Inspector`] starts with.
#[derive(Clone)]
pub struct InspectorArgs {
    /// The root of the tree that is looked at, of which the inspector may be a part.
    pub root: SupervisorHandle,
    /// Where the tree reports.
    pub lifecycle: Lifecycle,
    /// What else the daemon knows.
    pub sources: Arc<dyn Sources>,
    /// The path of the dynamic supervisor that has one tree for each user: `users`.
    pub users: &'static str,
    /// The id of the metrics collector in a user's tree: `metrics`.
    pub metrics: &'static str,
    /// What [`serve`](crate::serve) counts; shared with it by its configuration.
    pub connections: ConnectionCounters,
}

/// What [`Inspector`] keeps.
#[derive(Debug)]
pub struct State {
    view: Arc<View>,
    connections: ConnectionCounters,
    requests: u64,
    acts: u64,
}

/// What the tasks share: where to look.
pub(crate) struct View {
    root: SupervisorHandle,
    lifecycle: Lifecycle,
    sources: Arc<dyn Sources>,
    users: &'static str,
    metrics: &'static str,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("users", &self.users).finish_non_exhaustive()
    }
}

impl Actor for Inspector {
    type Msg = InspectMsg;
    type State = State;
    type Arguments = InspectorArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<InspectMsg>,
        args: InspectorArgs,
    ) -> Result<State, ActorProcessingErr> {
        let InspectorArgs { root, lifecycle, sources, users, metrics, connections } = args;
        let view = Arc::new(View { root, lifecycle, sources, users, metrics });
        Ok(State { view, connections, requests: 0, acts: 0 })
    }

    async fn handle(
        &self,
        _myself: ActorRef<InspectMsg>,
        message: InspectMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.handle(message);
        Ok(())
    }
}

impl State {
    fn handle(&mut self, message: InspectMsg) {
        self.requests += 1;
        let view = Arc::clone(&self.view);
        match message {
            InspectMsg::Overview(reply) => answer(reply, async move { Ok(view.overview().await) }),
            InspectMsg::Presence(paging, reply) => {
                answer(reply, async move { Ok(view.presence(&paging)) });
            }
            InspectMsg::Users(paging, reply) => answer(reply, async move { view.managed(&paging) }),
            InspectMsg::Managers(paging, reply) => {
                answer(reply, async move { view.managers(&paging) });
            }
            InspectMsg::Timers(paging, reply) => {
                answer(reply, async move { view.timers(&paging).await });
            }
            InspectMsg::Metrics(reply) => answer(reply, async move { view.summary().await }),
            InspectMsg::UserMetrics(paging, reply) => {
                answer(reply, async move { view.user_metrics(&paging).await });
            }
            InspectMsg::Tree(query, paging, reply) => {
                answer(reply, async move { view.tree(&query, &paging) });
            }
            InspectMsg::Children(path, paging, reply) => {
                answer(reply, async move { view.children(&path, &paging) });
            }
            InspectMsg::Count(path, reply) => answer(reply, async move { view.count(&path) }),
            InspectMsg::Snapshot { path, limit_ms, reply } => {
                answer(reply, async move { view.snapshot(&path, limit_ms).await });
            }
            InspectMsg::History(path, reply) => answer(reply, async move { view.history(&path) }),
            InspectMsg::Watch(reply) => {
                // A caller that has left watches nothing.
                let _ = reply.send(Ok(Watch::tree(view.lifecycle.watch())));
            }
            InspectMsg::Act { action, path, by, reply } => {
                self.acts += 1;
                answer(reply, async move { view.act(action, &path, &by).await });
            }
            InspectMsg::Stream(user, reply) => {
                answer(reply, async move { view.stream(&user).await });
            }
            InspectMsg::ActOnStream { user, action, by, reply } => {
                self.acts += 1;
                answer(reply, async move { view.act_on_stream(user, action, &by).await });
            }
            InspectMsg::Events(query, reply) => {
                answer(reply, async move { view.events(&query).await });
            }
            InspectMsg::Alerts(user, reply) => {
                answer(reply, async move { view.alerts(&user).await });
            }
            InspectMsg::Platforms(user, reply) => {
                answer(reply, async move { view.platforms(&user).await });
            }
            InspectMsg::Budgets(reply) => {
                answer(reply, async move { Ok(view.sources.budgets()) });
            }
            InspectMsg::GetSnapshot(reply) => {
                // A caller that has left reads nothing.
                let _ = reply.send(self.snapshot());
            }
        }
    }

    fn snapshot(&self) -> InspectorSnapshot {
        InspectorSnapshot {
            requests: self.requests,
            acts: self.acts,
            connections: self.connections.open(),
            connections_served: self.connections.served(),
            connections_refused: self.connections.refused(),
        }
    }
}

/// Answers in a task of its own.
///
/// The task is not aborted with the inspector: each is bounded in time, and one that restarts the inspector must
/// outlive it.
fn answer<T: Send + 'static>(
    reply: Reply<T>,
    question: impl Future<Output = Result<T, InspectError>> + Send + 'static,
) {
    tokio::spawn(async move {
        // A caller that has left reads nothing.
        let _ = reply.send(question.await);
    });
}
