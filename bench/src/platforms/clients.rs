//! The real clients, pointed at the platforms that are played.

use std::sync::Arc;

use anyhow::Result;
use stagedoor_fakes as fakes;
use stagedoor_platforms::{
    Platform,
    facebook::{self, Facebook},
    http_client,
    kick::{self, Kick},
    twitch::{self, Twitch},
    youtube::{self, YouTube},
};
use stagedoor_store::Store;
use stagedoor_stream::{Platforms, StoreJournal};

use super::elsewhere::Elsewhere;

/// More than is ever asked for: what is measured is not how long a budget makes calls wait while all come at once.
const PLENTY_A_MINUTE: u32 = 1_000_000;
const PLENTY_A_DAY: u64 = 1 << 40;

/// All of them, and Kick once more for its webhooks.
pub(crate) struct Clients {
    pub(crate) platforms: Platforms,
    pub(super) kick: Arc<Kick>,
}

impl Clients {
    /// Of the platforms elsewhere.
    pub(super) fn reaching(elsewhere: &Elsewhere, store: &Store) -> Result<Self> {
        Self::new(store, |pointer| elsewhere.address(pointer))
    }

    /// Of platforms that nobody will ever reach.
    pub(crate) fn unused(store: &Store) -> Result<Self> {
        Self::new(store, |pointer| {
            let scheme = if pointer == "/twitch/eventsub" { "ws" } else { "http" };
            Ok(format!("{scheme}://127.0.0.1:9"))
        })
    }

    fn new(store: &Store, address: impl Fn(&str) -> Result<String>) -> Result<Self> {
        let http = http_client()?;
        let app = fakes::twitch::FakeConfig::default();
        let twitch = twitch::Config {
            helix_url: address("/twitch/helix")?,
            oauth_url: address("/twitch/oauth")?,
            eventsub_url: address("/twitch/eventsub")?,
            ..twitch::Config::new(app.client_id, app.client_secret.into())
        };
        let app = fakes::youtube::FakeConfig::default();
        let base = address("/youtube/base")?;
        let youtube = youtube::Config {
            authorize_url: format!("{base}/o/oauth2/v2/auth"),
            token_url: format!("{base}/token"),
            revoke_url: format!("{base}/revoke"),
            base_url: base,
            stream_url: address("/youtube/stream")?,
            quota: PLENTY_A_DAY,
            journal: Arc::new(StoreJournal::new(store.clone())),
            ..youtube::Config::new(app.client_id, app.client_secret.into())
        };
        let app = fakes::kick::FakeConfig::default();
        let kick = kick::Config {
            api_url: address("/kick/api")?,
            id_url: address("/kick/id")?,
            calls_per_minute: PLENTY_A_MINUTE,
            ..kick::Config::new(app.client_id, app.client_secret)
        };
        let app = fakes::facebook::FakeConfig::default();
        let facebook = facebook::Config {
            graph_url: address("/facebook/graph")?,
            dialog_url: address("/facebook/dialog")?,
            calls_per_minute: PLENTY_A_MINUTE,
            ..facebook::Config::new(app.client_id, app.client_secret.into())
        };
        let kick = Arc::new(Kick::new(kick, http.clone())?);
        let all: [Arc<dyn Platform>; 4] = [
            Arc::new(Twitch::new(twitch, http.clone())?),
            Arc::new(YouTube::new(youtube, http.clone())?),
            Arc::clone(&kick) as _,
            Arc::new(Facebook::new(facebook, http)?),
        ];
        Ok(Self { platforms: Platforms::new(all), kick })
    }
}
