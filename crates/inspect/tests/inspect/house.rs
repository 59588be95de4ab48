//! A small tree to look at, its inspector, and clients of it.
//!
//! ```text
//! root
//! ├── users          a dynamic supervisor
//! │   └── <user>     state, metrics (when needed)
//! ├── silent         never answers
//! ├── large          has a snapshot that fits into no frame
//! └── inspector
//! ```

use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use secrecy::SecretString;
use serde_json::{Value, json};
use stagedoor_domain::{Page, SessionId, StreamEvent, StreamStatus, UserId};
use stagedoor_inspect::{
    AlertsOverview, Asked, Budget, ConnectionCounters, Endpoint, EventQuery, InspectClient,
    InspectMsg, Inspector, InspectorArgs, Listener, PendingTimer, PlatformsOverview, PresenceCount,
    PresentSession, ProcessFacts, ServeConfig, Sources, StreamAction, StreamOverview, serve,
};
use stagedoor_supervision::{
    Address, AddressError, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Lifecycle,
    Observable, Restart, Root, Strategy, SupervisorHandle, SupervisorRef, SupervisorSpec, Worker,
};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

#[path = "streams.rs"]
mod streams;

pub(crate) const TOKEN: &str = "a token of the tests";
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// An actor that says what it was made with, or nothing.
pub(crate) struct Says(Option<Value>);

pub(crate) struct SaysMsg(RpcReplyPort<Value>);

impl Observable for SaysMsg {
    type Snapshot = Value;

    fn get_snapshot(reply: RpcReplyPort<Value>) -> Self {
        Self(reply)
    }
}

impl Actor for Says {
    type Msg = SaysMsg;
    type State = Vec<RpcReplyPort<Value>>;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<SaysMsg>,
        (): (),
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(Vec::new())
    }

    async fn handle(
        &self,
        _: ActorRef<SaysMsg>,
        SaysMsg(reply): SaysMsg,
        unanswered: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match &self.0 {
            Some(value) => drop(reply.send(value.clone())),
            None => unanswered.push(reply),
        }
        Ok(())
    }
}

fn says(id: &'static str, value: Option<Value>) -> ChildSpec {
    ChildSpec::worker(id, Worker::new(&Address::new(), move || (Says(value.clone()), ())))
}

fn user_tree(user: &str) -> SupervisorRef {
    let user = user.to_owned();
    SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(3, Duration::from_secs(5))
            .child(says("state", Some(json!({ "user": user, "status": "live" }))))
            .child(says("metrics", Some(json!({ "events": 1 }))).when_needed())
    })
}

/// What a daemon would know beside its tree. Of streams, it knows Ada's.
struct Desk;

impl Sources for Desk {
    fn process(&self) -> ProcessFacts {
        ProcessFacts {
            version: "0.1.0".into(),
            mode: "development".into(),
            pid: 42,
            started_at: Timestamp::UNIX_EPOCH,
            uptime_ms: 60_000,
            rss_bytes: Some(1_048_576),
        }
    }

    fn presence_count(&self) -> PresenceCount {
        PresenceCount { users: 2, sessions: 3 }
    }

    fn present_users(&self) -> Vec<UserId> {
        ["grace", "ada"].map(|user| UserId::new(user).unwrap()).into()
    }

    fn sessions(&self, user: &UserId) -> Vec<PresentSession> {
        let tabs = if user.as_str() == "ada" { 2 } else { 1 };
        let session = |tab| PresentSession {
            session_id: SessionId::new(format!("tab-{tab}")).unwrap(),
            page: Page::new("home").unwrap(),
            joined_at: Timestamp::UNIX_EPOCH,
            phx_ref: format!("ref-{tab}"),
        };
        (0..tabs).map(session).collect()
    }

    fn timers(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<PendingTimer>, AddressError>> + Send + '_>> {
        let timer = PendingTimer { user: UserId::new("linus").unwrap(), remaining_ms: 3_000 };
        Box::pin(async move { Ok(vec![timer]) })
    }

    fn figures(&self) -> std::collections::BTreeMap<String, f64> {
        [("gateway_connections".to_owned(), 3.0)].into()
    }

    fn held(&self, user: &UserId) -> Option<&'static str> {
        (user.as_str() == "ada").then_some("live")
    }

    fn budgets(&self) -> Vec<Budget> {
        vec![streams::budget()]
    }

    fn stream<'a>(&'a self, user: &'a UserId) -> Asked<'a, StreamOverview> {
        streams::of(user, streams::overview)
    }

    fn act_on_stream<'a>(
        &'a self,
        user: &'a UserId,
        action: &'a StreamAction,
    ) -> Asked<'a, StreamStatus> {
        let outcome = streams::act(user, action);
        Box::pin(async { outcome })
    }

    fn events<'a>(&'a self, query: &'a EventQuery, limit: usize) -> Asked<'a, Vec<StreamEvent>> {
        streams::of(&query.user, || streams::events(query, limit))
    }

    fn alerts<'a>(&'a self, user: &'a UserId, recent: usize) -> Asked<'a, AlertsOverview> {
        streams::of(user, || streams::alerts(recent))
    }

    fn platforms<'a>(&'a self, user: &'a UserId) -> Asked<'a, PlatformsOverview> {
        streams::of(user, streams::platforms)
    }
}

/// The tree, and what a daemon does to have it inspected.
pub(crate) struct House {
    _root: Root,
    pub(crate) users: DynamicSupervisorRef,
    pub(crate) inspector: Address<InspectMsg>,
    pub(crate) connections: ConnectionCounters,
    _shutdown: DropGuard,
    shutdown: CancellationToken,
    directory: TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let users_child = users.clone();
        let root = SupervisorRef::new(move || {
            SupervisorSpec::new(Strategy::OneForOne)
                .intensity(10, Duration::from_secs(5))
                .child(ChildSpec::dynamic_supervisor("users", &users_child))
                .child(says("silent", None))
                .child(says("large", Some("x".repeat(5_000_000).into())))
                .child(says("passing", Some(Value::Null)).restart(Restart::Temporary))
        });
        let root = Root::start(root, Lifecycle::new()).await.unwrap();
        let (inspector, connections) = (Address::new(), ConnectionCounters::default());
        let args = InspectorArgs {
            root: SupervisorHandle::Static(root.supervisor().clone()),
            lifecycle: root.lifecycle().clone(),
            sources: Arc::new(Desk),
            users: "users",
            metrics: "metrics",
            connections: connections.clone(),
        };
        let make = move || (Inspector, args.clone());
        let child = ChildSpec::worker("inspector", Worker::new(&inspector, make));
        root.supervisor().start_child(child).await.unwrap();
        let shutdown = CancellationToken::new();
        Self {
            _root: root,
            users,
            inspector,
            connections,
            _shutdown: shutdown.clone().drop_guard(),
            shutdown,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn with(users: &[&str]) -> Self {
        let house = Self::open().await;
        for user in users {
            house.start(user).await;
        }
        house
    }

    pub(crate) async fn start(&self, user: &str) {
        let child = ChildSpec::supervisor(user.to_owned(), &user_tree(user));
        self.users.start_child(child).await.unwrap();
    }

    /// A client in the process.
    pub(crate) fn inside(&self) -> InspectClient {
        InspectClient::new(self.inspector.clone(), LIMIT)
    }

    /// A client in the process whose questions may take so long.
    pub(crate) fn inside_with(&self, limit: Duration) -> InspectClient {
        InspectClient::new(self.inspector.clone(), limit)
    }

    /// A client over the Unix socket.
    pub(crate) async fn outside(&self) -> InspectClient {
        let path = self.serve_unix(self.config()).await;
        InspectClient::connect(&Endpoint::Unix(path), LIMIT).await.unwrap()
    }

    pub(crate) fn config(&self) -> ServeConfig {
        ServeConfig { connections: self.connections.clone(), ..ServeConfig::default() }
    }

    /// A path for a socket that nobody else has.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("inspect.sock")
    }

    pub(crate) async fn serve_unix(&self, config: ServeConfig) -> PathBuf {
        self.serve(Listener::unix(self.socket()).await.unwrap(), config);
        self.socket()
    }

    /// Serves at a free port and says where.
    pub(crate) async fn serve_tcp(&self, config: ServeConfig) -> String {
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::tcp(address, SecretString::from(TOKEN)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        self.serve(listener, config);
        address
    }

    fn serve(&self, listener: Listener, config: ServeConfig) {
        tokio::spawn(serve(listener, self.inspector.clone(), config, self.shutdown.clone()));
    }

    /// Closes the doors; the tree lives on.
    pub(crate) fn close(&self) {
        self.shutdown.cancel();
    }
}

/// Waits until the condition holds; says what it waited for when it does not.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}
