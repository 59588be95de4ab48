//! Twitch, as a platform.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::SecretString;
use stagedoor_budget::{BudgetConfig, BudgetReport};
use stagedoor_domain::{Metadata, Platform as Id};

use super::{
    Config, Inner, SCOPES, Twitch,
    account::{self, VALIDATE_EVERY, Validation},
    channel::{self, Categories},
    chat,
    eventsub::{EventSub, Sockets},
    helix::Helix,
    streams,
};
use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, BuildError, Capabilities, Category,
    ChatMessage, ChatSource, Connection, Error, Identity, Ingest, Moderated, ModerationAct, OAuth,
    OAuthConfig, Place, Platform, Replay, Reply, Resume, Sent, Standing, TimeoutUnit, Watched,
    http::{Http, PerAccount, Turns, Unlimited, base, below},
    oauth::AppToken,
    priority::RESERVED,
};

const CAPABILITIES: Capabilities = Capabilities {
    chat: ChatSource::Push,
    needs_broadcast: false,
    replay: Replay::None,
    send_chars: Some(chat::MAX_CHARS),
    reply: true,
    delete_message: true,
    ban: true,
    timeout: Some(TimeoutUnit::Seconds),
    title: true,
    description: false,
    category: true,
    tags: true,
    broadcasts: false,
    viewers_batch: Some(streams::A_CALL),
    validate_every: Some(VALIDATE_EVERY),
};

/// The points of a minute: one bucket for the application itself and one for each of its users, says
/// <https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits>; a call costs one point.
const BUCKET: BudgetConfig =
    BudgetConfig { limit: 800, window: Duration::from_mins(1), burst: 200, reserved: RESERVED };

impl Twitch {
    /// Twitch, at these addresses. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn new(config: Config, http: reqwest::Client) -> Result<Self, BuildError> {
        let (helix, oauth_url) = (base(&config.helix_url)?, base(&config.oauth_url)?);
        let mut eventsub_url = eventsub_url(&config.eventsub_url)?;
        let joint = if eventsub_url.contains('?') { '&' } else { '?' };
        let _ = write!(eventsub_url, "{joint}keepalive_timeout_seconds={}", config.keepalive_s);
        if !(config.ingest_url.starts_with("rtmp://") || config.ingest_url.starts_with("rtmps://"))
        {
            let problem = "is no rtmp:// or rtmps:// address";
            return Err(BuildError::Config { what: "the ingest URL", problem });
        }
        let dialect = Arc::new(Helix { client_id: config.client_id.as_str().into() });
        let oauth = OAuth::new(
            OAuthConfig {
                platform: Id::Twitch,
                client_id: config.client_id,
                client_secret: config.client_secret,
                authorize_url: below(&oauth_url, &["authorize"]),
                token_url: below(&oauth_url, &["token"]),
                revoke_url: Some(below(&oauth_url, &["revoke"])),
                revoke_in_query: false,
                long_lived_by: None,
                scopes: SCOPES,
                scope_separator: " ",
                pkce: false,
                authorize_extra: &[],
            },
            http.clone(),
        );
        let app = Arc::new(AppToken::new(oauth.clone()));
        let budgets = Arc::new(PerAccount::new(BUCKET, BUCKET));
        let turns = Arc::clone(&budgets) as Arc<dyn Turns>;
        let calls = Http::new(http.clone(), dialect, turns).with_app_token(app);
        Ok(Self(Arc::new(Inner {
            http: calls,
            budgets,
            validation: Http::new(http, Arc::new(Validation), Arc::new(Unlimited)),
            helix,
            validate: below(&oauth_url, &["validate"]),
            eventsub_url: eventsub_url.into(),
            ingest_url: config.ingest_url.into(),
            sockets: Sockets::new()?,
            oauth,
            categories: Mutex::default(),
        })))
    }
}

fn eventsub_url(url: &str) -> Result<String, BuildError> {
    let parsed = reqwest::Url::parse(url).ok();
    let parsed = parsed.filter(|url| matches!(url.scheme(), "ws" | "wss") && url.has_host());
    parsed.map(Into::into).ok_or_else(|| BuildError::Config {
        what: "the address of EventSub",
        problem: "is no ws:// or wss:// address",
    })
}

impl Inner {
    pub(super) fn categories(&self) -> MutexGuard<'_, Categories> {
        // Nothing panics while it is held.
        self.categories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform for Twitch {
    fn id(&self) -> Id {
        Id::Twitch
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn oauth(&self) -> &OAuth {
        &self.0.oauth
    }

    fn identify<'a>(&'a self, token: &'a SecretString) -> Reply<'a, Identity> {
        Box::pin(account::identify(&self.0, token))
    }

    fn validate<'a>(&'a self, account: &'a AccountAccess) -> Reply<'a, ()> {
        Box::pin(account::validate(&self.0, account))
    }

    fn connect(&self, account: &AccountAccess, resume: Resume) -> Box<dyn Connection> {
        Box::new(EventSub::new(Arc::clone(&self.0), account.clone(), &resume))
    }

    /// A channel is simply streamed to: there is no broadcast to make.
    fn start_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, (Broadcast, Ingest)> {
        Box::pin(async move {
            let inner = &*self.0;
            let stream_key = channel::stream_key(inner, account).await?;
            // A stream without its new title is better than none. Setting it later is told by itself.
            if let Err(error) = channel::update(inner, account, &plan.metadata).await {
                if matches!(error, Error::NeedsReauth { .. }) {
                    return Err(error);
                }
                tracing::warn!(%error, "the channel could not be given its title");
            }
            let login = channel::login(inner, account).await.ok();
            let broadcast = Broadcast {
                id: (&*account.external_id).into(),
                chat_id: None,
                stream_id: None,
                watch_url: login.map(|login| format!("https://www.twitch.tv/{login}").into()),
            };
            Ok((broadcast, Ingest { url: inner.ingest_url.clone(), stream_key }))
        })
    }

    /// It ends when nothing is streamed any more.
    fn end_broadcast<'a>(&'a self, _: &'a AccountAccess, _: &'a Broadcast) -> Reply<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn send_chat<'a>(&'a self, place: Place<'a>, message: &'a ChatMessage) -> Reply<'a, Sent> {
        Box::pin(chat::send(&self.0, place.account, message))
    }

    fn moderate<'a>(&'a self, place: Place<'a>, act: &'a ModerationAct) -> Reply<'a, Moderated> {
        Box::pin(chat::moderate(&self.0, place.account, act))
    }

    fn update_metadata<'a>(
        &'a self,
        place: Place<'a>,
        metadata: &'a Metadata,
    ) -> Reply<'a, Applied> {
        Box::pin(channel::update(&self.0, place.account, metadata))
    }

    fn search_categories<'a>(
        &'a self,
        account: &'a AccountAccess,
        name: &'a str,
    ) -> Reply<'a, Vec<Category>> {
        Box::pin(channel::search(&self.0, account, name))
    }

    fn standings<'a>(&'a self, of: &'a [Watched]) -> Reply<'a, Vec<Option<Standing>>> {
        Box::pin(streams::standings(&self.0, of))
    }

    fn budgets(&self) -> Vec<BudgetReport> {
        let app = self.0.budgets.report("twitch app");
        std::iter::once(app).chain(self.0.budgets.busiest("twitch account")).collect()
    }
}
