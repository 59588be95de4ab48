//! A circuit breaker: a platform that does not answer is not asked by every click.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stagedoor_platforms::Error;
use tokio::time::Instant;

/// So many calls in a row must have been lost.
const THRESHOLD: u32 = 5;
/// For so long nothing is asked then; twice as long after each probe that is lost as well.
const COOL_DOWN: Duration = Duration::from_secs(5);
const LONGEST_COOL_DOWN: Duration = Duration::from_mins(1);

/// Counts calls that were lost. What a platform refuses is an answer.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    lost: u32,
    open_until: Option<Instant>,
    /// One call is let through to see whether the platform is back.
    probing: bool,
}

/// Whether calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// They are.
    Closed,
    /// They are not, for a while.
    Open,
    /// One is, to see whether the platform is back.
    HalfOpen,
}

impl Breaker {
    /// Whether a call may be made.
    ///
    /// # Errors
    /// For how long none may.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        match self.open_until {
            None => Ok(()),
            Some(until) if now < until => Err(until - now),
            Some(_) if self.probing => Err(Duration::from_secs(1)),
            Some(_) => {
                self.probing = true;
                Ok(())
            }
        }
    }

    /// What became of a call that was let through.
    pub(super) fn note(&mut self, error: Option<&Error>, now: Instant) {
        if !error.is_some_and(Error::is_outage) {
            *self = Self::default();
            return;
        }
        self.lost = self.lost.saturating_add(1);
        self.probing = false;
        if let Some(times) = self.lost.checked_sub(THRESHOLD) {
            let factor = 2u32.checked_pow(times).unwrap_or(u32::MAX);
            self.open_until = Some(now + COOL_DOWN.saturating_mul(factor).min(LONGEST_COOL_DOWN));
        }
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Error {
        Error::Unavailable { what: "nobody answers".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn after_five_lost_calls_none_is_made_for_a_while_and_then_one() {
        let mut breaker = Breaker::default();
        for _ in 0..THRESHOLD {
            assert_eq!(breaker.admit(Instant::now()), Ok(()));
            breaker.note(Some(&lost()), Instant::now());
        }
        assert_eq!(breaker.admit(Instant::now()), Err(COOL_DOWN));
        assert_eq!(breaker.state(Instant::now()), BreakerState::Open);
        tokio::time::advance(COOL_DOWN).await;
        assert_eq!(breaker.state(Instant::now()), BreakerState::HalfOpen);
        assert_eq!(breaker.admit(Instant::now()), Ok(()));
        assert!(breaker.admit(Instant::now()).is_err(), "one probe at a time");
        breaker.note(Some(&lost()), Instant::now());
        assert_eq!(breaker.admit(Instant::now()), Err(2 * COOL_DOWN));
        tokio::time::advance(2 * COOL_DOWN).await;
        assert_eq!(breaker.admit(Instant::now()), Ok(()));
        breaker.note(None, Instant::now());
        assert_eq!(breaker.state(Instant::now()), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_an_answer() {
        let mut breaker = Breaker::default();
        for _ in 0..2 * THRESHOLD {
            breaker.note(Some(&Error::NotFound), Instant::now());
            breaker.note(Some(&Error::RateLimited { retry_after: None }), Instant::now());
        }
        assert_eq!(breaker.admit(Instant::now()), Ok(()));
    }
}
