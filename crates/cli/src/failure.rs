//! What went wrong, what to do about it, and the exit code that says so.

use std::{error::Error as _, fmt::Write as _, io, path::PathBuf, process::ExitCode};

use stagedoor_inspect::{ConnectError, InspectError};
use thiserror::Error;

use crate::text::escape;

/// `EX_UNAVAILABLE` of sysexits(3).
const UNAVAILABLE: u8 = 69;

/// As a shell reports a process that SIGINT has ended.
const INTERRUPTED: u8 = 130;

#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("--connect needs a token: name its file by --token-file, or set STAGEDOOR_TOKEN")]
    NoToken,
    #[error("could not read the token from {path}")]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("will not {what} unasked: this is no terminal to ask on, so say --yes")]
    NotAsked { what: String },
    #[error("nothing was done")]
    Declined,
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Answer(#[from] InspectError),
    #[error("could not write the answer")]
    Output(#[from] io::Error),
    #[error("could not write the answer as JSON")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NoToken | Self::TokenFile { .. } | Self::NotAsked { .. } => 2,
            Self::Connect(_) | Self::Answer(InspectError::Disconnected { .. }) => UNAVAILABLE,
            Self::Interrupted => INTERRUPTED,
            _ => 1,
        })
    }

    /// The reader has closed its end, as `head` does: nothing is wrong.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error with its causes in one line, and below it what helps.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("stagedoor: {}", escape(&self.to_string()));
        let mut cause = match self {
            Self::Connect(error) => error.source(),
            _ => self.source(),
        };
        while let Some(error) = cause {
            // Writing to a string does not fail.
            let _ = write!(text, ": {}", escape(&error.to_string()));
            cause = error.source();
        }
        text.push('\n');
        if let Self::Connect(ConnectError::NotThere { .. }) = self {
            text.push_str(concat!(
                "  start one here:      cargo run --release, or stagedoord\n",
                "  or say where it is:  --socket PATH, STAGEDOOR_SOCKET=PATH, or --connect HOST:PORT\n",
            ));
        }
        text
    }
}
