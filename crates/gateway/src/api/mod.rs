//! What the API does, whichever way it is asked: by HTTP (`http::v1`) or on a channel (`commands`).
//!
//! ```text
//! http::v1 ─────┐                ┌─▶ Store            what was, and what is wanted
//!               ├─▶ operations ──┼─▶ UserContext      commands: they need a tree that runs
//! channel ──────┘   (Desk)       └─▶ EventDoor        events, durable when answered
//!   by commands
//! ```
//!
//! Each file is a part of the API: its forms and its operations. Who may call them is for the two ways to see to.

pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod analytics;
pub(crate) mod commands;
pub(crate) mod destinations;
pub(crate) mod donations;
pub(crate) mod events;
mod limits;
mod lists;
pub(crate) mod livestreams;
mod money;
pub(crate) mod read;
mod refusals;
pub(crate) mod stream;
pub(crate) mod widgets;

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use ractor::{Message, RpcReplyPort};
use stagedoor_domain::UserId;
use stagedoor_store::Store;
use stagedoor_stream::UserContext;
use stagedoor_supervision::Address;

use crate::{Backstage, http::ApiError};

/// How long a part of a tree may take to answer: less than a request may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// Where all requests that concern streams are handled. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Backstage>);

impl Desk {
    pub(crate) fn new(backstage: Backstage) -> Self {
        Self(Arc::new(backstage))
    }

    pub(crate) fn backstage(&self) -> &Backstage {
        &self.0
    }

    fn store(&self) -> &Store {
        &self.0.services.store
    }

    /// The user's tree, for what cannot be done without one.
    fn tree(&self, user: &UserId) -> Result<UserContext, ApiError> {
        self.0.trees.get(user).ok_or_else(|| {
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
