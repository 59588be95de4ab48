//! Facebook: the Graph API, by polling.
//!
//! ```text
//! Facebook ─┬─ broadcast  live videos: made, changed, ended          POST /{page}/live_videos, /{live video}
//!           ├─ connection comments, status, reactions, by turns      GET /{live video}/comments, /{live video}
//!           ├─ chat       comments of our own, deletions, blocks     POST /{video}/comments, DELETE /{comment}
//!           ├─ standings  viewers of 50 pages in one call            POST / (batch)
//!           └─ pages      whose a token is                           GET /me/accounts
//!                 │
//!                 └── graph: tokens with their proof, limits, errors
//! ```
//!
//! Accounts are pages. Facebook pushes nothing that could be relied on: its server-sent events for live comments were
//! given up at the end of 2023, so comments are asked for. There are no events of followers, subscriptions or raids.

mod broadcast;
mod chat;
mod comment;
mod connection;
mod fault;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod graph;
mod mentions;
mod pace;
mod pages;
mod poll;
mod standings;
mod usage;
mod video;
mod wire;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use stagedoor_budget::{Budget, BudgetConfig, BudgetReport};
use stagedoor_domain::Metadata;

pub use comment::parse;
pub use poll::Polling;

use connection::Polled;
use graph::Graph;

use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, BuildError, Capabilities, ChatMessage,
    ChatSource, Connection, Error, Identity, Ingest, Moderated, ModerationAct, OAuth, OAuthConfig,
    Place, Platform, Replay, Reply, Resume, Sent, Standing, Watched,
    http::{base, below},
    priority::RESERVED,
};

/// The longest comment, in characters.
const SEND_CHARS: usize = 8_000;

/// Questions in a batch: the most that Facebook takes.
const VIEWERS_BATCH: usize = 50;

/// What Facebook can do.
pub const CAPABILITIES: Capabilities = Capabilities {
    chat: ChatSource::Poll,
    needs_broadcast: true,
    replay: Replay::Full,
    send_chars: Some(SEND_CHARS),
    reply: true,
    delete_message: true,
    ban: true,
    timeout: None,
    title: true,
    description: true,
    category: false,
    tags: false,
    broadcasts: true,
    viewers_batch: Some(VIEWERS_BATCH),
    validate_every: None,
};

/// What is asked for, by Facebook's names: which pages there are; what they write and who has to do with them; to write
/// comments, delete others' and block people; to publish live videos.
const SCOPES: &[&str] = &[
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_manage_posts",
    "publish_video",
];

/// How Facebook is reached.
#[derive(Clone, Debug)]
pub struct Config {
    /// The app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: SecretString,
    /// Where the Graph API is, with its version.
    pub graph_url: String,
    /// Where users agree.
    pub dialog_url: String,
    /// What becomes of a live video when its stream arrives.
    pub go_live: GoLive,
    /// How often is asked.
    pub polling: Polling,
    /// From one look at the viewers to the next.
    pub viewers_interval: Duration,
    /// Calls of all users in a minute, at most. Facebook counts page by page and tells no number: this is for a fault of
    /// ours, and for who is to wait when Facebook has had enough of the whole app.
    pub calls_per_minute: u32,
}

impl Config {
    /// Facebook's own addresses and what holds for most.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            graph_url: "https://graph.facebook.com/v25.0".into(),
            dialog_url: "https://www.facebook.com/v25.0/dialog/oauth".into(),
            go_live: GoLive::AtOnce,
            polling: Polling::default(),
            viewers_interval: Duration::from_secs(30),
            calls_per_minute: 120_000,
        }
    }
}

/// What becomes of a live video when its stream arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GoLive {
    /// It is published: `LIVE_NOW`.
    #[default]
    AtOnce,
    /// Only the page's people see it until they publish it by hand: `UNPUBLISHED`.
    ByHand,
}

impl GoLive {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "LIVE_NOW",
            Self::ByHand => "UNPUBLISHED",
        }
    }
}

/// Facebook, for all users.
#[derive(Debug)]
pub struct Facebook {
    inner: Arc<Inner>,
    oauth: OAuth,
    go_live: GoLive,
    viewers_interval: Duration,
}

/// What connections share.
#[derive(Debug)]
struct Inner {
    graph: Graph,
    polling: Polling,
}

impl Facebook {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn new(config: Config, http: reqwest::Client) -> Result<Self, BuildError> {
        let graph_url = base(&config.graph_url)?;
        let token_url = below(&graph_url, &["oauth", "access_token"]);
        let budget = Budget::new(BudgetConfig {
            limit: config.calls_per_minute,
            window: Duration::from_mins(1),
            burst: config.calls_per_minute.div_ceil(20),
            reserved: RESERVED,
        });
        let graph = Graph::new(http.clone(), graph_url, &config.client_secret, budget);
        let oauth = OAuthConfig {
            platform: stagedoor_domain::Platform::Facebook,
            client_id: config.client_id,
            client_secret: config.client_secret,
            authorize_url: base(&config.dialog_url)?,
            token_url,
            revoke_url: None,
            revoke_in_query: false,
            scopes: SCOPES,
            scope_separator: ",",
            pkce: false,
            // Who has said no to a permission is asked for it again, and may choose other pages.
            authorize_extra: &[("auth_type", "rerequest")],
            long_lived_by: Some("fb_exchange_token"),
        };
        Ok(Self {
            inner: Arc::new(Inner { graph, polling: config.polling }),
            oauth: OAuth::new(oauth, http),
            go_live: config.go_live,
            viewers_interval: config.viewers_interval,
        })
    }

    fn graph(&self) -> &Graph {
        &self.inner.graph
    }
}

impl Platform for Facebook {
    fn id(&self) -> stagedoor_domain::Platform {
        stagedoor_domain::Platform::Facebook
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    fn identify<'a>(&'a self, token: &'a SecretString) -> Reply<'a, Identity> {
        Box::pin(pages::identify(self.graph(), token))
    }

    fn validate<'a>(&'a self, account: &'a AccountAccess) -> Reply<'a, ()> {
        Box::pin(pages::validate(self.graph(), account))
    }

    fn connect(&self, account: &AccountAccess, resume: Resume) -> Box<dyn Connection> {
        Box::new(Polled::new(Arc::clone(&self.inner), account.clone(), resume))
    }

    fn start_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, (Broadcast, Ingest)> {
        Box::pin(broadcast::start(self.graph(), account, plan, self.go_live))
    }

    fn find_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, Option<Broadcast>> {
        Box::pin(async move {
            let found = broadcast::look_for(self.graph(), account, plan).await?;
            Ok(found.map(|video| video.broadcast()))
        })
    }

    fn end_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        broadcast: &'a Broadcast,
    ) -> Reply<'a, ()> {
        Box::pin(broadcast::end(self.graph(), account, broadcast))
    }

    fn send_chat<'a>(&'a self, place: Place<'a>, message: &'a ChatMessage) -> Reply<'a, Sent> {
        Box::pin(chat::send(self.graph(), place, message))
    }

    fn moderate<'a>(&'a self, place: Place<'a>, act: &'a ModerationAct) -> Reply<'a, Moderated> {
        Box::pin(chat::moderate(self.graph(), place, act))
    }

    fn update_metadata<'a>(
        &'a self,
        place: Place<'a>,
        metadata: &'a Metadata,
    ) -> Reply<'a, Applied> {
        Box::pin(async move {
            let broadcast = place.broadcast.ok_or(Error::NoBroadcast)?;
            broadcast::update(self.graph(), place.account, broadcast, metadata).await
        })
    }

    fn standings<'a>(&'a self, of: &'a [Watched]) -> Reply<'a, Vec<Option<Standing>>> {
        Box::pin(standings::standings(self.graph(), of))
    }

    fn standings_interval(&self) -> Duration {
        self.viewers_interval
    }

    fn budgets(&self) -> Vec<BudgetReport> {
        self.graph().budgets()
    }
}

#[cfg(test)]
mod tests;
