//! Waiting for conditions.

use std::{fmt::Debug, time::Duration};

use tokio::time::{Instant, sleep};

/// How long anything may take that takes milliseconds on a machine with nothing else to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How often a condition is looked at. It is looked at as it stands, so nothing is missed in between.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks again and again until it `holds`; what was seen then. `what` names it when it never comes.
///
/// # Panics
///
/// After [`PATIENCE`], with what was seen last.
pub async fn wait_until<T: Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> T,
    holds: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if holds(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "never: {what}; last seen: {seen:#?}");
        sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_so_already_is_not_waited_for() {
        let before = Instant::now();
        assert_eq!(wait_until("seven", async || 7, |n| *n == 7).await, 7);
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "never: eight; last seen: 7")]
    async fn what_never_comes_is_told_with_what_was_seen_last() {
        wait_until("eight", async || 7, |n| *n == 8).await;
    }
}
