//! `[platforms.twitch]`

use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    app::{App, app},
    check_http, check_scheme,
};
use crate::config::{Invalid, secret};

/// `[platforms.twitch]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwitchConfig {
    /// The application's id: <https://dev.twitch.tv/console/apps>.
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(with = "secret", default)]
    pub client_secret: Option<SecretString>,
    /// A file that holds [`Self::client_secret`].
    pub client_secret_file: Option<PathBuf>,
    /// Where Helix is.
    pub helix_url: String,
    /// Where OAuth is.
    pub oauth_url: String,
    /// Where sockets of EventSub are opened.
    pub eventsub_url: String,
    /// Where streams are sent to.
    pub ingest_url: String,
}

impl TwitchConfig {
    pub(crate) fn app(&self) -> App<'_> {
        app!(self, "twitch")
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        check_http("platforms.twitch.helix_url", &self.helix_url)?;
        check_http("platforms.twitch.oauth_url", &self.oauth_url)?;
        let sockets = ["wss://", "ws://"];
        check_scheme("platforms.twitch.eventsub_url", &self.eventsub_url, sockets)?;
        check_scheme("platforms.twitch.ingest_url", &self.ingest_url, ["rtmps://", "rtmp://"])
    }
}
