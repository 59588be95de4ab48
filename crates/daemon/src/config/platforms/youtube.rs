//! `[platforms.youtube]`

use std::path::PathBuf;

use clap::ValueEnum;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    app::{App, app},
    check_http,
};
use crate::config::{Invalid, check_range, secret, values::choice};

/// `[platforms.youtube]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YouTubeConfig {
    /// The id of the project's OAuth client: <https://console.cloud.google.com/apis/credentials>.
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(with = "secret", default)]
    pub client_secret: Option<SecretString>,
    /// A file that holds [`Self::client_secret`].
    pub client_secret_file: Option<PathBuf>,
    /// Where the API is: what comes before `/youtube/v3`.
    pub base_url: String,
    /// Where chats are streamed, by gRPC.
    pub stream_url: String,
    /// Where users agree.
    pub authorize_url: String,
    /// Where tokens are fetched.
    pub token_url: String,
    /// Where tokens are given back.
    pub revoke_url: String,
    /// Who may see the broadcasts that are made.
    #[serde(deserialize_with = "choice")]
    pub privacy: Privacy,
    /// How many units the project has a day, for all users: <https://console.cloud.google.com/iam-admin/quotas>.
    pub quota: u64,
}

/// Who may see a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    /// Everybody.
    Public,
    /// Who knows its address.
    Unlisted,
    /// Its owner.
    Private,
}

impl Privacy {
    /// As YouTube calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
        }
    }
}

impl YouTubeConfig {
    pub(crate) fn app(&self) -> App<'_> {
        app!(self, "youtube")
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        for (key, url) in [
            ("platforms.youtube.base_url", &self.base_url),
            ("platforms.youtube.stream_url", &self.stream_url),
            ("platforms.youtube.authorize_url", &self.authorize_url),
            ("platforms.youtube.token_url", &self.token_url),
            ("platforms.youtube.revoke_url", &self.revoke_url),
        ] {
            check_http(key, url)?;
        }
        check_range("platforms.youtube.quota", self.quota, &(1..=1_000_000_000))
    }
}
