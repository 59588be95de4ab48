use std::{fmt, path::PathBuf};

use secrecy::SecretString;

/// Where a daemon's inspector is.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// At a Unix socket.
    Unix(PathBuf),
    /// At a TCP address, with a token.
    Tcp {
        /// Host and port.
        address: String,
        /// What the daemon wants to hear; not shown by `Debug`.
        token: SecretString,
    },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp { address, .. } => f.write_str(address),
        }
    }
}
