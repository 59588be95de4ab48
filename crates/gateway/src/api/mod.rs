//! What the API does, whichever way it is asked: by HTTP (`http::v1`) or on a channel (`commands`).
//!
//! ```text
//! http::v1 ─────┐                ┌─▶ Store            what was, and what is wanted
//! http::connect ┼─▶ operations ──┼─▶ UserContext      commands: they need a tree that runs
//! channel ──────┘   (Desk)       ├─▶ EventDoor        events, durable when answered
//!   by commands                  └─▶ Platform         OAuth; all else by the managers in the tree
//! ```
//!
//! Each file is a part of the API: its forms and its operations. Who may call them is for the two ways to see to.

pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod analytics;
pub(crate) mod chat;
pub(crate) mod commands;
pub(crate) mod connect;
pub(crate) mod destinations;
pub(crate) mod donations;
pub(crate) mod events;
mod limits;
mod lists;
pub(crate) mod livestreams;
pub(crate) mod moderation;
mod money;
mod outcome;
pub(crate) mod pending;
pub(crate) mod platforms;
pub(crate) mod read;
mod refusals;
pub(crate) mod stream;
pub(crate) mod widgets;

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use ractor::{Message, RpcReplyPort};
use stagedoor_domain::{Platform, UserId};
use stagedoor_store::Store;
use stagedoor_stream::UserContext;
use stagedoor_supervision::Address;

use self::pending::Pending;
use crate::{Backstage, GatewayConfig, WebUrl, http::ApiError};

/// How long a part of a tree may take to answer: less than a request may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// Where all requests that concern streams are handled. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backstage: Backstage,
    pending: Pending,
    public_url: WebUrl,
    connected_url: Option<WebUrl>,
}

impl Desk {
    pub(crate) fn new(backstage: Backstage, config: &GatewayConfig) -> Self {
        Self(Arc::new(Inner {
            backstage,
            pending: Pending::default(),
            public_url: config.public_url.clone(),
            connected_url: config.connected_url.clone(),
        }))
    }

    pub(crate) fn backstage(&self) -> &Backstage {
        &self.0.backstage
    }

    fn store(&self) -> &Store {
        &self.backstage().services.store
    }

    /// Who was sent to a platform.
    fn pending(&self) -> &Pending {
        &self.0.pending
    }

    /// Where browsers reach us.
    pub(crate) fn public_url(&self) -> &WebUrl {
        &self.0.public_url
    }

    /// Where browsers go from here.
    pub(crate) fn connected_url(&self) -> Option<&WebUrl> {
        self.0.connected_url.as_ref()
    }

    /// Where an account of this platform is connected.
    fn connect_url(&self, platform: &Platform) -> String {
        self.public_url().below(&format!("/connect/{platform}"))
    }

    /// Where the platform sends users back to.
    fn redirect_uri(&self, platform: &Platform) -> String {
        self.public_url().below(&format!("/connect/{platform}/callback"))
    }

    /// A platform that is configured.
    fn client(
        &self,
        platform: &Platform,
    ) -> Result<&Arc<dyn stagedoor_platforms::Platform>, ApiError> {
        self.backstage().services.platforms.get(platform).ok_or_else(|| {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "platform_not_configured",
                "this platform is not configured here",
            )
            .help("whoever runs this server configures it under `platforms`")
        })
    }

    /// The user's tree, for what cannot be done without one.
    fn tree(&self, user: &UserId) -> Result<UserContext, ApiError> {
        self.backstage().trees.get(user).ok_or_else(|| {
            let message = format!("nobody runs for {user}: there is no session and no livestream");
            ApiError::new(StatusCode::CONFLICT, "tree_not_running", message).help(
                "open the dashboard, or take a lease with PUT /api/presence/{user}/sessions/{session}, then try again",
            )
        })
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Desk").field(&self.0).finish()
    }
}

/// Asks a part of a tree that starts with it.
async fn ask<M: Message, R: Send + 'static>(
    address: &Address<M>,
    message: impl FnOnce(RpcReplyPort<R>) -> M,
) -> Result<R, ApiError> {
    Ok(address.call(message, ANSWER_LIMIT).await?)
}

/// Waits as long as a request may. What is not done by then may still come to be: the store holds it until it can.
pub(crate) async fn in_time<T>(doing: impl Future<Output = T>) -> Result<T, ApiError> {
    tokio::time::timeout(ANSWER_LIMIT, doing).await.map_err(|_| {
        let message = "the store has not taken it yet; it may still";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_yet_stored", message)
            .help("send it again with the same key: it will be stored once")
            .retry_later()
    })
}
