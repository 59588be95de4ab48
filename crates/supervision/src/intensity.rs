//! Restart intensity: OTP's sliding window.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::spec::Intensity;

/// The restarts of the last `period`. Takes no memory before the first restart.
#[derive(Debug)]
pub(crate) struct RestartWindow {
    limit: Intensity,
    restarts: VecDeque<Instant>,
}

impl RestartWindow {
    pub(crate) fn new(limit: Intensity) -> Self {
        Self { limit, restarts: VecDeque::new() }
    }

    /// Counts a restart and says whether it is one that is still tolerated.
    ///
    /// As in OTP's `supervisor:add_restart/1`, a restart exactly `period` ago still counts.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        while self.restarts.front().is_some_and(|at| now - *at > self.limit.period) {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        self.restarts.len() <= self.limit.restarts
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_more_than_the_intensity_within_the_period_is_too_many() {
        let start = Instant::now();
        let mut window =
            RestartWindow::new(Intensity { restarts: 2, period: Duration::from_secs(5) });
        assert!(window.admits(start));
        assert!(window.admits(start + Duration::from_secs(5)));
        assert!(
            !window.admits(start + Duration::from_secs(5)),
            "the first is exactly 5 s old: it counts"
        );
    }

    #[test]
    fn the_window_slides() {
        let start = Instant::now();
        let mut window =
            RestartWindow::new(Intensity { restarts: 1, period: Duration::from_secs(5) });
        for round in 0..100 {
            assert!(window.admits(start + Duration::from_millis(5001 * round)));
        }
        assert!(window.restarts.len() <= 2, "what is too old is forgotten");
    }

    #[test]
    fn an_intensity_of_zero_tolerates_none() {
        let mut window =
            RestartWindow::new(Intensity { restarts: 0, period: Duration::from_secs(5) });
        assert!(!window.admits(Instant::now()));
    }
}
