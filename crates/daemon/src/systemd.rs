//! What systemd is told (`Type=notify-reload`), when it is there: `sd_notify(3)`.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::warn;

pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Followed by [`ready`], whether the reload succeeded or not.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "systemd was not told of a reload"),
    }
}

pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// Ticks when [`alive`] is due: twice within `WatchdogSec`, as `sd_watchdog_enabled(3)` advises.
pub(crate) fn watchdog() -> Option<Interval> {
    let period = sd_notify::watchdog_enabled()?.max(Duration::from_millis(2)) / 2;
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(ticks)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "systemd was not told");
    }
}
