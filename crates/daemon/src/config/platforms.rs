//! `[platforms]`: our applications at the platforms. One that has no `client_id` is not there: nobody can connect an
//! account on that platform.

mod app;
mod facebook;
mod kick;
mod twitch;
mod youtube;

use serde::{Deserialize, Serialize};

use super::{Invalid, gateway::is_http_url};
pub(crate) use app::App;
pub use facebook::{FacebookConfig, GoLive};
pub use kick::KickConfig;
pub use twitch::TwitchConfig;
pub use youtube::{Privacy, YouTubeConfig};

/// `[platforms]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformsConfig {
    /// `[platforms.twitch]`
    pub twitch: TwitchConfig,
    /// `[platforms.youtube]`
    pub youtube: YouTubeConfig,
    /// `[platforms.kick]`
    pub kick: KickConfig,
    /// `[platforms.facebook]`
    pub facebook: FacebookConfig,
}

impl PlatformsConfig {
    /// What all of them have.
    pub(crate) fn apps(&self) -> [App<'_>; 4] {
        [self.twitch.app(), self.youtube.app(), self.kick.app(), self.facebook.app()]
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        for app in self.apps() {
            app.validate()?;
        }
        self.twitch.validate()?;
        self.youtube.validate()?;
        self.kick.validate()?;
        self.facebook.validate()
    }
}

/// Refuses what is not where an API is.
fn check_http(key: &'static str, url: &str) -> Result<(), Invalid> {
    if is_http_url(url) {
        return Ok(());
    }
    Err(Invalid::new(key, format!("must be an address that begins with https://, got {url:?}")))
}

/// Refuses what begins with none of these.
fn check_scheme(key: &'static str, url: &str, schemes: [&str; 2]) -> Result<(), Invalid> {
    if schemes.iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
        return Ok(());
    }
    Err(Invalid::new(key, format!("must begin with {}, got {url:?}", schemes[0])))
}
