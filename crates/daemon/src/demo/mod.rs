//! `stagedoord --demo`: everything can be tried without an account anywhere.
//!
//! ```text
//! Demo ── a Cloudflare of its own, on loopback ──▶ its encoders connect by themselves, its webhooks come here
//!      ── a Twitch, a YouTube, a Kick, a Facebook ──▶ people chat, follow, subscribe and give
//!      ── two users: ada, who is you, and bob, who is always there
//! ```
//!
//! The daemon is the real one: only what it talks to is not.

mod furniture;
mod platforms;

use std::{net::SocketAddr, time::Duration};

use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_fakes::cloudflare::{FakeCloudflare, FakeConfig, WebhookTarget};
use stagedoor_presence::SessionGuard;
use thiserror::Error;

use self::platforms::Fakes;
use crate::{Daemon, StartError, config::Config};

/// The database of the demo, whatever is configured: it must not find, nor touch, what is real.
const DATABASE: &str = "sqlite:demo.db";
/// What the demo's webhooks say. Both ends are in this process, on loopback.
const WEBHOOK_SECRET: &str = "the demo's own webhooks";
/// How long after its live input was made an encoder connects.
const ENCODER_DELAY: Duration = Duration::from_secs(3);

/// The one who is always there.
const RESIDENT: &str = "bob";

/// Why the demo does not start.
#[derive(Debug, Error)]
pub(crate) enum DemoError {
    #[error(
        "the demo's Cloudflare cannot listen on {address}; give another address by --demo-listen"
    )]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the demo's platforms cannot listen")]
    Platforms(#[source] std::io::Error),
    #[error("the demo's users could not be set up")]
    Store(#[from] stagedoor_store::StoreError),
    #[error("the demo's database could not be opened")]
    Open(#[from] StartError),
    #[error("the demo's resident user could not come in")]
    Track(#[from] stagedoor_presence::TrackError),
}

/// What the demo adds to the daemon.
pub(crate) struct Demo {
    cloudflare: FakeCloudflare,
    platforms: Fakes,
    resident: Option<SessionGuard>,
}

impl Demo {
    /// Starts what stands in for Cloudflare and the platforms, points the configuration at it, and furnishes the database.
    pub(crate) async fn prepare(
        address: SocketAddr,
        config: &mut Config,
    ) -> Result<Self, DemoError> {
        let fake = FakeConfig {
            address,
            encoder_connects_after: Some(ENCODER_DELAY),
            ..FakeConfig::default()
        };
        let cloudflare = FakeCloudflare::start(fake)
            .await
            .map_err(|source| DemoError::Listen { address, source })?;
        let told = &mut config.cloudflare;
        told.account_id = Some(cloudflare.config().account_id.clone());
        told.api_token = Some(cloudflare.config().token.clone().into());
        told.api_token_file = None;
        told.base_url = cloudflare.base_url();
        told.lifecycle_url = Some(cloudflare.lifecycle_base_url());
        told.webhook_secret = Some(WEBHOOK_SECRET.into());
        told.webhook_secret_file = None;
        let platforms = Fakes::start().await.map_err(DemoError::Platforms)?;
        platforms.configure(config);
        config.store.url = Some(DATABASE.into());
        config.demo = true;
        furniture::move_in(config, &platforms).await?;
        Ok(Self { cloudflare, platforms, resident: None })
    }

    /// Lets it begin.
    pub(crate) fn open(&mut self, daemon: &Daemon) -> Result<(), DemoError> {
        let public = daemon.addresses().public;
        self.cloudflare.set_webhook(Some(WebhookTarget {
            url: format!("http://{public}/webhooks/cloudflare"),
            secret: WEBHOOK_SECRET.into(),
        }));
        self.platforms.open(public);
        let resident = UserId::new(RESIDENT).expect("a short word is an id");
        let session = SessionId::new("demo").expect("a short word is an id");
        let page = Page::new("home").expect("a short word is a page");
        self.resident = Some(daemon.tracker().track(&resident, session, page)?);
        tracing::warn!(
            cloudflare = %self.cloudflare.base_url(),
            "DEMO: nothing here reaches a platform; users ada and bob have made-up channels, and their encoders connect by themselves"
        );
        Ok(())
    }
}
