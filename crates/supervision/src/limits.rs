//! How long a start and a stop may take.

use std::time::Duration;

use crate::spec::{ChildType, Shutdown};

/// How long a start and a stop may take, in milliseconds: there are many specifications, and a `Duration` takes four
/// times the room.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    start_timeout: u32,
    shutdown: u32,
}

/// A worker that has no time to stop is killed.
const BRUTAL_KILL: u32 = 0;
const INFINITY: u32 = u32::MAX;

/// OTP's default for workers.
const WORKER_SHUTDOWN: u32 = 5_000;

/// How long a start may take by default. OTP waits for ever; a supervisor that hangs helps nobody.
const START_TIMEOUT: u32 = 10_000;

impl Limits {
    pub(crate) const fn of(child_type: ChildType) -> Self {
        let shutdown = match child_type {
            ChildType::Worker => WORKER_SHUTDOWN,
            ChildType::Supervisor => INFINITY,
        };
        Self { start_timeout: START_TIMEOUT, shutdown }
    }

    pub(crate) fn set_start_timeout(&mut self, limit: Duration) {
        self.start_timeout = milliseconds(limit);
    }

    pub(crate) fn set_shutdown(&mut self, shutdown: Shutdown) {
        self.shutdown = match shutdown {
            Shutdown::BrutalKill => BRUTAL_KILL,
            Shutdown::Timeout(limit) => milliseconds(limit),
            Shutdown::Infinity => INFINITY,
        };
    }

    pub(crate) fn start_timeout(self) -> Duration {
        Duration::from_millis(self.start_timeout.into())
    }

    pub(crate) fn shutdown(self) -> Shutdown {
        match self.shutdown {
            BRUTAL_KILL => Shutdown::BrutalKill,
            INFINITY => Shutdown::Infinity,
            limit => Shutdown::Timeout(Duration::from_millis(limit.into())),
        }
    }
}

/// Whole milliseconds, rounded up, and at most some 49 days.
fn milliseconds(limit: Duration) -> u32 {
    u32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(INFINITY).min(INFINITY - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read() {
        let mut limits = Limits::of(ChildType::Worker);
        assert_eq!(limits.shutdown(), Shutdown::Timeout(Duration::from_secs(5)));
        let month = Duration::from_hours(24 * 30);
        for shutdown in [Shutdown::BrutalKill, Shutdown::Timeout(month), Shutdown::Infinity] {
            limits.set_shutdown(shutdown);
            assert_eq!(limits.shutdown(), shutdown);
        }
        limits.set_start_timeout(Duration::from_micros(1));
        assert_eq!(limits.start_timeout(), Duration::from_millis(1), "rounded up");
    }
}
