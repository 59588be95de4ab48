//! Kick, as all platforms are asked.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_budget::BudgetReport;
use stagedoor_domain::Metadata;

use super::{
    Kick,
    api::{MAX_CHANNELS, MAX_CHARS},
    connection::Polling,
    json::text,
    watch::Watch,
};
use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, Capabilities, Category, ChatMessage,
    ChatSource, Connection, Error, Identity, Ingest, Moderated, ModerationAct, OAuth, Place,
    Platform, Priority, Replay, Reply, Resume, Sent, Standing, TimeoutUnit, Watched,
    http::{Auth, below},
};

static CAPABILITIES: Capabilities = Capabilities {
    chat: ChatSource::Webhook,
    needs_broadcast: false,
    replay: Replay::Redelivered,
    send_chars: Some(MAX_CHARS),
    reply: true,
    delete_message: true,
    ban: true,
    timeout: Some(TimeoutUnit::Minutes),
    title: true,
    description: false,
    category: true,
    tags: true,
    broadcasts: false,
    viewers_batch: Some(MAX_CHANNELS),
    validate_every: None,
};

/// How long to wait from one look at how many watch to the next.
const STANDINGS_INTERVAL: Duration = Duration::from_secs(30);

impl Platform for Kick {
    fn id(&self) -> stagedoor_domain::Platform {
        stagedoor_domain::Platform::Kick
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    fn identify<'a>(&'a self, token: &'a SecretString) -> Reply<'a, Identity> {
        Box::pin(async move {
            let (external_id, name) = self.api.user(Auth::Token(token)).await?;
            let channels = self.api.channels([], Auth::Token(token), Priority::Metadata).await?;
            if !channels.iter().any(|channel| channel.id == external_id) {
                let reason = "the account has no channel".into();
                return Err(Error::Refused { code: "no_channel".into(), reason });
            }
            let told = self.api.introspect(&self.id_base, token).await.unwrap_or_default();
            let scopes = text(&told["scope"]).unwrap_or_default();
            let ends = told["exp"].as_i64().and_then(|at| Timestamp::from_second(at).ok());
            Ok(Identity {
                external_id,
                name,
                scopes: scopes.split_ascii_whitespace().map(Into::into).collect(),
                expires_at: ends,
                token: None,
            })
        })
    }

    fn validate<'a>(&'a self, account: &'a AccountAccess) -> Reply<'a, ()> {
        Box::pin(async move { self.api.user(account.into()).await.map(drop) })
    }

    fn connect(&self, account: &AccountAccess, resume: Resume) -> Box<dyn Connection> {
        let listener = self.titles.listen(&account.external_id);
        let watch = Watch::new(&account.external_id, listener, resume.cursor.as_deref());
        Box::new(Polling::new(self.api.clone(), account.clone(), self.pace, watch))
    }

    fn start_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, (Broadcast, Ingest)> {
        Box::pin(async move {
            let channel = self.api.channel(account, Priority::Send).await?;
            let slug = channel.slug.clone();
            let ingest = channel.into_ingest().ok_or_else(|| Error::Forbidden {
                reason: "Kick does not tell the stream key: the scope streamkey:read is needed"
                    .into(),
            })?;
            match self.api.update_metadata(account, &plan.metadata).await {
                Ok(_) => {}
                Err(error) if error.is_transient() || error.code() == "needs_reauth" => {
                    return Err(error);
                }
                // A title that is not taken is no reason not to stream.
                Err(error) => tracing::warn!(%error, "kick did not take what the stream is called"),
            }
            let broadcast = Broadcast {
                id: (*account.external_id).into(),
                chat_id: None,
                stream_id: None,
                watch_url: slug.map(|slug| below(&self.site, &[&slug]).as_str().into()),
            };
            Ok((broadcast, ingest))
        })
    }

    fn end_broadcast<'a>(&'a self, _: &'a AccountAccess, _: &'a Broadcast) -> Reply<'a, ()> {
        // It ends when nothing is sent to it any more.
        Box::pin(async { Ok(()) })
    }

    fn send_chat<'a>(&'a self, place: Place<'a>, message: &'a ChatMessage) -> Reply<'a, Sent> {
        Box::pin(self.api.send_chat(place.account, message))
    }

    fn moderate<'a>(&'a self, place: Place<'a>, act: &'a ModerationAct) -> Reply<'a, Moderated> {
        Box::pin(self.api.moderate(place.account, act))
    }

    fn update_metadata<'a>(
        &'a self,
        place: Place<'a>,
        metadata: &'a Metadata,
    ) -> Reply<'a, Applied> {
        Box::pin(self.api.update_metadata(place.account, metadata))
    }

    fn search_categories<'a>(
        &'a self,
        account: &'a AccountAccess,
        name: &'a str,
    ) -> Reply<'a, Vec<Category>> {
        Box::pin(self.api.search_categories(account, name))
    }

    fn standings<'a>(&'a self, of: &'a [Watched]) -> Reply<'a, Vec<Option<Standing>>> {
        Box::pin(async move {
            let mut standings = Vec::with_capacity(of.len());
            for some in of.chunks(MAX_CHANNELS) {
                let ids = some.iter().map(|watched| &*watched.account.external_id);
                let channels = self.api.channels(ids, Auth::App, Priority::Viewers).await?;
                let told = channels.into_iter().map(|channel| {
                    let id = channel.id.clone();
                    (id, channel.standing())
                });
                let told: HashMap<_, _> = told.collect();
                let standing = |watched: &Watched| told.get(&*watched.account.external_id).cloned();
                standings.extend(some.iter().map(standing));
            }
            Ok(standings)
        })
    }

    fn standings_interval(&self) -> Duration {
        STANDINGS_INTERVAL
    }

    fn budgets(&self) -> Vec<BudgetReport> {
        vec![self.budget.report("kick")]
    }
}
