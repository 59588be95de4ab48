//! Twitch: EventSub by WebSocket, Helix, OAuth.
//!
//! ```text
//!            ┌────────────────────── FakeTwitch ───────────────────────┐
//! client ──▶ │ faults ─▶ rate limits ─▶ Helix ─▶ World ── what happens │
//!        ◀── │ sockets ◀─ Sessions ◀─ emit ◀──────────────┴─── test, demo │
//!            └──────────────────────────────────────────────────────────┘
//! ```
//!
//! What it does is what the documents say (<https://dev.twitch.tv/docs/eventsub/handling-websocket-events/>,
//! <https://dev.twitch.tv/docs/api/reference/>). It is strict where Twitch is: a client that sends anything by a socket
//! of EventSub loses it.

mod calls;
mod events;
mod happen;
mod helix;
mod lively;
mod messages;
mod rates;
mod script;
mod sessions;
mod socket;
mod world;

#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::response::Response;
use http::request::Parts;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

pub use calls::Call;
pub use script::Delivery;
pub use world::{BanView, ChannelView, MessageView, Viewer};

use crate::{
    OAuthCall, OAuthStyle, Provider, ProviderConfig, Refusal,
    faults::Faults,
    lock,
    serve::{self, Admission, Scripted, status_code},
};
use rates::Rates;
use sessions::Sessions;
use world::World;

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// The client that it knows.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// What [`FakeTwitch::grant`] agrees to.
    pub scopes: Vec<String>,
    /// How long a socket is silent before a keepalive, whatever the client asks for.
    pub keepalive: Option<Duration>,
    /// How long a socket may be without subscriptions.
    pub welcome_deadline: Duration,
    /// How long an old socket is kept when its session is to move.
    pub reconnect_grace: Duration,
    /// Calls of Helix in a minute, for each user, and for the client itself.
    pub rate_limit: u32,
    /// From where what it makes is numbered: who follows on another one that was believed must not number alike.
    pub first_number: u64,
    /// How long every answer takes.
    pub latency: Duration,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            client_id: "fakeclientid".into(),
            client_secret: "fakeclientsecret".into(),
            scopes: [
                "user:read:chat",
                "user:write:chat",
                "moderator:read:followers",
                "channel:read:subscriptions",
                "bits:read",
                "channel:read:redemptions",
                "channel:read:hype_train",
                "channel:read:ads",
                "channel:moderate",
                "channel:manage:broadcast",
                "channel:read:stream_key",
                "moderator:manage:banned_users",
                "moderator:manage:chat_messages",
            ]
            .map(Into::into)
            .into(),
            keepalive: None,
            welcome_deadline: Duration::from_secs(10),
            reconnect_grace: Duration::from_secs(30),
            rate_limit: 800,
            first_number: 0,
            latency: Duration::ZERO,
        }
    }
}

/// A Twitch. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FakeTwitch {
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: FakeConfig,
    address: SocketAddr,
    oauth: Arc<Provider>,
    faults: Faults<Call>,
    rates: Mutex<Rates>,
    world: Mutex<World>,
    sessions: Mutex<Sessions>,
    delivery: Mutex<Delivery>,
    tasks: Mutex<JoinSet<()>>,
    numbers: AtomicU64,
    sockets_opened: AtomicUsize,
    client_frames: AtomicUsize,
    pongs: AtomicUsize,
}

impl FakeTwitch {
    /// Starts one.
    ///
    /// # Errors
    /// When its address cannot be listened at.
    pub async fn start(config: FakeConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        let mut provider =
            ProviderConfig::new(OAuthStyle::Twitch, &config.client_id, &config.client_secret);
        provider.scopes.clone_from(&config.scopes);
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            oauth: Arc::new(Provider::new(provider)),
            faults: Faults::default(),
            rates: Mutex::new(Rates::new(config.rate_limit)),
            numbers: AtomicU64::new((1 << 48) + config.first_number),
            config,
            world: Mutex::default(),
            sessions: Mutex::default(),
            delivery: Mutex::default(),
            tasks: Mutex::default(),
            sockets_opened: AtomicUsize::new(0),
            client_frames: AtomicUsize::new(0),
            pongs: AtomicUsize::new(0),
        });
        let router = helix::routes(Arc::clone(&shared)).merge(shared.oauth.routes());
        let mut server = JoinSet::new();
        server.spawn(serve::run(listener, router, Arc::clone(&shared)));
        Ok(Self { shared, _server: server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The base URL of Helix.
    #[must_use]
    pub fn helix_url(&self) -> String {
        format!("http://{}/helix", self.shared.address)
    }

    /// The base URL of OAuth.
    #[must_use]
    pub fn oauth_url(&self) -> String {
        format!("http://{}/oauth2", self.shared.address)
    }

    /// Where sockets of EventSub are opened.
    #[must_use]
    pub fn eventsub_url(&self) -> String {
        self.shared.eventsub_url()
    }

    /// How it was told to behave.
    #[must_use]
    pub fn config(&self) -> &FakeConfig {
        &self.shared.config
    }

    /// Its OAuth: who agrees to what, and which tokens hold.
    #[must_use]
    pub fn oauth(&self) -> &Provider {
        &self.shared.oauth
    }
}

impl Drop for FakeTwitch {
    fn drop(&mut self) {
        // They hold what is shared, and what is shared holds them.
        lock(&self.shared.tasks).abort_all();
    }
}

impl Shared {
    fn eventsub_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The id of a chat message: another one for each.
    fn message_id(&self) -> Box<str> {
        let number = self.next_number();
        format!("cc106a89-1814-919d-{:04x}-{:012x}", number >> 48, number & 0xffff_ffff_ffff).into()
    }

    /// Answers to how many sockets it goes.
    fn emit(&self, channel: &str, kind: &str, event: &Value) -> usize {
        let event = event.to_string();
        lock(&self.sessions).emit(channel, kind, &event, Timestamp::now())
    }
}

impl Scripted for Shared {
    type Call = Call;

    fn call_of(&self, request: &Parts) -> Option<Call> {
        Call::of(OAuthCall::of(&self.oauth, request.uri.path()), request)
    }

    fn faults(&self) -> &Faults<Call> {
        &self.faults
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        helix::refuse(status_code(refusal.status), &refusal.message)
    }

    fn latency(&self) -> Duration {
        self.config.latency
    }

    fn admit(&self, call: Call, request: &Parts) -> Admission {
        if !call.is_helix() {
            return Admission::Granted(http::HeaderMap::new());
        }
        // A client has one bucket for each of its users, and one of its own.
        let whose = helix::token(request, "Bearer ").and_then(|token| self.oauth.whose(token));
        let whose = whose.and_then(|session| session.account);
        lock(&self.rates).come(whose.as_deref().unwrap_or_default())
    }
}
