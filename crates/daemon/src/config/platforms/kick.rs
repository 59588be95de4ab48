//! `[platforms.kick]`

use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    app::{App, app},
    check_http,
};
use crate::config::{Invalid, secret};

/// `[platforms.kick]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KickConfig {
    /// The app's id: <https://kick.com/settings/developer>.
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(with = "secret", default)]
    pub client_secret: Option<SecretString>,
    /// A file that holds [`Self::client_secret`].
    pub client_secret_file: Option<PathBuf>,
    /// A file with the public key, in PEM, by which Kick's webhooks are known. Not given: it is fetched from Kick.
    pub public_key_file: Option<PathBuf>,
    /// Where the API is.
    pub api_url: String,
    /// Where users agree and tokens are fetched.
    pub id_url: String,
    /// Where people watch.
    pub site_url: String,
}

impl KickConfig {
    pub(crate) fn app(&self) -> App<'_> {
        app!(self, "kick")
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        check_http("platforms.kick.api_url", &self.api_url)?;
        check_http("platforms.kick.id_url", &self.id_url)?;
        check_http("platforms.kick.site_url", &self.site_url)
    }
}
