//! Is the server ready? Whether each named part says so, and nobody has begun to drain.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;

/// The conditions of readiness. Cheap to clone: all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    draining: AtomicBool,
    conditions: Mutex<BTreeMap<&'static str, Arc<AtomicBool>>>,
}

/// One part's say: whoever holds it tells whether that part is ready.
#[derive(Clone, Debug)]
pub struct Latch(Arc<AtomicBool>);

/// What `GET /ready` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadinessReport {
    /// All conditions hold and nobody drains.
    pub ready: bool,
    /// The server is about to go: it takes no new sessions.
    pub draining: bool,
    /// By name.
    pub conditions: BTreeMap<&'static str, bool>,
}

impl Readiness {
    /// Without conditions: ready at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A condition, false until its latch is set. The same name gives the same condition, so that a part that starts
    /// again finds its own.
    #[must_use]
    pub fn condition(&self, name: &'static str) -> Latch {
        let mut conditions = self.0.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        Latch(Arc::clone(conditions.entry(name).or_default()))
    }

    /// From now on not ready, whatever the conditions say, and no new session is taken.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Has [`drain`](Self::drain) been called?
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// How it stands now.
    #[must_use]
    pub fn report(&self) -> ReadinessReport {
        let conditions = self.0.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        let conditions: BTreeMap<_, _> =
            conditions.iter().map(|(name, holds)| (*name, holds.load(Ordering::Relaxed))).collect();
        let draining = self.is_draining();
        let ready = !draining && conditions.values().all(|holds| *holds);
        ReadinessReport { ready, draining, conditions }
    }
}

impl Latch {
    /// Tells whether the condition holds.
    pub fn set(&self, holds: bool) {
        self.0.store(holds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_when_all_conditions_hold_and_nobody_drains() {
        let readiness = Readiness::new();
        assert!(readiness.report().ready);
        let (users, presence) = (readiness.condition("users"), readiness.condition("presence"));
        users.set(true);
        assert!(!readiness.report().ready, "a new condition does not hold yet");
        presence.set(true);
        assert!(readiness.report().ready);
        readiness.drain();
        assert!(!readiness.report().ready && readiness.report().draining);
    }

    #[test]
    fn a_part_that_starts_again_finds_its_own_condition() {
        let readiness = Readiness::new();
        readiness.condition("presence").set(true);
        readiness.condition("presence").set(false);
        assert_eq!(readiness.report().conditions, BTreeMap::from([("presence", false)]));
    }
}
