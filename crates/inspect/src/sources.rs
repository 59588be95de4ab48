//! What the inspector asks outside the tree of supervisors.

use std::{collections::BTreeMap, pin::Pin};

use stagedoor_domain::{StreamEvent, StreamStatus, UserId};
use stagedoor_supervision::AddressError;
use thiserror::Error;

use crate::{
    message::{EventQuery, StreamAction},
    view::{
        AlertsOverview, Budget, PendingTimer, PlatformsOverview, PresenceCount, PresentSession,
        ProcessFacts, StreamOverview,
    },
};

/// An answer that takes its time; the inspector waits for it 10 s at most.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// Why a source does not answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// This daemon has no such source.
    #[error("this daemon does not know")]
    Unsupported,
    /// The user's tree does not run, and nobody else knows.
    #[error("the user has no tree")]
    NoTree,
    /// It cannot be asked, or does not answer.
    #[error("{reason}")]
    Unavailable {
        /// Why, for people.
        reason: String,
    },
    /// What was to be done cannot be.
    #[error("{reason}")]
    Refused {
        /// Why, for programs: `encoder_not_connected`.
        code: String,
        /// Why, for people.
        reason: String,
    },
}

/// What the daemon knows beside its tree. The functions that are not `async` read tables and return at once.
pub trait Sources: Send + Sync + 'static {
    /// The process.
    fn process(&self) -> ProcessFacts;

    /// How many are here.
    fn presence_count(&self) -> PresenceCount;

    /// Who is here, in any order.
    fn present_users(&self) -> Vec<UserId>;

    /// A user's sessions, the oldest first; none when they have left meanwhile.
    fn sessions(&self, user: &UserId) -> Vec<PresentSession>;

    /// The pending grace timers, in any order, with a limit of time of its own.
    fn timers(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<PendingTimer>, AddressError>> + Send + '_>>;

    /// Further numbers for the summary, by name: `gateway_connections`. None by default.
    fn figures(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// Why a user's tree runs though they may be gone, if it does: `live`. By default it never does.
    fn held(&self, _user: &UserId) -> Option<&'static str> {
        None
    }

    /// The quotas that all users share. None by default.
    fn budgets(&self) -> Vec<Budget> {
        Vec::new()
    }

    /// Where a user's stream stands.
    fn stream<'a>(&'a self, _user: &'a UserId) -> Asked<'a, StreamOverview> {
        unsupported()
    }

    /// Starts or stops a user's stream, and says where it stands then: what begins goes on after the answer. A start
    /// that names no destinations is one on all that the user has.
    fn act_on_stream<'a>(
        &'a self,
        _user: &'a UserId,
        _action: &'a StreamAction,
    ) -> Asked<'a, StreamStatus> {
        unsupported()
    }

    /// At most `limit` events of a user, without what the platform sent word for word: those after
    /// [`EventQuery::after`], the oldest first, or those before [`EventQuery::before`], if any, the newest first.
    fn events<'a>(&'a self, _query: &'a EventQuery, _limit: usize) -> Asked<'a, Vec<StreamEvent>> {
        unsupported()
    }

    /// A user's alerts: all that wait, and at most `recent` of those that were.
    fn alerts<'a>(&'a self, _user: &'a UserId, _recent: usize) -> Asked<'a, AlertsOverview> {
        unsupported()
    }

    /// A user's accounts on the platforms, and how each is connected.
    fn platforms<'a>(&'a self, _user: &'a UserId) -> Asked<'a, PlatformsOverview> {
        unsupported()
    }
}

fn unsupported<T: Send + 'static>() -> Asked<'static, T> {
    Box::pin(std::future::ready(Err(SourceError::Unsupported)))
}
