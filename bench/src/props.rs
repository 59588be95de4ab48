//! What all trees of a run share: a store in a folder of its own, and the way to a Cloudflare where one is wanted.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use stagedoor_cloudflare::Client;
use stagedoor_presence::TreeSpec;
use stagedoor_store::{Database, Keyring, Store, StoreConfig, WriterConfig};
use stagedoor_stream::{
    Components, OnAir, Platforms, Services, StreamSettings, UserContext, user_stream_manager,
};
use stagedoor_supervision::Backoff;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// See the module. The folder goes with it.
pub(crate) struct Props {
    pub(crate) services: Arc<Services>,
    writer: JoinHandle<()>,
    shutdown: CancellationToken,
    folder: TempDir,
}

impl Props {
    /// With an empty SQLite, as the daemon has it where nothing is configured.
    pub(crate) async fn open(cloudflare: Option<Client>) -> Result<Self> {
        Self::with(cloudflare, |_| Ok(Platforms::default())).await
    }

    /// The same with platforms, which may want the store.
    pub(crate) async fn with(
        cloudflare: Option<Client>,
        platforms: impl FnOnce(&Store) -> Result<Platforms>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = open_store(sqlite_in(folder.path())).await?;
        let platforms = platforms(&store)?;
        let shutdown = CancellationToken::new();
        let writer = tokio::spawn({
            let (store, shutdown) = (store.clone(), shutdown.clone());
            async move { store.run(shutdown).await }
        });
        let (on_air, settings) = (OnAir::default(), StreamSettings::default());
        let services = Arc::new(Services::new(store, cloudflare, platforms, on_air, settings));
        Ok(Self { services, writer, shutdown, folder })
    }

    /// The trees of the default configuration, with the components that the daemon has.
    pub(crate) fn default_tree(&self) -> TreeSpec {
        let services = Arc::clone(&self.services);
        let components = Arc::new(Components::standard());
        let backoff = Arc::new(Backoff::default());
        Arc::new(move |user| {
            user_stream_manager(UserContext::new(user.clone(), &services), &components, &backoff)
        })
    }

    /// Writes what waits and ends.
    pub(crate) async fn close(self) -> Result<()> {
        self.close_and_keep().await?.close()?;
        Ok(())
    }

    /// The same; what was written is there until the folder is dropped.
    pub(crate) async fn close_and_keep(self) -> Result<TempDir> {
        self.shutdown.cancel();
        self.writer.await?;
        Ok(self.folder)
    }
}

/// The file that the daemon would make in this folder.
pub(crate) fn sqlite_in(folder: &Path) -> Database {
    Database::Sqlite { path: folder.join("stagedoor.db") }
}

/// A store that nobody writes yet.
pub(crate) async fn open_store(database: Database) -> Result<Store> {
    let keyring = Keyring::parse(&Keyring::new_key("bench")?)?;
    Ok(Store::open(StoreConfig { database, keyring, writer: WriterConfig::default() }).await?)
}
