//! The platforms: a client for each that is configured, and who asks them for all users how many watch.

use std::sync::Arc;

use reqwest::Client;
use stagedoor_platforms::{
    Platform, http_client,
    kick::{self, Kick},
};
use stagedoor_store::Store;
use stagedoor_stream::{Platforms, Services};
use stagedoor_supervision::{Address, ChildSpec, Worker};

use crate::{
    config::Config,
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
        if let Some(kick) = &kick {
            platforms.push(Arc::clone(kick) as _);
        }
        let _ = store;
        Ok(Self { platforms: Platforms::new(platforms), kick })
    }
}

fn kick(config: &Config, http: &Client) -> Result<Option<Kick>, StartError> {
    let said = &config.platforms.kick;
    let secret = credentials::client_secret(said.app())?;
    let (Some(client_id), Some(secret)) = (&said.client_id, secret) else { return Ok(None) };
    let config = kick::Config {
        api_url: said.api_url.clone(),
        id_url: said.id_url.clone(),
        site_url: said.site_url.clone(),
        public_key: credentials::kick_public_key(config)?,
        ..kick::Config::new(client_id, secret)
    };
    Ok(Some(Kick::new(config, http.clone())?))
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
