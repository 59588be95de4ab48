//! The grace timers: one queue ordered by deadline, and one alarm for its head.

use std::collections::{BTreeSet, HashMap};

use stagedoor_domain::UserId;
use tokio::{task::AbortHandle, time::Instant};

/// The users whose trees are to be stopped, and when. A cancelled timer leaves nothing behind.
#[derive(Default)]
pub(super) struct GraceTimers {
    by_user: HashMap<UserId, Instant>,
    by_deadline: BTreeSet<(Instant, UserId)>,
    alarm: Option<Alarm>,
}

/// The one task that sleeps until the head of the queue is due.
struct Alarm {
    at: Instant,
    task: AbortHandle,
}

impl GraceTimers {
    pub(super) fn len(&self) -> usize {
        self.by_user.len()
    }

    pub(super) fn runs_for(&self, user: &UserId) -> bool {
        self.by_user.contains_key(user)
    }

    pub(super) fn arm(&mut self, user: UserId, deadline: Instant) {
        self.cancel(&user);
        self.by_user.insert(user.clone(), deadline);
        self.by_deadline.insert((deadline, user));
    }

    /// Says whether there was one.
    pub(super) fn cancel(&mut self, user: &UserId) -> bool {
        match self.by_user.remove_entry(user) {
            Some((user, deadline)) => self.by_deadline.remove(&(deadline, user)),
            None => false,
        }
    }

    /// Takes the next timer that is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<UserId> {
        if self.by_deadline.first()?.0 > now {
            return None;
        }
        let (_, user) = self.by_deadline.pop_first()?;
        self.by_user.remove(&user);
        Some(user)
    }

    /// Deadlines and users, the earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Instant, UserId)> {
        self.by_deadline.iter()
    }

    /// Sets the alarm for the head of the queue, if it is not set for then already. `ring` is called once.
    pub(super) fn set_alarm(&mut self, ring: impl FnOnce() + Send + 'static) {
        let next = self.by_deadline.first().map(|(deadline, _)| *deadline);
        // An alarm that rings too early does no harm: nothing is due then, and it is set anew.
        if let (Some(alarm), Some(next)) = (&self.alarm, next)
            && alarm.at <= next
            && !alarm.task.is_finished()
        {
            return;
        }
        self.silence();
        self.alarm = next.map(|at| {
            let task = tokio::spawn(async move {
                tokio::time::sleep_until(at).await;
                ring();
            });
            Alarm { at, task: task.abort_handle() }
        });
    }

    fn silence(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.task.abort();
        }
    }
}

impl Drop for GraceTimers {
    fn drop(&mut self) {
        self.silence();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[test]
    fn timers_are_due_in_the_order_of_their_deadlines() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut timers = GraceTimers::default();
        timers.arm(user("late"), now + 2 * second);
        timers.arm(user("early"), now + second);
        assert_eq!(timers.pop_due(now), None);
        assert_eq!(timers.pop_due(now + 2 * second), Some(user("early")));
        assert_eq!(timers.pop_due(now + 2 * second), Some(user("late")));
        assert_eq!(timers.pop_due(now + 2 * second), None);
    }

    #[test]
    fn a_cancelled_timer_leaves_nothing_behind() {
        let mut timers = GraceTimers::default();
        for _ in 0..1000 {
            timers.arm(user("ada"), Instant::now());
            timers.arm(user("ada"), Instant::now());
            assert!(timers.cancel(&user("ada")));
            assert!(!timers.cancel(&user("ada")));
        }
        assert_eq!((timers.len(), timers.by_deadline.len()), (0, 0));
    }
}
