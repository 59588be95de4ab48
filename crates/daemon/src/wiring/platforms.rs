//! The platforms: a client for each that is configured, and who asks them for all users how many watch.

use std::sync::Arc;

use reqwest::Client;
use stagedoor_platforms::{
    Platform,
    facebook::{self, Facebook},
    http_client,
    kick::{self, Kick},
    twitch::{self, Twitch},
    youtube::{self, YouTube},
};
use stagedoor_store::Store;
use stagedoor_stream::{Platforms, Services, StoreJournal};
use stagedoor_supervision::{Address, ChildSpec, Worker};

use crate::{
    config::{Config, GoLive},
    credentials,
    daemon::StartError,
    server::{Server, ServerArgs},
};

/// The platforms that are configured. All of them call over the same connections.
#[derive(Default)]
pub(super) struct Clients {
    pub(super) platforms: Platforms,
    /// Kick is among them, and delivers to the gateway.
    pub(super) kick: Option<Arc<Kick>>,
}

impl Clients {
    pub(super) fn new(config: &Config, store: &Store) -> Result<Self, StartError> {
        let http = http_client()?;
        let kick = kick(config, &http)?.map(Arc::new);
        let mut platforms: Vec<Arc<dyn Platform>> = Vec::new();
        if let Some(twitch) = twitch(config, &http)? {
            platforms.push(Arc::new(twitch));
        }
        if let Some(youtube) = youtube(config, store, &http)? {
            platforms.push(Arc::new(youtube));
        }
        if let Some(kick) = &kick {
            platforms.push(Arc::clone(kick) as _);
        }
        if let Some(facebook) = facebook(config, &http)? {
            platforms.push(Arc::new(facebook));
        }
        Ok(Self { platforms: Platforms::new(platforms), kick })
    }
}

fn twitch(config: &Config, http: &Client) -> Result<Option<Twitch>, StartError> {
    let said = &config.platforms.twitch;
    let secret = credentials::client_secret(said.app())?;
    let (Some(client_id), Some(secret)) = (&said.client_id, secret) else { return Ok(None) };
    let config = twitch::Config {
        helix_url: said.helix_url.clone(),
        oauth_url: said.oauth_url.clone(),
        eventsub_url: said.eventsub_url.clone(),
        ingest_url: said.ingest_url.clone(),
        ..twitch::Config::new(client_id, secret)
    };
    Ok(Some(Twitch::new(config, http.clone())?))
}

fn youtube(config: &Config, store: &Store, http: &Client) -> Result<Option<YouTube>, StartError> {
    let said = &config.platforms.youtube;
    let secret = credentials::client_secret(said.app())?;
    let (Some(client_id), Some(secret)) = (&said.client_id, secret) else { return Ok(None) };
    let config = youtube::Config {
        base_url: said.base_url.clone(),
        stream_url: said.stream_url.clone(),
        authorize_url: said.authorize_url.clone(),
        token_url: said.token_url.clone(),
        revoke_url: said.revoke_url.clone(),
        privacy: said.privacy.as_str().into(),
        quota: said.quota,
        journal: Arc::new(StoreJournal::new(store.clone())),
        ..youtube::Config::new(client_id, secret)
    };
    Ok(Some(YouTube::new(config, http.clone())?))
}

fn kick(config: &Config, http: &Client) -> Result<Option<Kick>, StartError> {
    let said = &config.platforms.kick;
    let secret = credentials::client_secret(said.app())?;
    let (Some(client_id), Some(secret)) = (&said.client_id, secret) else { return Ok(None) };
    let usual = kick::Config::new(client_id, secret);
    let config = kick::Config {
        api_url: said.api_url.clone(),
        id_url: said.id_url.clone(),
        site_url: said.site_url.clone(),
        public_key: credentials::kick_public_key(config)?,
        reconcile: config.paces.kick_reconcile.unwrap_or(usual.reconcile),
        ..usual
    };
    Ok(Some(Kick::new(config, http.clone())?))
}

fn facebook(config: &Config, http: &Client) -> Result<Option<Facebook>, StartError> {
    let said = &config.platforms.facebook;
    let secret = credentials::client_secret(said.app())?;
    let (Some(client_id), Some(secret)) = (&said.client_id, secret) else { return Ok(None) };
    let usual = facebook::Config::new(client_id, secret);
    let config = facebook::Config {
        graph_url: said.graph_url(),
        dialog_url: said.dialog_url(),
        go_live: match said.go_live {
            GoLive::AtOnce => facebook::GoLive::AtOnce,
            GoLive::ByHand => facebook::GoLive::ByHand,
        },
        polling: config.paces.facebook,
        viewers_interval: config.paces.viewers.unwrap_or(usual.viewers_interval),
        ..usual
    };
    Ok(Some(Facebook::new(config, http.clone())?))
}

/// Asks how many watch, if there is anybody to ask. A crash forgets nobody: who is looked at stands in the services, not in
/// the actor.
pub(super) fn viewers(services: &Arc<Services>) -> Option<ChildSpec> {
    services.platforms.iter().next()?;
    let services = Arc::clone(services);
    let server = Worker::new(&Address::new(), move || {
        let (runs, looks) = (Arc::clone(&services), Arc::clone(&services));
        let args = ServerArgs {
            serve: Box::new(move |shutdown| {
                Box::pin(async move {
                    runs.viewers.run(&runs.platforms, shutdown.clone()).await;
                    // None of the platforms tells how many watch.
                    shutdown.cancelled().await;
                })
            }),
            look: Box::new(move || looks.viewers.look()),
        };
        (Server, args)
    });
    Some(ChildSpec::worker("viewers", server))
}
