//! A house for tests: the supervisor of all users, and a store in a directory of its own.

use std::{sync::Arc, time::Duration};

use stagedoor_cloudflare::{Budget, Client, ClientConfig, LIMITS};
use stagedoor_domain::{Destination, DestinationId, EventKind, EventReport, Platform, UserId};
use stagedoor_store::{Database, Keyring, NewEvent, Store, StoreConfig, WriterConfig};
use stagedoor_supervision::{
    Backoff, ChildHandle, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, ExitClass,
    Lifecycle, Root, Strategy, SupervisorRef, SupervisorSpec,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    Components, OnAir, Platforms, Services, StreamSettings, UserContext, UserTrees,
    user_stream_manager,
};

/// How long anything may take that takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

const DATABASE: &str = "stagedoor.db";

/// See [`House::open`].
pub(crate) struct House {
    pub(crate) services: Arc<Services>,
    pub(crate) users: DynamicSupervisorRef,
    pub(crate) root: Root,
    writer: JoinHandle<()>,
    /// Held until the test is over.
    dir: Option<TempDir>,
}

impl House {
    /// With an empty store, and a client for a Cloudflare that nobody reaches.
    pub(crate) async fn open() -> Self {
        let (token, account) = ("token".to_owned(), "account");
        let client = ClientConfig {
            base_url: "http://127.0.0.1:1".into(),
            ..ClientConfig::new(account, token.into())
        };
        let client = Client::new(client, Budget::new(LIMITS)).unwrap();
        Self::open_with(Some(client), StreamSettings::default()).await
    }

    pub(crate) async fn open_with(cloudflare: Option<Client>, settings: StreamSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir).await;
        let on_air = OnAir::default();
        let services = Services::new(store, cloudflare, Platforms::default(), on_air, settings);
        let mut house = Self::with_services(Arc::new(services)).await;
        house.dir = Some(dir);
        house
    }

    pub(crate) async fn with_services(services: Arc<Services>) -> Self {
        let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let supervisor = {
            let users = users.clone();
            SupervisorRef::new(move || {
                SupervisorSpec::new(Strategy::RestForOne)
                    .child(ChildSpec::dynamic_supervisor("users", &users))
            })
        };
        let root = Root::start(supervisor, Lifecycle::new()).await.unwrap();
        let store = services.store.clone();
        let writer = tokio::spawn(async move { store.run(CancellationToken::new()).await });
        Self { services, users, root, writer, dir: None }
    }

    /// Starts a tree of these components and hands out its context.
    pub(crate) async fn start(&self, user: &str, components: Components) -> UserContext {
        let cx = UserContext::new(UserId::new(user).unwrap(), &self.services);
        let backoff = Arc::new(Backoff::default());
        let tree = user_stream_manager(cx.clone(), &Arc::new(components), &backoff);
        self.users.start_child(tree).await.unwrap();
        cx
    }

    /// Somebody else has the database for themselves, until this is dropped.
    pub(crate) async fn lock_database(&self) -> sqlx::Transaction<'static, sqlx::Sqlite> {
        lock(self.dir.as_ref().expect("the house has a database of its own")).await
    }

    pub(crate) fn trees(&self) -> UserTrees {
        UserTrees::new(self.users.clone())
    }

    pub(crate) fn child(&self, user: &str, id: &str) -> ChildHandle {
        self.users.child(user).unwrap().supervisor().unwrap().child(id).unwrap()
    }

    /// Kills a component and waits until its supervisor has noticed.
    pub(crate) async fn crash(&self, user: &str, id: &str) {
        let exits = self.root.lifecycle().counters().exited(ExitClass::Killed);
        assert!(self.child(user, id).kill());
        while self.root.lifecycle().counters().exited(ExitClass::Killed) == exits {
            tokio::task::yield_now().await;
        }
        settle().await;
    }

    /// From now on nothing that is appended is written.
    pub(crate) async fn stop_writing(&mut self) {
        self.writer.abort();
        let _ = (&mut self.writer).await;
    }

    pub(crate) fn go_on_writing(&mut self) {
        let store = self.services.store.clone();
        self.writer = tokio::spawn(async move { store.run(CancellationToken::new()).await });
    }

    /// Gives the user a destination of this name.
    pub(crate) async fn destination(&self, user: &UserId, id: &str) -> DestinationId {
        let id = DestinationId::new(id).unwrap();
        let destination = Destination {
            id: id.clone(),
            name: id.as_str().into(),
            platform: Platform::Twitch,
            url: "rtmps://ingest.example/app".into(),
            account: false,
        };
        let key = format!("key-of-{id}").into();
        self.services.store.put_destination(user, &destination, Some(&key)).await.unwrap();
        id
    }

    /// Stores an event as EventProcessor would, with the livestream that is on air.
    pub(crate) async fn append(
        &self,
        user: &UserId,
        kind: EventKind,
        key: &str,
    ) -> stagedoor_store::Appended {
        let now = jiff::Timestamp::now();
        let event = NewEvent {
            user: user.clone(),
            livestream: self.services.on_air.get(user).map(|entry| entry.livestream),
            received_at: now,
            report: EventReport::new(Platform::Twitch, kind, now, key),
            alert: None,
        };
        self.services.store.append_and_wait(event).await.unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

pub(crate) async fn store(dir: &TempDir) -> Store {
    let keyring = Keyring::load_or_create(&dir.path().join("keyring")).unwrap();
    let database = Database::Sqlite { path: dir.path().join(DATABASE) };
    Store::open(StoreConfig { database, keyring, writer: WriterConfig::default() }).await.unwrap()
}

/// See [`House::lock_database`].
pub(crate) async fn lock(dir: &TempDir) -> sqlx::Transaction<'static, sqlx::Sqlite> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join(DATABASE));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    pool.begin_with("BEGIN IMMEDIATE").await.unwrap()
}

/// Lets everything happen that needs no time to pass.
pub(crate) async fn settle() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

/// Asks again and again until the answer is right.
pub(crate) async fn until<T: std::fmt::Debug>(
    what: &str,
    mut ask: impl AsyncFnMut() -> T,
    right: impl Fn(&T) -> bool,
) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let seen = ask().await;
        if right(&seen) {
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: at last {seen:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
