use std::time::Duration;

/// How fast PlatformManager goes about what it has to repeat.
#[derive(Clone, Copy, Debug)]
pub struct PlatformPace {
    /// The longest wait before a lost connection is made again the first time, or a failed call; it doubles with each
    /// failure.
    pub retry_initial: Duration,
    /// The longest wait of all. There is no last attempt.
    pub retry_max: Duration,
    /// A connection that has stood for so long has not failed.
    pub steady_after: Duration,
    /// How long a command may take.
    pub command_limit: Duration,
    /// How often AccountManager compares the accounts with the managers that run, when nobody says that it must.
    pub audit_interval: Duration,
}

impl Default for PlatformPace {
    fn default() -> Self {
        Self {
            retry_initial: Duration::from_secs(2),
            retry_max: Duration::from_mins(1),
            steady_after: Duration::from_mins(1),
            command_limit: Duration::from_secs(20),
            audit_interval: Duration::from_secs(15),
        }
    }
}
