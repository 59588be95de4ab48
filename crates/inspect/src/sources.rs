//! What the inspector asks outside the tree of supervisors.

use std::{collections::BTreeMap, pin::Pin};

use stagedoor_domain::UserId;
use stagedoor_supervision::AddressError;

use crate::view::{PendingTimer, PresenceCount, PresentSession, ProcessFacts};

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
}
