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
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

pub use call::Call;
pub use said::{Author, Said};
pub use world::{BanView, BroadcastView, MessageView};

use crate::{Effect, OAuthStyle, Provider, ProviderConfig, Tokens, faults::Faults, lock, serve};
use world::World;

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens for gRPC.
    pub stream_address: SocketAddr,
    /// The client that it knows.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Units of quota; none are counted down where there is no end of them.
    pub quota: Option<u64>,
    /// How long every answer takes.
    pub latency: Duration,
    /// How much of a chat comes to who has read nothing of it yet.
    pub history: usize,
    /// How long a call streams before it ends in good order.
    pub call_lasts: Option<Duration>,
    /// How many messages a call streams before it ends in good order.
    pub call_brings: Option<usize>,
    /// How long those who poll are told to wait.
    pub polling_interval: Duration,
    /// Where encoders are told to send to.
    pub ingest_url: String,
    /// How long after it is bound a broadcast goes on air by itself.
    pub goes_live_after: Option<Duration>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            stream_address: (Ipv4Addr::LOCALHOST, 0).into(),
            client_id: "youtube-client".into(),
            client_secret: "youtube-secret".into(),
            quota: None,
            latency: Duration::ZERO,
            history: 75,
            call_lasts: None,
            call_brings: None,
            polling_interval: Duration::from_millis(20),
            ingest_url: "rtmps://a.rtmps.example/live2".into(),
            goes_live_after: None,
        }
    }
}

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
            config,
            world: Mutex::default(),
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

    /// From now on there are so many units, with those that are used.
    pub fn set_quota(&self, units: u64) {
        self.shared.quota.store(units, Ordering::Relaxed);
    }

    /// How many units were used.
    #[must_use]
    pub fn quota_used(&self) -> u64 {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// How long calls stream from now on, and how much they bring.
    pub fn set_calls(&self, lasts: Option<Duration>, brings: Option<usize>) {
        let mut streaming = lock(&self.shared.streaming);
        (streaming.lasts, streaming.brings) = (lasts, brings);
    }

    /// Each response of a call that streams comes so many times from now on.
    pub fn set_duplicates(&self, times: usize) {
        lock(&self.shared.streaming).times = times.max(1);
    }

    /// Each response of a call that streams takes so long from now on.
    pub fn set_slow(&self, each: Duration) {
        lock(&self.shared.streaming).slow = each;
    }

    /// Whatever streams now ends with an error.
    pub fn break_streams(&self) {
        self.shared.broken.send_modify(|times| *times += 1);
    }

    /// The connections on which is streamed are cut.
    pub fn cut_connections(&self) {
        self.shared.cut.send_modify(|times| *times += 1);
    }

    /// How many calls stream now.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// All broadcasts, the oldest first.
    #[must_use]
    pub fn broadcasts(&self) -> Vec<BroadcastView> {
        lock(&self.shared.world).broadcasts.clone()
    }

    /// The newest broadcast of a channel.
    #[must_use]
    pub fn broadcast_of(&self, channel: &str) -> Option<BroadcastView> {
        self.broadcasts().into_iter().rev().find(|broadcast| broadcast.channel == channel)
    }

    /// How many broadcasts were ever made.
    #[must_use]
    pub fn broadcasts_made(&self) -> usize {
        lock(&self.shared.world).broadcasts_made
    }

    /// How many broadcasts were deleted that had a recording.
    #[must_use]
    pub fn recordings_lost(&self) -> usize {
        lock(&self.shared.world).recordings_lost
    }

    /// The stream key by which a broadcast is streamed to.
    #[must_use]
    pub fn stream_key(&self, broadcast: &str) -> Option<String> {
        let mut world = lock(&self.shared.world);
        let stream = world.broadcast(broadcast)?.stream.clone()?;
        world.streams.get(&stream).map(|stream| stream.key.clone())
    }

    /// Somebody makes a broadcast by hand, which is on air. Its id and its chat's.
    #[must_use]
    pub fn add_broadcast(&self, channel: &str, title: &str) -> BroadcastView {
        let mut world = lock(&self.shared.world);
        let now = Timestamp::now();
        let broadcast = world.create_broadcast(channel, |its| BroadcastView {
            title: title.into(),
            status: "live".into(),
            viewers: Some(1),
            started: Some(now),
            ..its
        });
        world.broadcasts_made -= 1;
        broadcast
    }

    /// An encoder streams to a broadcast: it goes on air, if it is made to. Whether it does.
    pub fn go_live(&self, broadcast: &str) -> bool {
        lock(&self.shared.world).go_live(broadcast)
    }

    /// Somebody ends a broadcast by hand.
    pub fn complete(&self, broadcast: &str) {
        lock(&self.shared.world).complete(broadcast);
    }

    /// So many watch; or it is not told.
    pub fn set_viewers(&self, broadcast: &str, viewers: Option<u64>) {
        if let Some(broadcast) = lock(&self.shared.world).broadcast(broadcast) {
            broadcast.viewers = viewers;
        }
    }

    /// The chat is switched off, or on.
    pub fn set_chat_disabled(&self, chat: &str, disabled: bool) {
        if let Some(chat) = lock(&self.shared.world).chats.get_mut(chat) {
            chat.disabled = disabled;
            chat.stir();
        }
    }

    /// Something is said or done in a chat. Its id.
    ///
    /// # Panics
    /// If there is no such chat, or it is over.
    pub fn say(&self, chat: &str, author: Author, said: Said) -> String {
        lock(&self.shared.world).say(chat, author, said, None).expect("a chat that is open")
    }

    /// The same, with the id of an earlier one: a gift that is sent once more.
    ///
    /// # Panics
    /// If there is no such chat, or it is over.
    pub fn say_again(&self, chat: &str, author: Author, said: Said, id: &str) {
        lock(&self.shared.world).say(chat, author, said, Some(id)).expect("a chat that is open");
    }

    /// What was said in a chat, as far as it is kept.
    #[must_use]
    pub fn messages(&self, chat: &str) -> Vec<MessageView> {
        let world = lock(&self.shared.world);
        world.chats.get(chat).map(world::Chat::messages).unwrap_or_default()
    }

    /// All bans that hold.
    #[must_use]
    pub fn bans(&self) -> Vec<BanView> {
        lock(&self.shared.world).bans.clone()
    }

    /// Something happens in the chats of a channel's broadcasts that often, as long as the fake lives: people chat, pay
    /// and become members. The same each time.
    pub fn enliven(&self, channel: &str, every: Duration) {
        let task = life::enliven(Arc::clone(&self.shared), channel.into(), every);
        lock(&self.tasks).spawn(task);
    }
}
