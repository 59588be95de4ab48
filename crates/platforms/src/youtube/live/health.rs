//! What there is to say of how a chat comes.

use std::time::Duration;

use crate::Link;

/// From this time between two calls on, people should know.
const SLOW: Duration = Duration::from_secs(20);

/// How a chat comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Why it is polled, if it is.
    pub(crate) polled: Option<Box<str>>,
    /// It comes in so many seconds, for the quota runs low.
    slow: Option<u64>,
    /// Nothing is left of the quota.
    exhausted: bool,
    /// There were too many calls.
    pub(crate) throttled: bool,
}

impl Health {
    /// The ledger says how long to wait from one call to the next. The number that is told changes only when it is
    /// another one by far.
    pub(crate) fn paced(&mut self, pace: Duration) {
        self.exhausted = false;
        let seconds = pace.as_secs();
        let told = self.slow.unwrap_or(0);
        let is_slow = if told > 0 { pace >= SLOW / 2 } else { pace >= SLOW };
        let is_far = seconds > 2 * told || seconds < told / 2;
        self.slow = match is_slow {
            true if is_far => Some(seconds),
            true => self.slow,
            false => None,
        };
    }

    pub(crate) fn exhausted(&mut self) {
        self.exhausted = true;
    }

    pub(crate) fn link(&self) -> Link {
        let mut reasons = Vec::new();
        if self.exhausted {
            reasons
                .push("YouTube's quota of the day is used up: the chat waits for more".to_owned());
        } else if let Some(seconds) = self.slow {
            reasons.push(format!("YouTube's quota runs low: chat comes every {seconds} s"));
        }
        if self.throttled {
            reasons.push("YouTube takes fewer calls for a while".into());
        }
        if let Some(why) = &self.polled {
            reasons.push(format!("chat is polled: {why}"));
        }
        if reasons.is_empty() {
            return Link::Connected;
        }
        Link::Degraded { reason: reasons.join("; ").into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_that_changes_a_little_is_no_news() {
        let mut health = Health::default();
        let mut told = Vec::new();
        for seconds in [0, 5, 19, 21, 25, 40, 43, 30, 22, 12, 9, 15, 25] {
            health.paced(Duration::from_secs(seconds));
            if told.last() != Some(&health.slow) {
                told.push(health.slow);
            }
        }
        assert_eq!(told, [None, Some(21), Some(43), Some(12), None, Some(25)]);
    }
}
