//! YouTube: the Data API, `StreamList` by gRPC, and the quota that all users share.
//!
//! ```text
//! Platform ──▶ Api ──────────── QuotaLedger ──▶ REST: broadcasts, chat, bans, viewers
//!          ──▶ LiveChat ──────── QuotaLedger ──▶ gRPC: StreamList, by connections that all chats share
//!                                  └─▶ QuotaJournal: the store
//! ```
//!
//! What is asked for here costs units of a quota that Google gives the whole project for a day: see [`QuotaLedger`].

mod api;
mod broadcasts;
mod config;
mod failure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod live;
mod message;
mod quota;
mod speech;
mod standings;

#[expect(
    clippy::enum_variant_names,
    clippy::struct_field_names,
    unreachable_pub,
    reason = "generated"
)]
mod proto {
    tonic::include_proto!("youtube.api.v3");
}

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;
use stagedoor_budget::BudgetReport;
use stagedoor_domain::Metadata;

pub use config::Config;
pub use quota::{JournalError, NoJournal, QuotaJournal, QuotaLedger};

use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, BuildError, Capabilities, ChatMessage,
    ChatSource, Connection, Error, Identity, Ingest, Moderated, ModerationAct, OAuth, OAuthConfig,
    Place, Platform, Priority, Replay, Reply, Resume, Sent, Standing, TimeoutUnit, Watched,
    http::{Auth, Http, base},
};
use api::{Api, List};
use failure::Google;
use live::{LiveChat, Pool};

/// Reads and writes chats and broadcasts, over TLS only:
/// <https://developers.google.com/youtube/v3/live/authentication>.
const SCOPES: &[&str] = &["https://www.googleapis.com/auth/youtube.force-ssl"];

/// Google gives a refresh token only when it is asked for, and again only when the user is asked again:
/// <https://developers.google.com/identity/protocols/oauth2/web-server>.
const AUTHORIZE_EXTRA: &[(&str, &str)] = &[("access_type", "offline"), ("prompt", "consent")];

static CAPABILITIES: Capabilities = Capabilities {
    chat: ChatSource::Push,
    needs_broadcast: true,
    replay: Replay::Full,
    send_chars: Some(speech::MAX_MESSAGE),
    reply: false,
    delete_message: true,
    ban: true,
    timeout: Some(TimeoutUnit::Seconds),
    title: true,
    description: true,
    category: false,
    tags: false,
    broadcasts: true,
    viewers_batch: Some(standings::BATCH),
    validate_every: None,
};

/// YouTube, for all users of a project. A clone is the same one.
#[derive(Clone, Debug)]
pub struct YouTube(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    api: Api,
    pool: Pool,
    ledger: QuotaLedger,
    oauth: OAuth,
}

impl YouTube {
    /// YouTube at these addresses. Nothing is sent yet.
    ///
    /// # Errors
    /// An address is not one, or the privacy is none of YouTube's.
    pub fn new(config: Config, http: reqwest::Client) -> Result<Self, BuildError> {
        let ledger = QuotaLedger::new(config.quota, Arc::clone(&config.journal));
        Self::with_ledger(config, http, ledger)
    }

    fn with_ledger(
        config: Config,
        http: reqwest::Client,
        ledger: QuotaLedger,
    ) -> Result<Self, BuildError> {
        if !["public", "unlisted", "private"].contains(&&*config.privacy) {
            let problem = "is none of public, unlisted and private";
            return Err(BuildError::Config { what: "the privacy of broadcasts", problem });
        }
        let dialect = Arc::new(Google { ledger: ledger.clone() });
        let calls = Http::new(http.clone(), dialect, Arc::new(ledger.clone()));
        let oauth = OAuthConfig {
            platform: stagedoor_domain::Platform::YouTube,
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            authorize_url: base(&config.authorize_url)?,
            token_url: base(&config.token_url)?,
            revoke_url: Some(base(&config.revoke_url)?),
            revoke_in_query: false,
            scopes: SCOPES,
            scope_separator: " ",
            pkce: true,
            authorize_extra: AUTHORIZE_EXTRA,
            long_lived_by: None,
        };
        Ok(Self(Arc::new(Inner {
            api: Api::new(calls, &base(&config.base_url)?),
            pool: Pool::new(&config.stream_url)?,
            oauth: OAuth::new(oauth, http),
            ledger,
            config,
        })))
    }

    /// The quota of the project.
    #[must_use]
    pub fn ledger(&self) -> &QuotaLedger {
        &self.0.ledger
    }
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    #[serde(default)]
    snippet: ChannelSnippet,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChannelSnippet {
    title: String,
}

impl Inner {
    async fn channel(&self, auth: Auth<'_>) -> Result<Channel, Error> {
        let call = self.api.list(&["channels"], "id,snippet", auth, Priority::Metadata);
        let list: List<Channel> = self.api.ask(call.query("mine", "true")).await?;
        let reason = || "this Google account has no YouTube channel".into();
        list.items.into_iter().next().ok_or_else(|| Error::Forbidden { reason: reason() })
    }
}

/// The chat of the broadcast under way.
fn chat_of(place: Place<'_>) -> Option<&str> {
    place.broadcast.and_then(|broadcast| broadcast.chat_id.as_deref())
}

impl Platform for YouTube {
    fn id(&self) -> stagedoor_domain::Platform {
        stagedoor_domain::Platform::YouTube
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn oauth(&self) -> &OAuth {
        &self.0.oauth
    }

    fn identify<'a>(&'a self, token: &'a SecretString) -> Reply<'a, Identity> {
        Box::pin(async move {
            let channel = self.0.channel(Auth::Token(token)).await?;
            Ok(Identity {
                external_id: channel.id.into(),
                name: channel.snippet.title.into(),
                scopes: Vec::new(),
                expires_at: None,
                token: None,
            })
        })
    }

    fn validate<'a>(&'a self, account: &'a AccountAccess) -> Reply<'a, ()> {
        Box::pin(async move { self.0.channel(Auth::Account(account)).await.map(drop) })
    }

    fn connect(&self, account: &AccountAccess, resume: Resume) -> Box<dyn Connection> {
        Box::new(LiveChat::new(Arc::clone(&self.0), account, resume))
    }

    fn start_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, (Broadcast, Ingest)> {
        Box::pin(self.0.api.start_broadcast(account, plan, &self.0.config.privacy))
    }

    fn find_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, Option<Broadcast>> {
        Box::pin(self.0.api.find_broadcast(account, plan))
    }

    fn end_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        broadcast: &'a Broadcast,
    ) -> Reply<'a, ()> {
        Box::pin(self.0.api.end_broadcast(account, &broadcast.id))
    }

    fn send_chat<'a>(&'a self, place: Place<'a>, message: &'a ChatMessage) -> Reply<'a, Sent> {
        Box::pin(async move {
            let chat = chat_of(place).ok_or(Error::NoBroadcast)?;
            self.0.api.send_chat(place.account, chat, message).await
        })
    }

    fn moderate<'a>(&'a self, place: Place<'a>, act: &'a ModerationAct) -> Reply<'a, Moderated> {
        Box::pin(self.0.api.moderate(place.account, chat_of(place), act))
    }

    fn update_metadata<'a>(
        &'a self,
        place: Place<'a>,
        metadata: &'a Metadata,
    ) -> Reply<'a, Applied> {
        Box::pin(async move {
            let broadcast = place.broadcast.ok_or(Error::NoBroadcast)?;
            self.0.api.update_broadcast(place.account, &broadcast.id, metadata).await
        })
    }

    fn standings<'a>(&'a self, of: &'a [Watched]) -> Reply<'a, Vec<Option<Standing>>> {
        Box::pin(self.0.api.standings(of))
    }

    fn standings_interval(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn budgets(&self) -> Vec<BudgetReport> {
        vec![self.0.ledger.report()]
    }
}
