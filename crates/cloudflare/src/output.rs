use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::ConnectionStatus;

/// An output: what sends a live input's stream on to a destination.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Its id.
    pub uid: Box<str>,
    /// The destination's server. Neither it nor the key can be changed.
    pub url: Box<str>,
    /// The destination's key.
    pub stream_key: SecretString,
    /// Whether it sends when there is something to send.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Where its connection stands, where Cloudflare says.
    #[serde(default)]
    pub status: ConnectionStatus,
}

impl Output {
    /// Whether it sends to this server with this key.
    #[must_use]
    pub fn leads_to(&self, url: &str, stream_key: &SecretString) -> bool {
        *self.url == *url && self.stream_key.expose_secret() == stream_key.expose_secret()
    }
}

/// Cloudflare creates outputs enabled.
const fn yes() -> bool {
    true
}
