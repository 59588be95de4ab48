//! What the parts of a tree are given: what all users share, whose tree it is, and where the others are reached.

use std::sync::Arc;

use stagedoor_domain::UserId;
use stagedoor_store::Store;
use stagedoor_supervision::{Address, DynamicSupervisorRef};

use crate::{
    AlertQueueMsg, CloudflareMsg, EventsMsg, MetricsMsg, OnAir, PubSub, StreamSettings,
    StreamStateMsg,
};

/// What all users' trees share.
#[derive(Debug)]
pub struct Services {
    /// What lasts.
    pub store: Store,
    /// The client for the live inputs, if Cloudflare is configured.
    pub cloudflare: Option<stagedoor_cloudflare::Client>,
    /// Who listens to whom.
    pub pubsub: PubSub,
    /// Who is on air.
    pub on_air: OnAir,
    /// What is the same for all.
    pub settings: StreamSettings,
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
