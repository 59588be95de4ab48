//! Is the server ready? Whether each named condition holds, and nobody has begun to drain.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;

/// The conditions of readiness. Cheap to clone: all clones are the same.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Inner>);

#[derive(Default)]
struct Inner {
    draining: AtomicBool,
    conditions: Mutex<BTreeMap<&'static str, Condition>>,
}

/// A question that is asked whenever somebody wants to know, so that its answer is never stale.
type Condition = Box<dyn Fn() -> bool + Send>;

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

    /// Adds a condition, or replaces the one of that name. `holds` answers at once: it reads, and waits for nothing.
    pub fn condition(&self, name: &'static str, holds: impl Fn() -> bool + Send + 'static) {
        self.conditions().insert(name, Box::new(holds));
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
        let conditions: BTreeMap<_, _> =
            self.conditions().iter().map(|(name, holds)| (*name, holds())).collect();
        let draining = self.is_draining();
        let ready = !draining && conditions.values().all(|holds| *holds);
        ReadinessReport { ready, draining, conditions }
    }

    fn conditions(&self) -> MutexGuard<'_, BTreeMap<&'static str, Condition>> {
        self.0.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.report()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_when_all_conditions_hold_and_nobody_drains() {
        let readiness = Readiness::new();
        assert!(readiness.report().ready);
        let users_up = Arc::new(AtomicBool::new(false));
        readiness.condition("users", {
            let up = Arc::clone(&users_up);
            move || up.load(Ordering::Relaxed)
        });
        readiness.condition("presence", || true);
        assert!(!readiness.report().ready);
        users_up.store(true, Ordering::Relaxed);
        assert!(readiness.report().ready);
        readiness.drain();
        assert!(!readiness.report().ready && readiness.report().draining);
    }
}
