//! A running daemon, as a value: for `main`, for tests, and for programs that embed it.

use std::{future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use stagedoor_gateway::{NotLoopback, OriginError, WebUrlError};
use stagedoor_inspect::{InspectMsg, ListenError};
use stagedoor_presence::Tracker;
use stagedoor_store::Rotated;
use stagedoor_stream::{Components, Services};
use stagedoor_supervision::{Address, SupervisorHandle};
use thiserror::Error;

use crate::{
    Exit,
    config::{Config, Invalid},
    credentials::{self, CredentialError},
    lifecycle::Service,
    state_dir::{StateDir, StateDirError},
    wiring::{self, Parts},
};

/// Why a daemon does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A value cannot be, or must not be in this mode.
    #[error("the configuration is not valid")]
    Config(#[from] Invalid),
    /// A key or a secret cannot be had.
    #[error("a credential is missing")]
    Credential(#[from] CredentialError),
    /// The state directory cannot be had.
    #[error("the state directory cannot be used")]
    StateDir(#[from] StateDirError),
    /// An address is in use, or not ours.
    #[error("{key}: cannot listen on {address}")]
    Listen {
        /// The configuration key.
        key: &'static str,
        /// The address, or the path of a socket.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The debug client's door cannot be opened.
    #[error("inspect: the debug client's door cannot be opened")]
    Inspect(#[from] ListenError),
    /// The development login must not be reached from outside.
    #[error("auth.development_login: refused")]
    DevelopmentLogin(#[from] NotLoopback),
    /// An allowed origin is none.
    #[error("gateway.allowed_origins: not valid")]
    Origin(#[from] OriginError),
    /// `store.url` is not one of a database.
    #[error("store.url")]
    DatabaseUrl(#[from] stagedoor_store::DatabaseUrlError),
    /// The keys for the secrets in the database cannot be had.
    #[error("store.keyring: the keys for the secrets in the database cannot be had")]
    Keyring(#[from] stagedoor_store::KeyringError),
    /// The database cannot be opened.
    #[error("store: the database cannot be used")]
    Store(#[from] stagedoor_store::OpenError),
    /// The database does not answer.
    #[error("store: the database cannot be read")]
    StoreRead(#[from] stagedoor_store::StoreError),
    /// The client for Cloudflare cannot be made.
    #[error("cloudflare: not valid")]
    Cloudflare(#[from] stagedoor_cloudflare::BuildError),
    /// The client of a platform cannot be made.
    #[error("platforms: not valid")]
    Platform(#[from] stagedoor_platforms::BuildError),
    /// The public address, or the page to go on to, is none.
    #[error("gateway.public_url or gateway.connected_url: not valid")]
    WebUrl(#[from] WebUrlError),
    /// The tree of actors did not start.
    #[error("the supervision tree did not start")]
    Tree(#[source] stagedoor_supervision::StartError),
}

impl StartError {
    /// How a process ends that could not start.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Credential(_)
            | Self::DevelopmentLogin(_)
            | Self::Origin(_)
            | Self::DatabaseUrl(_)
            | Self::Keyring(_)
            | Self::Cloudflare(_)
            | Self::Platform(_)
            | Self::WebUrl(_) => Exit::Configuration,
            Self::StateDir(_)
            | Self::Listen { .. }
            | Self::Inspect(_)
            | Self::Store(_)
            | Self::StoreRead(_) => Exit::Unavailable,
            Self::Tree(_) => Exit::Failed,
        }
    }
}

/// Why a daemon did not run to a clean end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The root supervisor gave up.
    #[error("the root supervisor gave up")]
    RootEnded,
    /// What did not stop in time was killed.
    #[error("the tree did not stop within {0:?} and was killed")]
    TooSlow(Duration),
}

/// Where a daemon can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Sessions and the HTTP API.
    pub public: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
    /// The debug client's socket.
    pub inspect_socket: PathBuf,
    /// The debug client's door over TCP, if configured.
    pub inspect: Option<SocketAddr>,
}

/// A running daemon. [`Daemon::shutdown`] stops it; dropping it stops nothing.
#[derive(Debug)]
pub struct Daemon {
    parts: Parts,
    // Held to the last: another daemon may take the directory when everything has stopped.
    _state: StateDir,
}

impl Daemon {
    /// Checks `config`, takes the state directory, binds the listeners and starts the tree.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        Self::start_with(config, Components::standard()).await
    }

    /// As [`start`](Self::start), with these components in every user's tree: for programs that embed the daemon and
    /// have components of their own.
    pub async fn start_with(config: &Config, components: Components) -> Result<Self, StartError> {
        config.validate()?;
        let state = StateDir::open(&config.state_dir)?;
        let authenticator = credentials::authenticator(config)?;
        let inspect_token = credentials::inspect_token(config)?;
        let parts = wiring::start(config, components, authenticator, inspect_token).await?;
        Ok(Self { parts, _state: state })
    }

    /// Encrypts every secret in the database anew, with the first key of the keyring. Takes the state directory, so that no
    /// daemon runs beside.
    pub async fn rotate_secrets(config: &Config) -> Result<Rotated, StartError> {
        config.validate()?;
        let _state = StateDir::open(&config.state_dir)?;
        Ok(wiring::open_store(config).await?.rotate_secrets().await?)
    }

    /// Where it can be reached; with port 0 configured, the port that was given.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        self.parts.addresses()
    }

    /// The running tree, to walk and to look at.
    #[must_use]
    pub fn tree(&self) -> SupervisorHandle {
        self.parts.tree()
    }

    /// Who is here. A program that embeds the daemon may track sessions of its own.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        self.parts.tracker()
    }

    /// What all users' trees share: the store, who is on air, who listens to whom.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        self.parts.services()
    }

    /// Where the inspector is reached, as [`InspectClient`](stagedoor_inspect::InspectClient) wants it.
    #[must_use]
    pub fn inspector(&self) -> &Address<InspectMsg> {
        self.parts.inspector()
    }

    /// Takes a new `presence.cleanup_timeout`, for grace periods that begin from now on.
    pub fn set_cleanup_timeout(&self, timeout: Duration) {
        self.parts.set_cleanup_timeout(timeout);
    }

    /// Stops everything in good order, and kills what has not stopped after `limit`.
    pub async fn shutdown(self, limit: Duration) -> Result<(), RunError> {
        self.parts.stop(limit).await
    }
}

impl Service for Daemon {
    type Failure = RunError;

    fn set_cleanup_timeout(&self, timeout: Duration) {
        Self::set_cleanup_timeout(self, timeout);
    }

    async fn failed(&mut self) -> RunError {
        self.parts.ended().await;
        RunError::RootEnded
    }

    fn shutdown(self, limit: Duration) -> impl Future<Output = Result<(), RunError>> + Send {
        Self::shutdown(self, limit)
    }
}
