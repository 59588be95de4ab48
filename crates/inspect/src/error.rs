//! What can go wrong, by who is told.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use stagedoor_supervision::AddressError;
use thiserror::Error;

/// Why an actor did not answer: [`AddressError`] in a form that travels.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Failure {
    /// Nobody is there: it is between two lives, or gone.
    #[error("is down")]
    Down,
    /// It starts when it is first needed, and nobody has needed it yet.
    #[error("is not started")]
    NotStarted,
    /// It ended before it answered.
    #[error("ended before it answered")]
    Lost,
    /// It did not answer in time.
    #[error("did not answer within {limit_ms} ms")]
    TimedOut {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// It has too much to do.
    #[error("has too many messages waiting")]
    Full,
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::NotStarted => Self::NotStarted,
            AddressError::Lost => Self::Lost,
            AddressError::TimedOut(limit) => Self::TimedOut { limit_ms: milliseconds(limit) },
            AddressError::Full => Self::Full,
            _ => Self::Down,
        }
    }
}

/// Whole milliseconds; what does not fit is the largest number that does.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A path as people call it.
fn named(path: &str) -> String {
    if path.is_empty() { "the root".into() } else { format!("{path:?}") }
}

/// Why a question was not answered. Travels as `{"error": "not_found", …}`.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "error", rename_all = "snake_case")]
#[non_exhaustive]
pub enum InspectError {
    /// Nothing is at the path.
    #[error("nothing is at {path:?}; the nearest that exists is {}", named(nearest))]
    NotFound {
        /// The path asked for.
        path: String,
        /// The nearest parent that exists; empty is the root.
        nearest: String,
    },
    /// The path leads to a worker, and workers have no children.
    #[error("{path:?} is not a supervisor")]
    NotSupervisor {
        /// The path asked for.
        path: String,
    },
    /// The root has no supervisor that could act on it.
    #[error("the root cannot be acted upon: stop the daemon instead")]
    Root,
    /// The actor at the path did not answer.
    #[error("{path:?} {failure}")]
    Actor {
        /// Whose path.
        path: String,
        /// Why.
        #[serde(flatten)]
        failure: Failure,
    },
    /// The supervisor did not carry out the action.
    #[error("could not {action} {path:?}: {reason}")]
    NotDone {
        /// What was to be done.
        action: crate::Action,
        /// To whom.
        path: String,
        /// Why it was not.
        reason: String,
    },
    /// The daemon has nothing that it could answer with.
    #[error("this daemon does not know its users' {what}")]
    Unsupported {
        /// What was asked about: `streams`, `events`, `alerts`, `platforms`.
        what: String,
    },
    /// What would answer cannot be asked, or does not answer.
    #[error("could not ask for {what}: {reason}")]
    Unavailable {
        /// What was asked about.
        what: String,
        /// Why there is no answer.
        reason: String,
    },
    /// What was to be done cannot be.
    #[error("{reason}")]
    Refused {
        /// Why, for programs: `encoder_not_connected`.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// The daemon does not understand the question.
    #[error("the daemon does not understand the question: {reason}")]
    BadRequest {
        /// Why.
        reason: String,
    },
    /// More questions at a time than a connection may have.
    #[error("more than {limit} questions are under way on this connection")]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// The answer does not fit into a frame.
    #[error("the answer has {bytes} bytes, more than the {limit} that fit: ask for fewer rows")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The inspector itself did not answer.
    #[error("the inspector {failure}")]
    Inspector {
        /// Why.
        #[serde(flatten)]
        failure: Failure,
    },
    /// The connection to the daemon is gone; so is everything that was under way on it.
    #[error("the connection to the daemon is lost: {reason}")]
    Disconnected {
        /// Why.
        reason: String,
    },
    /// The daemon's answer is not what this client expects of it.
    #[error("the daemon's answer is not understood: {reason}")]
    BadAnswer {
        /// Why.
        reason: String,
    },
}

impl InspectError {
    /// Whether asking again may help; of others, what was asked cannot be.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Actor { .. }
                | Self::Busy { .. }
                | Self::Unavailable { .. }
                | Self::Inspector { .. }
                | Self::Disconnected { .. }
        )
    }
}

impl From<AddressError> for InspectError {
    fn from(error: AddressError) -> Self {
        Self::Inspector { failure: error.into() }
    }
}

/// Why the daemon turned a connection away. Travels as `{"refused": {"why": "token"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The client speaks another version of the wire.
    #[error("it speaks version {daemon} of the wire, this client version {client}")]
    Version {
        /// The daemon's.
        daemon: u32,
        /// The client's.
        client: u32,
    },
    /// The token is missing or wrong.
    #[error("the token is missing or wrong")]
    Token,
    /// The peer runs as another user.
    #[error("only the daemon's own user and root may connect")]
    Peer,
    /// As many clients are connected as may be.
    #[error("{limit} clients are connected already")]
    Connections {
        /// The limit.
        limit: usize,
    },
    /// No hello came in time.
    #[error("no hello came within {limit_ms} ms")]
    Late {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// The first frame was not a hello.
    #[error("the first frame was not a hello")]
    NotHello,
}

/// Why a client did not reach the inspector.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("no daemon answers at {endpoint}")]
    NotThere {
        /// Where.
        endpoint: String,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Somebody listens, and it could not be talked to.
    #[error("could not talk to the daemon at {endpoint}")]
    Io {
        /// Where.
        endpoint: String,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Somebody listens, and does not answer as a daemon does.
    #[error("what answers at {endpoint} is not a stagedoor daemon")]
    NotADaemon {
        /// Where.
        endpoint: String,
    },
    /// The daemon did not answer in time.
    #[error("the daemon at {endpoint} did not answer within {limit:?}")]
    TimedOut {
        /// Where.
        endpoint: String,
        /// The limit.
        limit: Duration,
    },
    /// The daemon turned the connection away.
    #[error("the daemon at {endpoint} refuses: {refusal}")]
    Refused {
        /// Where.
        endpoint: String,
        /// Why.
        refusal: Refusal,
    },
    /// The actor that carries the messages did not start.
    #[error("the remote inspector did not start")]
    Start(#[source] stagedoor_supervision::StartError),
}

/// Why the inspector's listener did not open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another daemon answers at the socket.
    #[error("another daemon answers at {path}")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// What is there is not a socket, and is not removed.
    #[error("{path} exists and is not a socket")]
    NotASocket {
        /// What is there.
        path: PathBuf,
    },
    /// The socket could not be made.
    #[error("could not listen at {path}")]
    Unix {
        /// The socket.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The address could not be listened at.
    #[error("could not listen at {address}")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The wire is not encrypted, so it stays on the machine.
    #[error("{address} is not a loopback address")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// Everybody on the machine can connect to a loopback address.
    #[error("listening at {address} needs a token")]
    NoToken {
        /// The address.
        address: SocketAddr,
    },
}
