//! Plain functions over an `Address<InspectMsg>`, whichever end is behind it.

use std::time::Duration;

use stagedoor_domain::{StreamEvent, UserId};
use stagedoor_supervision::{
    Address, AutoShutdown, ChildCount, ChildInfo, ChildSpec, HistoryRecord, Lifecycle, Restart,
    Root, Strategy, SupervisorRef, SupervisorSpec, Worker,
};

use crate::{
    error::{ConnectError, InspectError, milliseconds},
    message::{Action, Caller, EventQuery, InspectMsg, Reply, StreamAction, TreeQuery},
    paging::{Paging, Rows},
    remote::{self, Endpoint, RemoteInspector, RemoteInspectorArgs},
    view::{
        Acted, AlertsOverview, Budget, EventRows, ManagedUser, Manager, MetricsSummary, Overview,
        PendingTimer, PlatformsOverview, PresentUser, Snapshot, StreamActed, StreamOverview,
        TreeRow, TreeRows, UserMetrics,
    },
    watch::Watch,
};

/// How long a daemon's end may take to begin a watch.
const WATCH_LIMIT: Duration = Duration::from_secs(5);

/// How long the client's own actor may take to stop: it has nothing to finish.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Asks an inspector, in this process or in another. Dropping it closes its connection, if it has one.
#[derive(Debug)]
pub struct InspectClient {
    inspector: Address<InspectMsg>,
    limit: Duration,
    /// The tree of the client's own actor, when the inspector is in another process.
    own: Option<Root>,
}

/// Coming and going.
impl InspectClient {
    /// Asks the inspector at this address; each question may take `limit`.
    #[must_use]
    pub fn new(inspector: Address<InspectMsg>, limit: Duration) -> Self {
        Self { inspector, limit, own: None }
    }

    /// Connects to a daemon; connecting, and then each question, may take `limit`.
    ///
    /// # Errors
    /// When no daemon is there, or it does not let this client in.
    pub async fn connect(endpoint: &Endpoint, limit: Duration) -> Result<Self, ConnectError> {
        let connected = remote::connect(endpoint, limit).await?;
        let inspector = Address::new();
        let address = inspector.clone();
        let supervisor = SupervisorRef::new(move || {
            let connected = connected.clone();
            let make = move || (RemoteInspector, RemoteInspectorArgs(connected.clone()));
            let worker = ChildSpec::worker("remote_inspector", Worker::new(&address, make));
            // A connection has one life, and nothing is left of the client after it.
            SupervisorSpec::new(Strategy::OneForOne)
                .auto_shutdown(AutoShutdown::AnySignificant)
                .child(worker.restart(Restart::Temporary).significant())
        });
        let root = Root::start(supervisor, Lifecycle::new()).await.map_err(ConnectError::Start)?;
        Ok(Self { inspector, limit, own: Some(root) })
    }

    /// Where the inspector is asked, for whoever makes the calls themselves.
    #[must_use]
    pub fn inspector(&self) -> &Address<InspectMsg> {
        &self.inspector
    }

    /// Closes the connection, if there is one, and waits until it is.
    pub async fn close(self) {
        if let Some(root) = &self.own {
            root.stop(CLOSE_LIMIT).await;
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> InspectMsg,
    ) -> Result<T, InspectError> {
        self.inspector.call(message, self.limit).await?
    }
}

impl Drop for InspectClient {
    fn drop(&mut self) {
        if self.own.is_some()
            && let Some(remote) = self.inspector.current()
        {
            // Its supervisor follows it.
            remote.stop(None);
        }
    }
}

/// Questions with one answer.
impl InspectClient {
    /// Everything at a glance.
    pub async fn overview(&self) -> Result<Overview, InspectError> {
        self.ask(InspectMsg::Overview).await
    }

    /// The daemon's numbers.
    pub async fn metrics(&self) -> Result<MetricsSummary, InspectError> {
        self.ask(InspectMsg::Metrics).await
    }

    /// A supervisor's `count_children`.
    pub async fn count(&self, path: &str) -> Result<ChildCount, InspectError> {
        self.ask(|to| InspectMsg::Count(path.into(), to)).await
    }

    /// What an actor says of itself. It gets nine tenths of this client's limit, so that its silence is told from the
    /// inspector's.
    pub async fn snapshot(&self, path: &str) -> Result<Snapshot, InspectError> {
        let limit_ms = milliseconds(self.limit / 10 * 9);
        self.ask(|reply| InspectMsg::Snapshot { path: path.into(), limit_ms, reply }).await
    }

    /// The last restarts, exits, failed starts and give-ups, the oldest first.
    pub async fn history(&self, path: &str) -> Result<Vec<HistoryRecord>, InspectError> {
        self.ask(|to| InspectMsg::History(path.into(), to)).await
    }

    /// Every change in an actor's life from now on.
    pub async fn watch(&self) -> Result<Watch, InspectError> {
        watch(&self.inspector).await
    }

    /// Acts on an actor.
    pub async fn act(&self, action: Action, path: &str) -> Result<Acted, InspectError> {
        let by = Caller::InProcess;
        self.ask(|reply| InspectMsg::Act { action, path: path.into(), by, reply }).await
    }
}

pub(crate) async fn watch(inspector: &Address<InspectMsg>) -> Result<Watch, InspectError> {
    inspector.call(InspectMsg::Watch, WATCH_LIMIT).await?
}

/// Streams.
impl InspectClient {
    /// Where a user's stream stands.
    pub async fn stream(&self, user: &UserId) -> Result<StreamOverview, InspectError> {
        self.ask(|to| InspectMsg::Stream(user.clone(), to)).await
    }

    /// Starts or stops a user's stream.
    pub async fn act_on_stream(
        &self,
        user: &UserId,
        action: StreamAction,
    ) -> Result<StreamActed, InspectError> {
        let (user, by) = (user.clone(), Caller::InProcess);
        self.ask(|reply| InspectMsg::ActOnStream { user, action, by, reply }).await
    }

    /// A user's alerts.
    pub async fn alerts(&self, user: &UserId) -> Result<AlertsOverview, InspectError> {
        self.ask(|to| InspectMsg::Alerts(user.clone(), to)).await
    }

    /// A user's accounts on the platforms, and how each is connected.
    pub async fn platforms(&self, user: &UserId) -> Result<PlatformsOverview, InspectError> {
        self.ask(|to| InspectMsg::Platforms(user.clone(), to)).await
    }

    /// The quotas that all users share.
    pub async fn budgets(&self) -> Result<Vec<Budget>, InspectError> {
        self.ask(InspectMsg::Budgets).await
    }

    /// One page of a user's events.
    pub async fn event_page(&self, query: EventQuery) -> Result<EventRows, InspectError> {
        self.ask(|to| InspectMsg::Events(query, to)).await
    }

    /// The first `rows` of a user's events, page by page, in the order of the query.
    pub async fn events(
        &self,
        mut query: EventQuery,
        rows: usize,
    ) -> Result<Vec<StreamEvent>, InspectError> {
        let resumes = query.after.is_some();
        let mut events = Vec::new();
        loop {
            query.limit = Some(rows - events.len());
            let page = self.event_page(query.clone()).await?;
            events.extend(page.rows);
            if page.next.is_none() || events.len() >= rows {
                return Ok(events);
            }
            *(if resumes { &mut query.after } else { &mut query.before }) = page.next;
        }
    }
}

/// Lists, page by page until the last.
impl InspectClient {
    /// Who is present.
    pub async fn presence(&self) -> Result<Vec<PresentUser>, InspectError> {
        self.all(InspectMsg::Presence).await
    }

    /// For whom a tree is kept.
    pub async fn users(&self) -> Result<Vec<ManagedUser>, InspectError> {
        self.all(InspectMsg::Users).await
    }

    /// Whose tree runs.
    pub async fn managers(&self) -> Result<Vec<Manager>, InspectError> {
        self.all(InspectMsg::Managers).await
    }

    /// Whose tree nobody needs.
    pub async fn timers(&self) -> Result<Vec<PendingTimer>, InspectError> {
        self.all(InspectMsg::Timers).await
    }

    /// The metrics of each user's stream.
    pub async fn user_metrics(&self) -> Result<Vec<UserMetrics>, InspectError> {
        self.all(InspectMsg::UserMetrics).await
    }

    /// A supervisor's children.
    pub async fn children(&self, path: &str) -> Result<Vec<ChildInfo>, InspectError> {
        self.all(|paging, to| InspectMsg::Children(path.into(), paging, to)).await
    }

    /// The tree, or its first `rows`. Its `next` says whether there is more.
    pub async fn tree(&self, query: TreeQuery, rows: usize) -> Result<TreeRows, InspectError> {
        let mut tree: Option<TreeRows> = None;
        loop {
            let (seen, after) = match &mut tree {
                Some(tree) => (tree.rows.len(), tree.next.take()),
                None => (0, None),
            };
            let paging = Paging { after, limit: Some(rows - seen) };
            let page = self.ask(|to| InspectMsg::Tree(query.clone(), paging, to)).await?;
            let tree = match &mut tree {
                None => tree.insert(page),
                Some(tree) => {
                    tree.rows.extend::<Vec<TreeRow>>(page.rows);
                    tree.next = page.next;
                    tree
                }
            };
            if tree.next.is_none() || tree.rows.len() >= rows {
                return Ok(tree.clone());
            }
        }
    }

    async fn all<T: Send + 'static>(
        &self,
        message: impl Fn(Paging, Reply<Rows<T>>) -> InspectMsg,
    ) -> Result<Vec<T>, InspectError> {
        let mut paging = Paging::default();
        let mut all = Vec::new();
        loop {
            let page = self.ask(|to| message(paging.clone(), to)).await?;
            all.extend(page.rows);
            let Some(next) = page.next else { return Ok(all) };
            paging = Paging::after(next);
        }
    }
}
