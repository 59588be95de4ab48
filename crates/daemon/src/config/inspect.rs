//! `[inspect]`: the door of the debug client.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Invalid, check_range, gateway::is_loopback, secret, values::optional_address};

/// `sun_path` of unix(7) has 108 bytes, the last of them zero.
const SOCKET_PATH_BYTES: usize = 107;
const TOKEN_BYTES: usize = 16;

/// `[inspect]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectConfig {
    /// The Unix socket; see [`Self::socket_path`].
    pub socket: Option<PathBuf>,
    /// A loopback address for the same over TCP.
    #[serde(deserialize_with = "optional_address", default)]
    pub listen: Option<SocketAddr>,
    /// What a client over TCP must say.
    #[serde(with = "secret", default)]
    pub token: Option<SecretString>,
    /// A file that holds [`Self::token`].
    pub token_file: Option<PathBuf>,
    /// Debug clients at a time.
    pub connection_limit: usize,
}

impl InspectConfig {
    /// Where the Unix socket is: as said, or `stagedoord.sock` in the state directory.
    #[must_use]
    pub fn socket_path(&self, state_dir: &Path) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| state_dir.join("stagedoord.sock"))
    }

    pub(super) fn validate(&self, state_dir: &Path) -> Result<(), Invalid> {
        let bytes = self.socket_path(state_dir).as_os_str().len();
        if bytes > SOCKET_PATH_BYTES {
            let key = if self.socket.is_some() { "inspect.socket" } else { "state_dir" };
            return Err(Invalid::new(
                key,
                format!(
                    "gives the inspector's socket a path of {bytes} bytes, more than the {SOCKET_PATH_BYTES} that a socket can have: give a shorter inspect.socket"
                ),
            ));
        }
        check_range("inspect.connection_limit", self.connection_limit, &(1..=1_000))?;
        self.validate_tcp()
    }

    fn validate_tcp(&self) -> Result<(), Invalid> {
        let has_token = self.token.is_some() || self.token_file.is_some();
        if self.token.is_some() && self.token_file.is_some() {
            return Err(Invalid::new(
                "inspect.token_file",
                "cannot stand beside inspect.token: give one of them",
            ));
        }
        if let Some(token) = &self.token {
            let bytes = token.expose_secret().len();
            if bytes < TOKEN_BYTES {
                return Err(Invalid::new(
                    "inspect.token",
                    format!("must have at least {TOKEN_BYTES} bytes, got {bytes}"),
                ));
            }
        }
        match self.listen {
            Some(address) if !is_loopback(address.ip()) => Err(Invalid::new(
                "inspect.listen",
                format!(
                    "must be a loopback address, got {address}: reach it from elsewhere through ssh -L"
                ),
            )),
            Some(_) if !has_token => {
                Err(Invalid::new("inspect.listen", "needs inspect.token or inspect.token_file"))
            }
            _ => Ok(()),
        }
    }
}
