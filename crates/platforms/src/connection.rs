//! A connection to an account's events.

use std::time::Duration;

use futures_util::future::BoxFuture;
use stagedoor_domain::EventReport;
use thiserror::Error;

use crate::Broadcast;

/// Where reading begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The broadcast under way, for the platforms that need one.
    pub broadcast: Option<Broadcast>,
    /// The last [`Batch::cursor`] whose events are durable; none at the first connection.
    pub cursor: Option<Box<str>>,
}

/// A connection, or what stands for one where a platform is polled.
///
/// It keeps itself going as far as the platform's rules have it: it answers pings, moves to another socket when told to
/// and reads on where a call ends in good order. When it is lost it says so and is dropped; another one is made later.
/// Dropping it closes it.
pub trait Connection: Send {
    /// What comes next. To be called again after each answer, and at once: what is read waits here, and the platform
    /// waits behind it. A call that was dropped has lost nothing that was not answered.
    ///
    /// # Errors
    /// The connection is over.
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>>;
}

/// What came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What happened, in the platform's order.
    pub reports: Vec<EventReport>,
    /// Where reading goes on after these: to be kept once they are durable.
    pub cursor: Option<Box<str>>,
    /// What became of the connection.
    pub link: Option<Link>,
}

impl From<EventReport> for Batch {
    fn from(report: EventReport) -> Self {
        Self { reports: vec![report], ..Self::default() }
    }
}

impl From<Link> for Batch {
    fn from(link: Link) -> Self {
        Self { link: Some(link), ..Self::default() }
    }
}

/// What became of a connection that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It stands, with all that was asked for.
    Connected,
    /// It stands, but not fully: something was not granted, or comes more slowly than usual.
    Degraded {
        /// What, for people.
        reason: Box<str>,
    },
}

/// A connection is over.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Disconnect {
    /// It is lost, or could not be made. Another one may be made after a while.
    #[error("{reason}")]
    Lost {
        /// Why, without secrets.
        reason: Box<str>,
        /// Not before then, where the platform says so.
        retry_after: Option<Duration>,
    },
    /// There is nothing more to come: the broadcast or its chat has ended.
    #[error("there is nothing more to come")]
    Ended,
    /// The user must authorise us again; until then there is no use in trying.
    #[error("the account must be connected again: {reason}")]
    NeedsReauth {
        /// The platform's words.
        reason: Box<str>,
    },
}
