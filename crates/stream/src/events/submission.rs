//! A report on its way through the door, and the answer to whoever brought it.

use std::fmt;

use jiff::Timestamp;
use ractor::RpcReplyPort;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{EventId, EventReport, LivestreamId};
use stagedoor_store::AppendError;
use thiserror::Error;
use utoipa::ToSchema;

/// Where the answer goes. It comes when the event is durable or refused; none comes when EventProcessor ends before it
/// has taken the report: then it is to be submitted again.
pub(crate) type Reply = RpcReplyPort<Result<Receipt, SubmitError>>;

/// A report that has come to the door.
pub struct Submission {
    pub(super) report: EventReport,
    pub(super) received_at: Timestamp,
    /// What was on air when it came.
    pub(super) livestream: Option<LivestreamId>,
    pub(super) reply: Option<Reply>,
}

impl Submission {
    /// A report that has come just now, of which nobody wants to hear more.
    pub(crate) fn new(report: EventReport) -> Self {
        Self { report, received_at: Timestamp::now(), livestream: None, reply: None }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("kind", &self.report.kind)
            .field("dedupe_key", &self.report.dedupe_key)
            .finish_non_exhaustive()
    }
}

/// Answers whoever waits for an answer.
pub(super) fn answer(reply: Option<Reply>, answer: Result<Receipt, SubmitError>) {
    if let Some(reply) = reply {
        // An answer that nobody waits for any more is no failure.
        drop(reply.send(answer));
    }
}

/// The event is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Under this id.
    pub id: EventId,
    /// It was there already.
    pub duplicate: bool,
}

/// Why an event was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// Too many events of this user are under way.
    #[error("too many events of this user are under way")]
    Overloaded,
    /// The store does not work now, and what it can keep until then is full.
    #[error("the store is full")]
    StoreFull,
    /// The store cannot take this event; it could take others.
    #[error("the event was refused: {reason}")]
    Rejected {
        /// Why.
        reason: Box<str>,
    },
    /// The daemon ends.
    #[error("the daemon ends")]
    Closing,
}

impl SubmitError {
    /// Its name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::StoreFull => "store_full",
            Self::Rejected { .. } => "rejected",
            Self::Closing => "closing",
        }
    }

    /// Whether the same event may be taken later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        !matches!(self, Self::Rejected { .. })
    }
}

impl From<AppendError> for SubmitError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full => Self::StoreFull,
            AppendError::Rejected(reason) => Self::Rejected { reason: (&*reason).into() },
            // Closed, and whatever comes to be: it is not there any more.
            _ => Self::Closing,
        }
    }
}
