//! Which alert comes next. No time, no actor: only the order.
//!
//! Replays come before what comes first, that before the rest; among equals, who came first. A cheer goes into an
//! earlier cheer of the same person that still waits. When too many wait, the oldest of those that would come last in
//! rank is dropped: what is large and rare stays, and of the rest what is fresh.

use std::{collections::VecDeque, sync::Arc};

use stagedoor_domain::{Alert, AlertId, AlertKind, AlertPriority};

use super::rules::ANONYMOUS;

/// The alerts that wait, in the order in which they will be shown.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Arc<Alert>>,
    limit: usize,
}

/// What became of an alert that was added.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Added {
    /// The earlier alert into which it went, as that one is now.
    pub(super) merged_into: Option<Arc<Alert>>,
    /// The one that had to go for it: maybe itself.
    pub(super) dropped: Option<Arc<Alert>>,
}

impl Queue {
    /// At most `limit` wait.
    pub(super) fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), limit: limit.max(1) }
    }

    pub(super) fn add(&mut self, alert: Arc<Alert>) -> Added {
        if let Some(earlier) = self.waiting.iter_mut().find(|earlier| goes_into(&alert, earlier)) {
            merge(&alert, Arc::make_mut(earlier));
            return Added { merged_into: Some(Arc::clone(earlier)), dropped: None };
        }
        let behind = self.waiting.partition_point(|other| other.priority >= alert.priority);
        self.waiting.insert(behind, alert);
        let dropped = (self.waiting.len() > self.limit).then(|| self.drop_one()).flatten();
        Added { merged_into: None, dropped }
    }

    /// Takes out the oldest of the lowest priority.
    fn drop_one(&mut self) -> Option<Arc<Alert>> {
        let lowest = self.waiting.back()?.priority;
        let oldest = self.waiting.partition_point(|alert| alert.priority > lowest);
        self.waiting.remove(oldest)
    }

    pub(super) fn next(&mut self) -> Option<Arc<Alert>> {
        self.waiting.pop_front()
    }

    pub(super) fn clear(&mut self) -> VecDeque<Arc<Alert>> {
        // The memory goes too: an idle queue costs nothing.
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.waiting.iter()
    }

    pub(super) fn contains(&self, id: AlertId) -> bool {
        self.waiting.iter().any(|alert| alert.id == id)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// Whether a cheer goes into one that waits: of the same known person, on the same platform, in the same units; a test
/// or a replay goes into nothing.
fn goes_into(alert: &Alert, earlier: &Alert) -> bool {
    let unit = |alert: &Alert| alert.units.as_ref().map(|units| units.kind.clone());
    let is_live = |alert: &Alert| alert.event.is_some() && alert.priority != AlertPriority::Replay;
    alert.kind == AlertKind::Cheer
        && earlier.kind == AlertKind::Cheer
        && alert.platform == earlier.platform
        && alert.name == earlier.name
        && &*alert.name != ANONYMOUS
        && unit(alert) == unit(earlier)
        && is_live(alert)
        && is_live(earlier)
}

fn merge(alert: &Alert, earlier: &mut Alert) {
    if let (Some(sum), Some(more)) = (&mut earlier.units, &alert.units) {
        sum.amount = sum.amount.saturating_add(more.amount);
    }
    earlier.events = earlier.events.saturating_add(alert.events);
    if alert.text.is_some() {
        earlier.text.clone_from(&alert.text);
    }
}

#[cfg(test)]
mod tests;
