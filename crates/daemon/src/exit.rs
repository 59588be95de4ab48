//! How the process ends.

use std::process::ExitCode;

/// The exit codes of `stagedoord`. From 64 on they are those of sysexits(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// Everything was done, or stopped as it was asked to.
    Clean = 0,
    /// A part died that the daemon cannot do without, or did not stop in time, or a second signal cut the stop short.
    Failed = 1,
    /// `EX_USAGE`: the command line makes no sense.
    Usage = 64,
    /// `EX_UNAVAILABLE`: an address or the state directory cannot be had.
    Unavailable = 69,
    /// `EX_CONFIG`: the configuration is wrong, or refused in this mode.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
