//! What all users share: the store, the way to Cloudflare, who is on air; and the actors that keep them going.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use stagedoor_cloudflare::{Budget, BudgetConfig, Client, ClientConfig, LIMITS};
use stagedoor_platforms::kick::Kick;
use stagedoor_store::{Database, Keyring, Retention, Store, WriterConfig};
use stagedoor_stream::{OnAir, Services, StreamSettings};
use stagedoor_supervision::{Address, ChildSpec, Shutdown, Strategy, SupervisorSpec, Worker};
use tokio_util::sync::CancellationToken;

use super::{
    PERIOD, RESTARTS,
    platforms::{self, Clients},
};
use crate::{
    config::Config,
    credentials,
    daemon::StartError,
    server::{Server, ServerArgs},
};

/// The database, where nothing else is said.
const DATABASE: &str = "sqlite:stagedoor.db";
/// The keys, where nothing else is said.
const KEYRING: &str = "keyring";

/// How often what is too old is deleted.
const RETENTION_INTERVAL: Duration = Duration::from_hours(1);

/// Opens the store, makes the clients, and reads from it who was on air when the last daemon ended.
pub(super) async fn open(
    config: &Config,
) -> Result<(Arc<Services>, Option<Arc<Kick>>), StartError> {
    let store = open_store(config).await?;
    let open = store.open_livestreams().await?;
    let stream = &config.stream;
    let settings = StreamSettings {
        auto_stop: stream.auto_stop,
        poll_interval: stream.poll_interval,
        start_deadline: stream.start_deadline,
        alert_max_age: stream.alert_max_age,
        alert_backlog: stream.alert_backlog,
        platforms: config.paces.platforms,
        ..StreamSettings::default()
    };
    let on_air = OnAir::restored(&open);
    let Clients { platforms, kick } = Clients::new(config, &store)?;
    let services = Services::new(store, cloudflare(config)?, platforms, on_air, settings);
    Ok((Arc::new(services), kick))
}

/// The store that `[store]` describes, without the actors that keep it going.
pub(crate) async fn open_store(config: &Config) -> Result<Store, StartError> {
    let store = &config.store;
    let keyring = match (&store.keyring, &store.keyring_file) {
        (Some(keys), _) => Keyring::parse(keys.expose_secret())?,
        (None, Some(path)) => Keyring::load(path)?,
        (None, None) => Keyring::load_or_create(&config.state_dir.join(KEYRING))?,
    };
    let url = store.url.as_ref().map_or(DATABASE, |url| url.expose_secret());
    let config = stagedoor_store::StoreConfig {
        database: Database::parse(url, &config.state_dir)?,
        keyring,
        writer: WriterConfig {
            buffer_events: store.buffer_events,
            buffer_bytes: store.buffer_limit.bytes(),
            ..WriterConfig::default()
        },
    };
    Ok(Store::open(config).await?)
}

fn cloudflare(config: &Config) -> Result<Option<Client>, StartError> {
    let cloudflare = &config.cloudflare;
    let (Some(account), Some(token)) =
        (&cloudflare.account_id, credentials::cloudflare_token(config)?)
    else {
        return Ok(None);
    };
    let budget = Budget::new(BudgetConfig {
        limit: u32::try_from(cloudflare.call_limit).unwrap_or(u32::MAX),
        ..LIMITS
    });
    let client = ClientConfig {
        base_url: cloudflare.base_url.clone(),
        instance: cloudflare.instance.clone(),
        record: cloudflare.record,
        customer_code: cloudflare.customer_code.clone(),
        lifecycle_base_url: cloudflare.lifecycle_url.clone(),
        ..ClientConfig::new(account, token)
    };
    Ok(Some(Client::new(client, budget)?))
}

/// The supervisor of what keeps the services going. Its children need nothing of the rest of the tree, and are needed by
/// all of it.
pub(super) fn supervisor(services: &Arc<Services>, retention: Retention) -> SupervisorSpec {
    SupervisorSpec::new(Strategy::OneForOne)
        .intensity(RESTARTS, PERIOD)
        .child(writer(&services.store))
        .child(retention_child(&services.store, retention))
        .children(platforms::viewers(services))
}

/// Writes events. A crash loses none: they wait in the store's buffer, not in the actor.
fn writer(store: &Store) -> ChildSpec {
    let store = store.clone();
    let server = Worker::new(&Address::new(), move || {
        let (runs, looks) = (store.clone(), store.clone());
        let args = ServerArgs {
            serve: Box::new(move |shutdown| Box::pin(async move { runs.run(shutdown).await })),
            look: Box::new(move || json!(looks.health())),
        };
        (Server, args)
    });
    // It bounds its own last writes.
    ChildSpec::worker("store", server).shutdown(Shutdown::Infinity)
}

/// Deletes what is too old.
fn retention_child(store: &Store, retention: Retention) -> ChildSpec {
    let store = store.clone();
    let server = Worker::new(&Address::new(), move || {
        let (store, retention) = (store.clone(), retention.clone());
        let look = json!({
            "raw_s": retention.raw.as_secs(),
            "chat_s": retention.chat.as_secs(),
            "events_s": retention.events.as_secs(),
            "alerts_s": retention.alerts.as_secs(),
            "minutes_s": retention.minutes.as_secs(),
        });
        let args = ServerArgs {
            serve: Box::new(move |shutdown| Box::pin(retain(store, retention, shutdown))),
            look: Box::new(move || look.clone()),
        };
        (Server, args)
    });
    ChildSpec::worker("retention", server)
}

async fn retain(store: Store, retention: Retention, shutdown: CancellationToken) {
    let mut interval = tokio::time::interval(RETENTION_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(interval.tick()).await.is_some() {
        let pass = store.retain(&retention, Timestamp::now());
        match shutdown.run_until_cancelled(pass).await {
            Some(Ok(retained)) => tracing::debug!(?retained, "what was too old is deleted"),
            // It is tried again in an hour; what is too old does no harm till then.
            Some(Err(error)) => tracing::warn!(%error, "what is too old could not be deleted"),
            None => return,
        }
    }
}
