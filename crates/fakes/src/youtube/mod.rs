//! YouTube: broadcasts, streams, live chats by REST and by gRPC, bans, viewers, the quota.
//!
//! ```text
//!            ┌───────────────────────── FakeYouTube ─────────────────────────┐
//! client ──▶ │ faults ─▶ quota ─▶ REST ──────────▶ World ◀─ say, enliven ◀─ test │
//!        ──▶ │ faults ─▶ quota ─▶ StreamList ──────▲  (HTTP/2, a port of its own) │
//!            │ OAuth, as Google has it                                         │
//!            └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! What it does is what <https://developers.google.com/youtube/v3/live/docs> says, and where that says nothing, what was
//! seen by others: calls that stream end after a while, in good order, and are to be made again.

mod access;
mod broadcasts;
mod call;
mod chats;
mod config;
mod control;
mod entry;
mod life;
mod said;
mod streams;
mod wire;
mod world;

#[expect(
    clippy::allow_attributes,
    clippy::enum_variant_names,
    clippy::pedantic,
    unreachable_pub,
    reason = "generated"
)]
mod proto {
    tonic::include_proto!("youtube.api.v3");
}

#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize},
    },
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinSet};

pub use call::Call;
pub use config::FakeConfig;
pub use said::{Author, Said};
pub use world::{BanView, BroadcastView, MessageView};

use crate::{OAuthStyle, Provider, ProviderConfig, Tokens, faults::Faults, lock, serve};
use world::World;

/// A YouTube. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FakeYouTube {
    shared: Arc<Shared>,
    address: SocketAddr,
    stream_address: SocketAddr,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: FakeConfig,
    /// How calls that stream go, for it changes.
    streaming: Mutex<Streaming>,
    world: Mutex<World>,
    faults: Faults<Call>,
    oauth: Arc<Provider>,
    quota: AtomicU64,
    used: AtomicU64,
    /// How many calls stream now.
    open: AtomicUsize,
    /// Counts up: whatever streams breaks.
    broken: watch::Sender<usize>,
    /// Counts up: whatever is connected is cut.
    cut: watch::Sender<usize>,
}

/// How calls that stream go.
#[derive(Clone, Debug)]
pub(crate) struct Streaming {
    lasts: Option<Duration>,
    brings: Option<usize>,
    /// Each response comes so many times.
    times: usize,
    /// How long each response takes.
    slow: Duration,
}

impl FakeYouTube {
    /// Starts one.
    ///
    /// # Errors
    /// When its addresses cannot be listened at.
    pub async fn start(config: FakeConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        let stream_listener = TcpListener::bind(config.stream_address).await?;
        let (address, stream_address) = (listener.local_addr()?, stream_listener.local_addr()?);
        let oauth = Provider::new(ProviderConfig {
            scopes: vec!["https://www.googleapis.com/auth/youtube.force-ssl".into()],
            ..ProviderConfig::new(OAuthStyle::Google, &config.client_id, &config.client_secret)
        });
        let shared = Arc::new(Shared {
            quota: AtomicU64::new(config.quota.unwrap_or(u64::MAX)),
            streaming: Mutex::new(Streaming {
                lasts: config.call_lasts,
                brings: config.call_brings,
                times: 1,
                slow: Duration::ZERO,
            }),
            world: Mutex::new(World::numbered_from(config.first_number)),
            config,
            faults: Faults::default(),
            oauth: Arc::new(oauth),
            used: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            broken: watch::Sender::new(0),
            cut: watch::Sender::new(0),
        });
        let router = broadcasts::routes(&shared).merge(chats::routes(&shared));
        let router = router.merge(shared.oauth.routes());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::run(listener, router, Arc::clone(&shared)));
        tasks.spawn(streams::run(stream_listener, Arc::clone(&shared)));
        Ok(Self { shared, address, stream_address, tasks: Mutex::new(tasks) })
    }

    /// The base URL of its API, and of Google's OAuth.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it speaks gRPC.
    #[must_use]
    pub fn stream_url(&self) -> String {
        format!("http://{}", self.stream_address)
    }

    /// How it was told to behave.
    #[must_use]
    pub fn config(&self) -> &FakeConfig {
        &self.shared.config
    }

    /// Its OAuth.
    #[must_use]
    pub fn oauth(&self) -> &Provider {
        &self.shared.oauth
    }

    /// There is a channel. People who come to agree are logged in as the first one.
    pub fn add_channel(&self, id: &str, name: &str) {
        lock(&self.shared.world).channels.insert(id.into(), name.into());
        self.shared.oauth.add_account(id);
    }

    /// Tokens of a channel, without the page.
    #[must_use]
    pub fn grant(&self, channel: &str) -> Tokens {
        self.shared.oauth.grant(channel)
    }
}
