//! Kick: the public API and signed webhooks (<https://docs.kick.com>).
//!
//! ```text
//! Kick ── signed deliveries, late, twice, in any order ──▶ gateway ── Kick::read_webhook ──▶ Webhook { whose, reports }
//!      ◀─ connect: is everything subscribed? ──────────── Polling ──▶ Link, and what no delivery has told
//!      ◀─ chat, bans, titles, stream key ──────────────── Api
//! ```
//!
//! Events come by the app's one webhook, so a connection has no socket. It makes sure that Kick delivers, and looks at
//! the channel now and then, because deliveries are lost and hours late at times. Whatever comes by both ways has the
//! same key.

mod api;
mod channel;
mod config;
mod connection;
mod emotes;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod json;
mod keys;
mod on_air;
mod platform;
mod reports;
mod signature;
mod subscriptions;
mod titles;
mod watch;
mod webhook;

use std::{fmt, sync::Arc};

use http::HeaderMap;
use reqwest::Url;
use stagedoor_budget::Budget;
use stagedoor_domain::EventKind;

pub use config::Config;
pub use signature::{NotAKey, PublicKey};
pub use webhook::{Webhook, WebhookError, parse};

use crate::{
    BuildError, OAuth, Priority,
    http::{Dialect, Http, base},
    oauth::AppToken,
};
use api::Api;
use config::Pace;
use keys::PublicKeys;
use titles::Titles;

/// Kick.
pub struct Kick {
    api: Api,
    oauth: OAuth,
    budget: Budget<Priority>,
    keys: PublicKeys,
    titles: Arc<Titles>,
    id_base: Url,
    site: Url,
    pace: Pace,
}

/// Kick's HTTP is as is usual.
#[derive(Debug)]
struct KickDialect;

impl Dialect for KickDialect {}

impl Kick {
    /// Kick, by this configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// An address or the public key is none.
    #[expect(clippy::needless_pass_by_value, reason = "all platforms are made so")]
    pub fn new(config: Config, client: reqwest::Client) -> Result<Self, BuildError> {
        let oauth = OAuth::new(config.oauth()?, client.clone());
        let initial = config.public_key.as_deref().map(PublicKey::from_pem).transpose();
        let initial = initial.map_err(|_| BuildError::Config {
            what: "the public key of kick",
            problem: "is no RSA key in PEM",
        })?;
        let budget = Budget::new(config.budget());
        let http = Http::new(client, Arc::new(KickDialect), Arc::new(budget.clone()));
        let http = http.with_app_token(Arc::new(AppToken::new(oauth.clone())));
        let api = Api { http, base: base(&config.api_url)? };
        Ok(Self {
            keys: PublicKeys::new(api.clone(), initial, config.public_key_interval),
            api,
            oauth,
            budget,
            titles: Arc::default(),
            id_base: base(&config.id_url)?,
            site: base(&config.site_url)?,
            pace: config.pace(),
        })
    }

    /// Reads a delivery, if it is Kick's. The public key is fetched when it is needed, and again, now and then, when a
    /// signature does not fit: it may be the first by another key.
    ///
    /// # Errors
    /// See [`WebhookError`]: all but `NoKey` will be the same when it is delivered again.
    pub async fn read_webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Webhook, WebhookError> {
        Webhook::check_headers(headers)?;
        let key = self.keys.current().await.map_err(WebhookError::NoKey)?;
        let webhook = match Webhook::read(headers, body, &key) {
            Err(WebhookError::Forged) => match self.keys.other_than(&key).await {
                Some(key) => Webhook::read(headers, body, &key)?,
                None => return Err(WebhookError::Forged),
            },
            other => other?,
        };
        self.remember(&webhook);
        Ok(webhook)
    }

    /// What is told here need not be found by looking.
    fn remember(&self, webhook: &Webhook) {
        let updates = webhook.reports.iter();
        let updates = updates.filter(|report| report.kind == EventKind::StreamUpdated);
        for facts in updates.filter_map(|report| report.stream.as_ref()) {
            self.titles.tell(&webhook.broadcaster_id, &facts.into());
        }
    }
}

impl fmt::Debug for Kick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kick").field("api", &self.api.base.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
