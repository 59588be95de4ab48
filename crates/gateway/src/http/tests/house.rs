//! What is behind a gateway: a store in a directory of its own, and trees that are started by hand.

use std::sync::Arc;

use stagedoor_cloudflare::{Budget, Client, ClientConfig, LIMITS};
use stagedoor_domain::UserId;
use stagedoor_platforms::{
    Platform, http_client,
    kick::{self, Kick},
};
use stagedoor_store::{Database, Keyring, Store, StoreConfig, WriterConfig};
use stagedoor_stream::{
    Components, EventDoor, OnAir, Platforms, Services, StreamSettings, UserContext, UserTrees,
    user_stream_manager,
};
use stagedoor_supervision::{
    Backoff, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Lifecycle, Root, Strategy,
    SupervisorRef, SupervisorSpec,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Backstage;

/// What webhooks must carry.
pub(super) const WEBHOOK_SECRET: &str = "a secret between Cloudflare and us";

pub(super) struct House {
    pub(super) services: Arc<Services>,
    kick: Arc<Kick>,
    users: DynamicSupervisorRef,
    writer: JoinHandle<()>,
    closing: CancellationToken,
    _root: Root,
    _dir: TempDir,
}

impl House {
    pub(super) async fn open() -> Self {
        Self::open_with(WriterConfig::default(), true).await
    }

    /// With a store that takes so much, and that writes or does not.
    pub(super) async fn open_with(config: WriterConfig, is_open: bool) -> Self {
        // Nobody answers there.
        let config_of_kick = kick::Config {
            api_url: "http://127.0.0.1:1".into(),
            ..kick::Config::new("id", "secret".to_owned())
        };
        let kick = Kick::new(config_of_kick, http_client().unwrap()).unwrap();
        Self::furnish(config, is_open, Arc::new(kick), Vec::new()).await
    }

    /// With these platforms.
    pub(super) async fn with_platforms(
        kick: Arc<Kick>,
        others: impl IntoIterator<Item = Arc<dyn Platform>>,
    ) -> Self {
        let mut platforms: Vec<Arc<dyn Platform>> = vec![kick.clone()];
        platforms.extend(others);
        Self::furnish(WriterConfig::default(), true, kick, platforms).await
    }

    async fn furnish(
        config: WriterConfig,
        is_open: bool,
        kick: Arc<Kick>,
        platforms: Vec<Arc<dyn Platform>>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::load_or_create(&dir.path().join("keyring")).unwrap();
        let database = Database::Sqlite { path: dir.path().join("stagedoor.db") };
        let config = StoreConfig { database, keyring, writer: config };
        let store = Store::open(config).await.unwrap();
        // Nobody answers there.
        let client = ClientConfig {
            base_url: "http://127.0.0.1:1".into(),
            ..ClientConfig::new("account", "token".to_owned().into())
        };
        let client = Client::new(client, Budget::new(LIMITS)).unwrap();
        let closing = CancellationToken::new();
        let writer = tokio::spawn({
            let (store, closing) = (store.clone(), closing.clone());
            async move {
                if is_open {
                    store.run(closing).await;
                }
            }
        });
        let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
        let supervisor = {
            let users = users.clone();
            SupervisorRef::new(move || {
                SupervisorSpec::new(Strategy::RestForOne)
                    .child(ChildSpec::dynamic_supervisor("users", &users))
            })
        };
        let root = Root::start(supervisor, Lifecycle::new()).await.unwrap();
        let (on_air, settings) = (OnAir::default(), StreamSettings::default());
        let platforms = Platforms::new(platforms);
        let services = Services::new(store, Some(client), platforms, on_air, settings);
        Self { services: Arc::new(services), kick, users, writer, closing, _root: root, _dir: dir }
    }

    pub(super) fn backstage(&self) -> Backstage {
        let trees = UserTrees::new(self.users.clone());
        Backstage {
            trees: trees.clone(),
            services: Arc::clone(&self.services),
            door: EventDoor::new(trees, Arc::clone(&self.services)),
            webhook_secret: Some(WEBHOOK_SECRET.to_owned().into()),
            kick: Some(Arc::clone(&self.kick)),
        }
    }

    /// The store takes nothing more.
    pub(super) async fn close_store(&self) {
        self.closing.cancel();
        while !self.writer.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// Starts the user's tree.
    pub(super) async fn start_tree(&self, user: &str) -> UserContext {
        let cx = UserContext::new(UserId::new(user).unwrap(), &self.services);
        let backoff = Arc::new(Backoff::default());
        let tree = user_stream_manager(cx.clone(), &Arc::new(Components::standard()), &backoff);
        self.users.start_child(tree).await.unwrap();
        cx
    }
}

impl House {
    /// Stops it.
    pub(super) async fn stop_tree(&self, user: &str) {
        self.users.terminate_child(user).await.unwrap();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.writer.abort();
    }
}
