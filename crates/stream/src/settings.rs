use std::time::Duration;

use crate::{CloudflarePace, PlatformPace};

/// What is the same for all users' streams.
#[derive(Clone, Copy, Debug)]
pub struct StreamSettings {
    /// How long a livestream waits for a lost encoder before it ends.
    pub auto_stop: Duration,
    /// How often Cloudflare is asked for an encoder's state when no webhook tells it.
    pub poll_interval: Duration,
    /// The same by the lifecycle endpoint, which costs nothing of the budget.
    pub lifecycle_interval: Duration,
    /// How long a destination may take to start.
    pub start_deadline: Duration,
    /// How long a stream may take to end; what has not ended by then is told.
    pub end_deadline: Duration,
    /// How fast PlatformManager goes about what it has to repeat.
    pub platforms: PlatformPace,
    /// How fast CloudflareManager goes about what it has to repeat.
    pub cloudflare: CloudflarePace,
    /// An alert that had to wait for longer is not shown any more.
    pub alert_max_age: Duration,
    /// How many alerts may wait for one user.
    pub alert_backlog: usize,
    /// How long a chat message of our own is waited for, as answer or as echo.
    pub echo_window: Duration,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            auto_stop: Duration::from_mins(5),
            poll_interval: Duration::from_mins(1),
            lifecycle_interval: Duration::from_secs(10),
            start_deadline: Duration::from_secs(30),
            end_deadline: Duration::from_secs(10),
            platforms: PlatformPace::default(),
            cloudflare: CloudflarePace::default(),
            alert_max_age: Duration::from_mins(10),
            alert_backlog: 200,
            echo_window: Duration::from_secs(5),
        }
    }
}
