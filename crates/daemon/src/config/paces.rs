//! How fast the daemon goes about what it repeats, where nobody has to choose that: for tests, which are in a hurry.

use std::time::Duration;

use stagedoor_platforms::facebook;
use stagedoor_stream::PlatformPace;

/// How fast the daemon goes about what it repeats at the platforms. No key says any of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paces {
    /// Lost connections, failed calls, commands.
    pub platforms: PlatformPace,
    /// How often Facebook is asked for comments.
    pub facebook: facebook::Polling,
    /// How often a platform is asked how many watch, where its client has a choice; as the client has it, else.
    pub viewers: Option<Duration>,
    /// How often a channel on Kick is looked at; as the client has it, else.
    pub kick_reconcile: Option<(Duration, Duration)>,
}
