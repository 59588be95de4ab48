//! Configuration: what the daemon is told, by whom, and what it makes of it.
//!
//! ```text
//! config/default.toml < development mode's own < /etc/stagedoor/stagedoor.toml < config/*.toml < --config
//!                     < STAGEDOOR__SECTION__KEY < flags                                      ──▶ Loaded
//! ```
//!
//! One file a section, each with a `validate` that names the key it does not like; [`Loaded`] remembers where every
//! value came from, so that the error names the file as well.

mod auth;
mod byte_size;
mod cloudflare;
mod error;
mod gateway;
mod inspect;
mod load;
mod log;
mod mode;
mod paces;
mod platforms;
mod presence;
mod reload;
mod secret;
mod show;
mod shutdown;
mod sources;
mod store;
mod stream;
mod values;

use std::{fmt::Display, ops::RangeInclusive, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::{
    auth::{Algorithm, AuthConfig},
    byte_size::{ByteSize, NotAByteSize},
    cloudflare::CloudflareConfig,
    error::{Invalid, LoadError},
    gateway::GatewayConfig,
    inspect::InspectConfig,
    load::{DEFAULT_TOML, Loaded},
    log::{LogConfig, LogFormat},
    mode::Mode,
    paces::Paces,
    platforms::{
        FacebookConfig, GoLive, KickConfig, PlatformsConfig, Privacy, TwitchConfig, YouTubeConfig,
    },
    presence::PresenceConfig,
    reload::Changes,
    shutdown::ShutdownConfig,
    sources::{Origin, Sources},
    store::{RetentionConfig, StoreConfig},
    stream::StreamConfig,
};
pub(crate) use self::{load::read_text, platforms::App};

/// Everything that the daemon can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How careful the daemon is.
    #[serde(deserialize_with = "values::choice")]
    pub mode: Mode,
    /// Where the daemon keeps its database, its keys, its socket, its lock and its development secret.
    pub state_dir: PathBuf,
    /// The listeners.
    pub gateway: GatewayConfig,
    /// Who is let in.
    pub auth: AuthConfig,
    /// Whose tree runs.
    pub presence: PresenceConfig,
    /// What runs in a tree.
    pub stream: StreamConfig,
    /// What lasts.
    pub store: StoreConfig,
    /// Where streams come in and go out.
    pub cloudflare: CloudflareConfig,
    /// Our applications at the platforms.
    pub platforms: PlatformsConfig,
    /// The debug client's door.
    pub inspect: InspectConfig,
    /// What is written.
    pub log: LogConfig,
    /// How long an end may take.
    pub shutdown: ShutdownConfig,
    /// Whether what the daemon talks to is made up: set by `--demo`, by nothing else.
    #[serde(skip)]
    pub demo: bool,
    /// How fast it goes about what it repeats: set by tests, by nothing else.
    #[serde(skip)]
    pub paces: Paces,
}

impl Config {
    /// What holds when nobody says anything: development mode, on loopback.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the built-in files are held by tests")]
    pub fn development() -> Self {
        Loaded::from_sources(&Sources::default()).expect("the built-in defaults are valid").config
    }

    /// Refuses what cannot work and what must not run.
    pub fn validate(&self) -> Result<(), Invalid> {
        if self.state_dir.as_os_str().is_empty() {
            return Err(Invalid::new("state_dir", "is empty"));
        }
        self.gateway.validate(self.mode, &self.platforms)?;
        self.auth.validate(self.mode, &self.gateway)?;
        self.presence.validate()?;
        self.stream.validate()?;
        self.store.validate()?;
        self.cloudflare.validate()?;
        self.platforms.validate()?;
        self.inspect.validate(&self.state_dir)?;
        self.log.validate()?;
        self.shutdown.validate()
    }
}

/// Refuses a value outside of `range`.
fn check_range<T: PartialOrd + Display + Copy>(
    key: &'static str,
    value: T,
    range: &RangeInclusive<T>,
) -> Result<(), Invalid> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Invalid::new(
        key,
        format!("must be between {} and {}, got {value}", range.start(), range.end()),
    ))
}

/// The range, for durations that print as they are written.
fn durations(range: &RangeInclusive<Duration>) -> RangeInclusive<humantime::Duration> {
    (*range.start()).into()..=(*range.end()).into()
}

#[cfg(test)]
mod tests;
