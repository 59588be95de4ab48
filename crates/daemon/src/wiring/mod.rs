//! Puts the parts together: the one place that knows them all.
//!
//! ```text
//! Root                  rest_for_one
//! ├── services          one_for_one: what keeps going what all users share
//! │   ├── store               writes events
//! │   ├── retention           deletes what is too old
//! │   └── viewers             asks the platforms how many watch, when there are any
//! ├── edge              one_for_one: what faces outwards; a crash of one of them concerns nobody else
//! │   ├── gateway             sessions, HTTP, health and metrics
//! │   ├── inspector           answers the debug client
//! │   ├── inspect_socket      listens to it
//! │   └── inspect_tcp         likewise, when configured
//! ├── users             the users' trees
//! └── presence          follows `users`: it is restarted with them, and then starts what is missing
//! ```
//!
//! `edge` comes first because it needs neither of the others: a session is tracked whether or not somebody manages
//! it, and a crash of PresenceManager must not close a socket.

mod connections;
mod edge;
mod listeners;
mod metrics;
mod platforms;
mod services;
mod sources;
mod streams;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use secrecy::SecretString;
use stagedoor_domain::StreamStatus;
use stagedoor_gateway::{
    Authenticator, Backstage, CloseFrame, Gateway, GatewayConfig, Metrics, PublicLimits, Readiness,
    SocketConfig, WebUrl, WebUrlError,
};
use stagedoor_inspect::InspectMsg;
use stagedoor_presence::{
    CleanupTimeout, Holds, PresenceCounters, PresenceManager, PresenceManagerArgs,
    PresenceManagerMsg, Tracker, TrackerLimits,
};
use stagedoor_store::{Retention, StoreState};
use stagedoor_stream::{
    Components, EventDoor, OnAir, Services, UserContext, UserTrees, user_stream_manager,
};
use stagedoor_supervision::{
    Address, Backoff, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Lifecycle, Root,
    Strategy, SupervisorHandle, SupervisorRef, SupervisorSpec, Worker,
};

pub(crate) use self::services::open_store;
use self::{
    edge::{Edge, RootSlot},
    listeners::Listeners,
    sources::Facts,
    streams::Streams,
};
use crate::{
    config::Config,
    credentials,
    daemon::{Addresses, RunError, StartError},
};

/// The id of the supervisor of all users' trees, which is also its path.
const USERS: &str = "users";
const PRESENCE: &str = "presence";

/// How often the parts of the daemon itself may be restarted before it gives up.
const RESTARTS: usize = 5;
const PERIOD: Duration = Duration::from_secs(10);

/// How long refreshes of tokens may take that were under way when everything else had stopped.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);

/// The running parts.
#[derive(Debug)]
pub(crate) struct Parts {
    addresses: Addresses,
    root: Root,
    root_slot: RootSlot,
    gateway: Gateway,
    tracker: Tracker,
    services: Arc<Services>,
    cleanup_timeout: CleanupTimeout,
    inspector: Address<InspectMsg>,
}

/// Binds the listeners, opens the store and starts the tree.
pub(crate) async fn start(
    config: &Config,
    components: Components,
    authenticator: Authenticator,
    inspect_token: Option<SecretString>,
) -> Result<Parts, StartError> {
    let listeners = Listeners::bind(config, inspect_token).await?;
    let addresses = listeners.addresses(config)?;
    let authenticator = if config.auth.development_login {
        authenticator.with_development_login(addresses.public)?
    } else {
        authenticator
    };

    let (services, kick) = services::open(config).await?;
    let tracker = Tracker::new(TrackerLimits {
        sessions_per_user: config.presence.max_sessions_per_user,
        users: config.presence.max_users,
    });
    let lifecycle = Lifecycle::new();
    let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new().intensity(RESTARTS, PERIOD));
    let (manager, trees) = (Address::new(), UserTrees::new(users.clone()));
    let presence = PresenceManagerArgs {
        tracker: tracker.clone(),
        users: users.clone(),
        tree: tree_spec(config, components, &services),
        holds: holds(config, &services.on_air),
        cleanup_timeout: CleanupTimeout::new(config.presence.cleanup_timeout),
        counters: Arc::new(PresenceCounters::default()),
    };
    let (readiness, numbers) = (Readiness::new(), Metrics::new());
    metrics::register(&numbers, &lifecycle, &users, &presence.counters);
    let gateway = Gateway::new(
        &gateway_config(config, addresses.public)?,
        tracker.clone(),
        authenticator,
        readiness.clone(),
        numbers,
        Backstage {
            trees: trees.clone(),
            services: Arc::clone(&services),
            door: EventDoor::new(trees.clone(), Arc::clone(&services)),
            webhook_secret: credentials::webhook_secret(config)?,
            kick,
        },
    )?;
    watch_over(&readiness, &users, &manager, &services);
    services.on_air.on_change({
        let manager = manager.clone();
        // A manager that is between two lives looks at everybody when it is back.
        move |user| {
            let _ = manager.cast(PresenceManagerMsg::HoldChanged(user.clone()));
        }
    });

    let edge = Edge {
        gateway: gateway.clone(),
        inspector: Address::new(),
        facts: Arc::new(Facts::new(
            config.mode,
            tracker.clone(),
            manager.clone(),
            gateway.clone(),
            presence.holds.clone(),
            Streams { services: Arc::clone(&services), trees },
        )),
        lifecycle: lifecycle.clone(),
        root: RootSlot::default(),
        connection_limit: config.inspect.connection_limit,
        listeners,
    };
    let (inspector, root_slot) = (edge.inspector.clone(), edge.root.clone());
    let cleanup_timeout = presence.cleanup_timeout.clone();
    let root = root(&services, retention(config), edge, users, manager, presence);
    root_slot.set(Some(SupervisorHandle::Static(root.clone())));
    let root = Root::start(root, lifecycle).await.map_err(StartError::Tree)?;
    Ok(Parts { addresses, root, root_slot, gateway, tracker, services, cleanup_timeout, inspector })
}

fn root(
    services: &Arc<Services>,
    retention: Retention,
    edge: Edge,
    users: DynamicSupervisorRef,
    manager: Address<PresenceManagerMsg>,
    presence: PresenceManagerArgs,
) -> SupervisorRef {
    let edge = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(RESTARTS, PERIOD)
            .children(edge.children())
    });
    let services = Arc::clone(services);
    let services = SupervisorRef::new(move || services::supervisor(&services, retention.clone()));
    SupervisorRef::new(move || {
        let presence = presence.clone();
        let presence = Worker::new(&manager, move || (PresenceManager, presence.clone()));
        SupervisorSpec::new(Strategy::RestForOne)
            .intensity(RESTARTS, PERIOD)
            .child(ChildSpec::supervisor("services", &services))
            .child(ChildSpec::supervisor("edge", &edge))
            .child(ChildSpec::dynamic_supervisor(USERS, &users))
            .child(ChildSpec::worker(PRESENCE, presence))
    })
}

/// How a user's tree is specified.
fn tree_spec(
    config: &Config,
    components: Components,
    services: &Arc<Services>,
) -> stagedoor_presence::TreeSpec {
    let services = Arc::clone(services);
    let components =
        if config.stream.console_logger { components.with_console_logger() } else { components };
    let (components, backoff) = (Arc::new(components), Arc::new(Backoff::default()));
    Arc::new(move |user| {
        user_stream_manager(UserContext::new(user.clone(), &services), &components, &backoff)
    })
}

/// Whose tree is held although nobody is there: who is on air.
fn holds(config: &Config, on_air: &OnAir) -> Holds {
    if !config.presence.keep_while_live {
        return Holds::none();
    }
    let (why, users) = (on_air.clone(), on_air.clone());
    let word = |status| if status == StreamStatus::Ending { "ending" } else { "live" };
    Holds::new(move |user| why.get(user).map(|entry| word(entry.status)), move || users.users())
}

fn retention(config: &Config) -> Retention {
    let retention = &config.store.retention;
    Retention {
        raw: retention.raw,
        chat: retention.chat,
        events: retention.events,
        alerts: retention.alerts,
        minutes: retention.minutes,
    }
}

fn gateway_config(config: &Config, bound: SocketAddr) -> Result<GatewayConfig, WebUrlError> {
    let gateway = &config.gateway;
    let connected_url = gateway.connected_url.as_deref().map(WebUrl::new).transpose()?;
    Ok(GatewayConfig {
        public_url: WebUrl::new(&public_url(gateway.public_url.as_deref(), bound))?,
        connected_url,
        origins: gateway.allowed_origins.clone(),
        socket: SocketConfig {
            message_limit: gateway.message_limit.bytes(),
            outbox_limit: gateway.outbox_limit.bytes(),
            idle_timeout: gateway.idle_timeout,
            channels_per_connection: gateway.channels_per_connection,
        },
        public: PublicLimits {
            connections: gateway.connection_limit,
            connections_per_address: gateway.connections_per_address,
            ..PublicLimits::default()
        },
        demo: config.demo,
        ..GatewayConfig::default()
    })
}

/// Where the public listener is reached, where nothing else is said: an address that means all of this machine's is no
/// place to send a browser to.
fn public_url(said: Option<&str>, mut bound: SocketAddr) -> String {
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => bound.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => bound.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    said.map_or_else(|| format!("http://{bound}"), Into::into)
}

/// The conditions of `/ready`: the parts without which a session would get no tree.
fn watch_over(
    readiness: &Readiness,
    users: &DynamicSupervisorRef,
    manager: &Address<PresenceManagerMsg>,
    services: &Services,
) {
    let (users, manager, store) = (users.clone(), manager.clone(), services.store.clone());
    readiness.condition("store", move || matches!(store.health().state, StoreState::Ok));
    readiness.condition(USERS, move || users.is_up());
    readiness.condition(PRESENCE, move || manager.current().is_some());
}

impl Parts {
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    pub(crate) fn tree(&self) -> SupervisorHandle {
        SupervisorHandle::Static(self.root.supervisor().clone())
    }

    pub(crate) fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    pub(crate) fn inspector(&self) -> &Address<InspectMsg> {
        &self.inspector
    }

    pub(crate) fn set_cleanup_timeout(&self, timeout: Duration) {
        self.cleanup_timeout.set(timeout);
    }

    pub(crate) async fn ended(&self) {
        self.root.ended().await;
    }

    /// Not ready; no joins; clients are told to come back; then the tree stops, right to left.
    pub(crate) async fn stop(self, limit: Duration) -> Result<(), RunError> {
        self.gateway.drain();
        self.gateway.sessions().close_all(CloseFrame::SERVICE_RESTART);
        let in_time = self.root.stop(limit).await;
        // A token that was fetched and not kept would be the account's last.
        let settled = tokio::time::timeout(SETTLE_LIMIT, self.services.tokens.settled()).await;
        if settled.is_err() {
            tracing::warn!("tokens were still being refreshed at the end");
        }
        self.root_slot.set(None);
        if in_time { Ok(()) } else { Err(RunError::TooSlow(limit)) }
    }
}
