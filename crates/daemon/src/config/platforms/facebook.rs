//! `[platforms.facebook]`

use std::path::PathBuf;

use clap::ValueEnum;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    app::{App, app},
    check_http,
};
use crate::config::{Invalid, secret, values::choice};

/// `[platforms.facebook]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacebookConfig {
    /// The app's id: <https://developers.facebook.com/apps>.
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(with = "secret", default)]
    pub client_secret: Option<SecretString>,
    /// A file that holds [`Self::client_secret`].
    pub client_secret_file: Option<PathBuf>,
    /// The version of the Graph API, `v25.0`. Facebook ends each after about two years:
    /// <https://developers.facebook.com/docs/graph-api/changelog/versions>.
    pub graph_version: String,
    /// Where the Graph API is, with its version; not given: Facebook's, in [`Self::graph_version`].
    pub graph_url: Option<String>,
    /// Where users agree; not given: Facebook's, in [`Self::graph_version`].
    pub dialog_url: Option<String>,
    /// What becomes of a live video when its stream arrives.
    #[serde(deserialize_with = "choice")]
    pub go_live: GoLive,
}

/// What becomes of a live video when its stream arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum GoLive {
    /// It is published.
    AtOnce,
    /// Only the page's people see it until they publish it there.
    ByHand,
}

impl FacebookConfig {
    /// Where the Graph API is, with its version.
    #[must_use]
    pub fn graph_url(&self) -> String {
        let facebook = || format!("https://graph.facebook.com/{}", self.graph_version);
        self.graph_url.clone().unwrap_or_else(facebook)
    }

    /// Where users agree.
    #[must_use]
    pub fn dialog_url(&self) -> String {
        let facebook = || format!("https://www.facebook.com/{}/dialog/oauth", self.graph_version);
        self.dialog_url.clone().unwrap_or_else(facebook)
    }

    pub(crate) fn app(&self) -> App<'_> {
        app!(self, "facebook")
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        if !is_version(&self.graph_version) {
            let problem = format!("must be like \"v25.0\", got {:?}", self.graph_version);
            return Err(Invalid::new("platforms.facebook.graph_version", problem));
        }
        check_http("platforms.facebook.graph_url", &self.graph_url())?;
        check_http("platforms.facebook.dialog_url", &self.dialog_url())
    }
}

fn is_version(text: &str) -> bool {
    let is_number = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = text.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    parts.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_two_numbers_after_a_v() {
        for version in ["v25.0", "v3.12"] {
            assert!(is_version(version), "{version}");
        }
        for text in ["", "25.0", "v25", "v25.", "v25.0/x", "vx.y", "v2500.0"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
