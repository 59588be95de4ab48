//! Commands to AlertQueue, and how they are answered.

use std::time::Duration;

use ractor::RpcReplyPort;
use stagedoor_domain::AlertId;
use thiserror::Error;

use super::AlertQueueMsg;
use crate::UserContext;

/// How long a command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(5);

/// Where a command's answer goes.
pub type AlertReply<T> = RpcReplyPort<Result<T, AlertCommandError>>;

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AlertCommandError {
    /// Nothing is on the overlays.
    #[error("no alert is shown now")]
    NothingShowing,
    /// There is no such alert, or not any more.
    #[error("there is no alert {id}")]
    UnknownAlert {
        /// The id.
        id: AlertId,
    },
    /// Too many tests and replays wait already.
    #[error("too many tests and replays wait already")]
    TooMany,
    /// The store does not work now.
    #[error("the store does not work now")]
    StoreUnavailable,
    /// AlertQueue is between two lives, or has too much to do.
    #[error("the alert queue does not answer now")]
    Unavailable,
}

impl AlertCommandError {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NothingShowing => "nothing_showing",
            Self::UnknownAlert { .. } => "unknown_alert",
            Self::TooMany => "too_many",
            Self::StoreUnavailable => "store_unavailable",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Sends a command to a user's AlertQueue, which it starts if it must, and waits for the answer.
///
/// # Errors
/// What the command answers; [`AlertCommandError::Unavailable`] when none comes in time.
pub async fn ask_alerts<T: Send + 'static>(
    cx: &UserContext,
    command: impl FnOnce(AlertReply<T>) -> AlertQueueMsg,
) -> Result<T, AlertCommandError> {
    let answer = cx.alerts().command(command, COMMAND_LIMIT).await;
    answer.unwrap_or(Err(AlertCommandError::Unavailable))
}

pub(super) fn answer<T: Send + 'static>(
    reply: AlertReply<T>,
    answer: Result<T, AlertCommandError>,
) {
    // An answer that nobody waits for any more is no failure.
    drop(reply.send(answer));
}
