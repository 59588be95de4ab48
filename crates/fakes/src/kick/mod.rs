//! Kick: its OAuth, the public API, and webhooks that are signed.
//!
//! ```text
//!            ┌──────────────────── FakeKick ────────────────────┐
//! client ──▶ │ faults ─▶ OAuth, API ─▶ World ◀─ test, enliven    │ ──▶ signed deliveries ──▶ the app's webhook
//!            └──────────────────────────────────────────────────┘     at least once; in order only while all goes well
//! ```
//!
//! What it does is what <https://docs.kick.com> says, and where Kick is known to do otherwise, as Kick does: deliveries
//! come late, twice, in another order or not at all, when they are told to.

mod api;
mod bodies;
mod channels;
mod chat;
mod control;
mod delivery;
mod events;
mod lively;
mod script;
mod signing;
mod subscriptions;
mod ulid;
mod world;

#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::response::Response;
use http::request::Parts;
use tokio::{net::TcpListener, task::JoinSet};

pub use api::Call;
pub use delivery::Prepared;
pub use events::Viewer;
pub use script::{Chaos, Mischief};
pub use world::{BanView, ChannelView, MessageView};

use crate::{
    Effect, OAuthStyle, Provider, ProviderConfig, Refusal, Tokens,
    faults::Faults,
    lock,
    serve::{self, Scripted},
};
use delivery::Deliveries;
use signing::Signer;
use world::World;

/// What an app may be allowed.
const SCOPES: &[&str] = &[
    "user:read",
    "channel:read",
    "channel:write",
    "channel:rewards:read",
    "chat:write",
    "streamkey:read",
    "events:subscribe",
    "moderation:ban",
    "moderation:chat_message:manage",
    "kicks:read",
];

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// The app that it knows.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long every answer takes.
    pub latency: Duration,
    /// How many deliveries are under way at a time.
    pub workers: usize,
    /// How long until a delivery that was not acknowledged comes again; twice as long each further time, up to 16
    /// times.
    pub again_after: Duration,
    /// How often a delivery is tried before it is given up.
    pub tries: u32,
    /// Where encoders are told to send to.
    pub ingest_url: String,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            client_id: "fake-kick".into(),
            client_secret: "fake-kick-secret".into(),
            latency: Duration::ZERO,
            workers: 64,
            again_after: Duration::from_millis(100),
            tries: 100,
            ingest_url: "rtmps://fa723fc1b171.global-contribute.live-video.net/app/".into(),
        }
    }
}

/// A Kick. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FakeKick {
    shared: Arc<Shared>,
    address: SocketAddr,
    _tasks: JoinSet<()>,
    lively: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: FakeConfig,
    oauth: Arc<Provider>,
    world: Mutex<World>,
    faults: Faults<Call>,
    deliveries: Deliveries,
}

impl FakeKick {
    /// Starts one.
    ///
    /// # Errors
    /// When its address cannot be listened at.
    pub async fn start(config: FakeConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        let address = listener.local_addr()?;
        let oauth = ProviderConfig {
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            ..ProviderConfig::new(OAuthStyle::Kick, &config.client_id, &config.client_secret)
        };
        let signer = Signer::generate().await;
        let (deliveries, queues) = Deliveries::new(signer, &config);
        let shared = Arc::new(Shared {
            oauth: Arc::new(Provider::new(oauth)),
            world: Mutex::new(World::new()),
            faults: Faults::default(),
            deliveries,
            config,
        });
        let mut tasks = JoinSet::new();
        let router = api::routes(Arc::clone(&shared)).merge(shared.oauth.routes());
        tasks.spawn(serve::run(listener, router, Arc::clone(&shared)));
        delivery::start(queues, &shared, &mut tasks);
        Ok(Self { shared, address, _tasks: tasks, lively: Mutex::default() })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stands for `https://api.kick.com`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stands for `https://id.kick.com`.
    #[must_use]
    pub fn id_url(&self) -> String {
        self.api_url()
    }

    /// How it was told to behave.
    #[must_use]
    pub fn config(&self) -> &FakeConfig {
        &self.shared.config
    }

    /// Its OAuth: who agrees, which tokens hold.
    #[must_use]
    pub fn oauth(&self) -> &Provider {
        &self.shared.oauth
    }

    /// There is an account with a channel of this name. The first one is who agrees at the authorisation page.
    pub fn add_channel(&self, id: u64, slug: &str) {
        lock(&self.shared.world).add_channel(id, slug);
        self.shared.oauth.add_account(&id.to_string());
    }

    /// Tokens of an account, without the page.
    #[must_use]
    pub fn grant(&self, channel: u64) -> Tokens {
        self.shared.oauth.grant(&channel.to_string())
    }

    /// Where deliveries go from now on: the webhook of the app.
    pub fn set_webhook(&self, url: Option<String>) {
        self.shared.deliveries.set_webhook(url);
    }

    /// The next `times` calls of this kind go wrong in this way.
    pub fn fail(&self, call: Call, effect: Effect, times: usize) {
        self.shared.faults.plan(call, effect, times);
    }

    /// All calls go wrong in this way, until it is over.
    pub fn set_outage(&self, effect: Option<Effect>) {
        self.shared.faults.set_outage(effect);
    }

    /// How many calls of this kind came, whatever became of them.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.shared.faults.count(call)
    }

    /// How many calls of the API came.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.faults.count_where(|call| !matches!(call, Call::OAuth(_)))
    }
}

impl Scripted for Shared {
    type Call = Call;

    fn call_of(&self, request: &Parts) -> Option<Call> {
        Call::of(&self.oauth, &request.method, request.uri.path())
    }

    fn faults(&self) -> &Faults<Call> {
        &self.faults
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        let words = refusal.code.as_deref().unwrap_or(&refusal.message);
        api::failure(serve::status_code(refusal.status), words)
    }

    fn latency(&self) -> Duration {
        self.config.latency
    }
}
