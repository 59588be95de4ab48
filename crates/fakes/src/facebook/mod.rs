//! Facebook: pages, their live videos, and the comments under them, as the Graph API has them.
//!
//! ```text
//! client ──▶ faults ─▶ usage headers ─▶ token and its proof ─▶ API ─▶ World ◀── comments, streams ◀── test, `enliven`
//! ```
//!
//! What it does is what Meta documents: <https://developers.facebook.com/docs/graph-api/reference/live-video>,
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>. Where a page's stream comes from it does not
//! see: data arrives when it is told so, or by itself a while after a live video is made.

mod api;
mod call;
mod comments;
mod lively;
mod request;
mod scripted;
mod wire;
mod world;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet};

pub use call::Call;
pub use world::{CommentView, LiveVideoView, Stage};

use crate::{Effect, OAuthStyle, Provider, ProviderConfig, Tokens, faults::Faults, lock, serve};
use scripted::Script;
use world::World;

/// How long tokens hold, if nothing is said: long-lived ones hold for about 60 days.
const TOKENS_HOLD: Duration = Duration::from_hours(60 * 24);

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// The app that it knows.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Whether calls must prove that they come from the app.
    pub needs_proof: bool,
    /// From where what it makes is numbered: who follows on another one that was believed must not number alike.
    pub first_number: u64,
    /// How long every answer takes.
    pub latency: Duration,
    /// How long after a live video is made its stream arrives by itself.
    pub stream_arrives_after: Option<Duration>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            client_id: "1420358918301455".into(),
            client_secret: "fake-app-secret".into(),
            needs_proof: true,
            first_number: 0,
            latency: Duration::ZERO,
            stream_arrives_after: None,
        }
    }
}

/// A Facebook. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FakeFacebook {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: FakeConfig,
    provider: Arc<Provider>,
    world: Mutex<World>,
    faults: Faults<Call>,
    script: Mutex<Script>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.script)
    }
}

impl FakeFacebook {
    /// Starts one.
    ///
    /// # Errors
    /// When its address cannot be listened at.
    pub async fn start(config: FakeConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        let address = listener.local_addr()?;
        let (id, secret) = (config.client_id.clone(), config.client_secret.clone());
        let mut oauth = ProviderConfig::new(OAuthStyle::Facebook, id, secret);
        oauth.access_lifetime = TOKENS_HOLD;
        let shared = Arc::new(Shared {
            world: Mutex::new(World::numbered_from(config.first_number)),
            config,
            provider: Arc::new(Provider::new(oauth)),
            faults: Faults::default(),
            script: Mutex::default(),
        });
        let router = shared.provider.routes().merge(api::routes(Arc::clone(&shared)));
        let server = serve::run(listener, router, Arc::clone(&shared));
        let tasks = Mutex::new(JoinSet::from_iter([server]));
        Ok(Self { shared, address, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the Graph API, with its version.
    #[must_use]
    pub fn graph_url(&self) -> String {
        format!("http://{}/v25.0", self.address)
    }

    /// Where users agree.
    #[must_use]
    pub fn dialog_url(&self) -> String {
        format!("{}/dialog/oauth", self.graph_url())
    }

    /// How it was told to behave.
    #[must_use]
    pub fn config(&self) -> &FakeConfig {
        &self.shared.config
    }

    /// Its OAuth: who agrees, which tokens end.
    #[must_use]
    pub fn oauth(&self) -> &Provider {
        &self.shared.provider
    }

    /// There is a page with this id, and a user who manages it and no other.
    pub fn add_channel(&self, page: &str, name: &str) {
        self.add_page_of(&format!("5{page}"), page, name);
    }

    /// There is a page with this id that this user manages.
    pub fn add_page_of(&self, user: &str, page: &str, name: &str) {
        self.shared.provider.add_account(user);
        let mut world = self.shared.world();
        let known = world.pages.entry(page.into()).or_default();
        (known.name, known.owner) = (name.into(), user.into());
    }

    /// A token of a page, without the dialog.
    #[must_use]
    pub fn grant(&self, page: &str) -> Tokens {
        self.shared.provider.grant(page)
    }

    /// All tokens of a page are dead from now on: its owner has changed the password, or thrown the app out.
    pub fn kill_tokens(&self, page: &str) {
        self.shared.provider.revoke(page);
    }

    /// The next `times` calls of this kind go wrong in this way. A refusal's code is Facebook's, with its subcode behind
    /// a slash: `190/463`.
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

    /// Data arrives for a live video. Whether there is such a one that waits for it.
    pub fn stream_arrives(&self, live_video: &str) -> bool {
        self.shared.world().stream_arrives(live_video)
    }

    /// A live video ends, as it does when somebody ends it by hand.
    pub fn end_by_hand(&self, live_video: &str) -> bool {
        self.shared.world().end(live_video) == Some(true)
    }

    /// Somebody deletes a live video by hand. Whether it was there.
    pub fn delete_by_hand(&self, live_video: &str) -> bool {
        self.shared.world().delete_video(live_video)
    }

    /// A page makes a live video by hand. Its id.
    #[must_use]
    pub fn create_by_hand(&self, page: &str, title: &str) -> Box<str> {
        let mut world = self.shared.world();
        let id = world.create_video(page, Some(title), None, true).view.id.clone();
        world.created -= 1;
        id
    }

    /// Somebody (id and name) writes under a live video, now. The comment's id; none where they may not.
    pub fn comment(&self, live_video: &str, author: (&str, &str), text: &str) -> Option<Box<str>> {
        self.comment_at(live_video, author, text, Timestamp::now())
    }

    /// The same, but it was written at another time and only now turns up.
    pub fn comment_at(
        &self,
        live_video: &str,
        author: (&str, &str),
        text: &str,
        written: Timestamp,
    ) -> Option<Box<str>> {
        self.shared.world().comment(live_video, author, text, written, None)
    }

    /// So many watch a live video.
    pub fn set_viewers(&self, live_video: &str, viewers: u32) {
        if let Some(video) = self.shared.world().videos.get_mut(live_video) {
            video.view.viewers = viewers;
        }
    }

    /// Somebody expresses something: `like`, `love`, …
    pub fn react(&self, live_video: &str, reaction: &'static str) {
        if let Some(video) = self.shared.world().videos.get_mut(live_video) {
            *video.reactions.entry(reaction).or_default() += 1;
        }
    }

    /// All live videos, the oldest first.
    #[must_use]
    pub fn broadcasts(&self) -> Vec<LiveVideoView> {
        self.shared.world().videos.values().map(|video| video.view.clone()).collect()
    }

    /// The newest live video of a page.
    #[must_use]
    pub fn broadcast_of(&self, page: &str) -> Option<LiveVideoView> {
        self.shared.world().newest_of(page).map(|video| video.view.clone())
    }

    /// How many live videos were ever made by the API.
    #[must_use]
    pub fn broadcasts_created(&self) -> usize {
        self.shared.world().created
    }

    /// How many that had been on air were deleted: what was recorded is lost.
    #[must_use]
    pub fn recordings_deleted(&self) -> usize {
        self.shared.world().recordings_deleted
    }

    /// The comments under a live video, in their order.
    #[must_use]
    pub fn messages(&self, live_video: &str) -> Vec<CommentView> {
        let world = self.shared.world();
        let video = world.videos.get(live_video);
        video.map(|video| video.comments.values().cloned().collect()).unwrap_or_default()
    }

    /// Whom a page has blocked.
    #[must_use]
    pub fn bans(&self, page: &str) -> Vec<Box<str>> {
        let world = self.shared.world();
        world.pages.get(page).map(|page| page.blocked.iter().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
