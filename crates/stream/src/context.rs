//! What the parts of a tree are given: what all users share, whose tree it is, and where the others are reached.

use std::sync::{Arc, OnceLock};

use stagedoor_domain::{Platform, UserId};
use stagedoor_store::Store;
use stagedoor_supervision::{Address, DynamicSupervisorRef};

use crate::{
    AccountsMsg, AlertQueueMsg, CloudflareMsg, EventsMsg, MetricsMsg, OnAir, PlatformMsg,
    Platforms, PubSub, StreamSettings, StreamStateMsg, TokenKeeper, Viewers,
    platforms::platform_supervisor,
};

/// What all users' trees share.
#[derive(Debug)]
pub struct Services {
    /// What lasts.
    pub store: Store,
    /// The client for the live inputs, if Cloudflare is configured.
    pub cloudflare: Option<stagedoor_cloudflare::Client>,
    /// The platforms that are configured.
    pub platforms: Platforms,
    /// The tokens of the users' accounts there.
    pub tokens: TokenKeeper,
    /// Who is asked how many watch.
    pub viewers: Viewers,
    /// Who listens to whom.
    pub pubsub: PubSub,
    /// Who is on air.
    pub on_air: OnAir,
    /// What is the same for all.
    pub settings: StreamSettings,
}

impl Services {
    /// These, and what belongs to them.
    #[must_use]
    pub fn new(
        store: Store,
        cloudflare: Option<stagedoor_cloudflare::Client>,
        platforms: Platforms,
        on_air: OnAir,
        settings: StreamSettings,
    ) -> Self {
        let tokens = TokenKeeper::new(store.clone(), platforms.clone());
        let (viewers, pubsub) = (Viewers::default(), PubSub::new());
        Self { store, cloudflare, platforms, tokens, viewers, pubsub, on_air, settings }
    }
}

/// What a component is given. A clone costs a reference count.
#[derive(Clone, Debug)]
pub struct UserContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    user: UserId,
    services: Arc<Services>,
    stream_state: Address<StreamStateMsg>,
    cloudflare: Address<CloudflareMsg>,
    events: Address<EventsMsg>,
    metrics: Address<MetricsMsg>,
    alerts: Address<AlertQueueMsg>,
    accounts: Address<AccountsMsg>,
    /// Made when first asked for: not everybody streams to platforms.
    of_platforms: OnceLock<Box<OfPlatforms>>,
}

#[derive(Debug)]
struct OfPlatforms {
    supervisor: DynamicSupervisorRef,
    managers: [(Platform, Address<PlatformMsg>); 4],
}

impl OfPlatforms {
    fn new() -> Self {
        let platforms = [Platform::Twitch, Platform::YouTube, Platform::Kick, Platform::Facebook];
        let managers = platforms.map(|platform| (platform, Address::new()));
        Self { supervisor: platform_supervisor(), managers }
    }
}

impl UserContext {
    /// The context of a new tree. Its addresses outlive restarts of the tree.
    #[must_use]
    pub fn new(user: UserId, services: &Arc<Services>) -> Self {
        Self(Arc::new(Inner {
            user,
            services: Arc::clone(services),
            stream_state: Address::new(),
            cloudflare: Address::new(),
            events: Address::new(),
            metrics: Address::new(),
            alerts: Address::new(),
            accounts: Address::new(),
            of_platforms: OnceLock::new(),
        }))
    }

    /// Whose tree it is.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.0.user
    }

    /// What all trees share.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    /// Where StreamStateServer is reached.
    #[must_use]
    pub fn stream_state(&self) -> &Address<StreamStateMsg> {
        &self.0.stream_state
    }

    /// Where CloudflareManager is reached.
    #[must_use]
    pub fn cloudflare(&self) -> &Address<CloudflareMsg> {
        &self.0.cloudflare
    }

    /// Where EventProcessor is reached.
    #[must_use]
    pub fn events(&self) -> &Address<EventsMsg> {
        &self.0.events
    }

    /// Where MetricsCollector is reached.
    #[must_use]
    pub fn metrics(&self) -> &Address<MetricsMsg> {
        &self.0.metrics
    }

    /// Where AccountManager is reached.
    #[must_use]
    pub fn accounts(&self) -> &Address<AccountsMsg> {
        &self.0.accounts
    }

    fn of_platforms(&self) -> &OfPlatforms {
        self.0.of_platforms.get_or_init(|| Box::new(OfPlatforms::new()))
    }

    /// The supervisor of the platforms' managers.
    #[must_use]
    pub(crate) fn platforms(&self) -> &DynamicSupervisorRef {
        &self.of_platforms().supervisor
    }

    /// Where the platforms' managers are reached, whether they run or not; none where no platform is configured.
    #[must_use]
    pub fn platform_managers(&self) -> &[(Platform, Address<PlatformMsg>)] {
        self.0.of_platforms.get().map_or(&[], |its| &its.managers)
    }

    /// Where AlertQueue is reached.
    #[must_use]
    pub fn alerts(&self) -> &Address<AlertQueueMsg> {
        &self.0.alerts
    }
}

/// The way from outside into a user's tree: the supervisor of all users knows the context of each.
#[derive(Clone, Debug)]
pub struct UserTrees(DynamicSupervisorRef);

impl UserTrees {
    /// The trees under this supervisor.
    #[must_use]
    pub fn new(users: DynamicSupervisorRef) -> Self {
        Self(users)
    }

    /// The context of the user's tree, if there is one: its parts may be between two lives.
    #[must_use]
    pub fn get(&self, user: &UserId) -> Option<UserContext> {
        self.0.child(user.as_str())?.context()
    }
}
