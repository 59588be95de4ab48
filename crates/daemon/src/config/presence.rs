//! `[presence]`: how long a tree outlives its user's visit, and how many may visit.

use std::{ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Invalid, check_range, durations, values::duration};

const CLEANUP_TIMEOUT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(24);

/// `[presence]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresenceConfig {
    /// How long a user's tree outlives the user's last session.
    #[serde(with = "duration")]
    pub cleanup_timeout: Duration,
    /// Whether a stream that is on air holds its user's tree.
    pub keep_while_live: bool,
    /// Users that may be present at a time.
    pub max_users: usize,
    /// Sessions that one user may have at a time.
    pub max_sessions_per_user: usize,
}

impl PresenceConfig {
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        check_range(
            "presence.cleanup_timeout",
            humantime::Duration::from(self.cleanup_timeout),
            &durations(&CLEANUP_TIMEOUT),
        )?;
        check_range("presence.max_users", self.max_users, &(1..=10_000_000))?;
        check_range("presence.max_sessions_per_user", self.max_sessions_per_user, &(1..=10_000))
    }
}
