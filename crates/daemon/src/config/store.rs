//! `[store]`: where what must last is kept, and for how long.

use std::{path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ByteSize, Invalid, check_range, durations, secret, values::duration};

/// `[store]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `postgres://…`, or `sqlite:` and a path; not given: `stagedoor.db` in the state directory. It may hold a
    /// password.
    #[serde(with = "secret", default)]
    pub url: Option<SecretString>,
    /// The file with the keys that encrypt secrets; not given: `keyring` in the state directory, made at first use.
    pub keyring_file: Option<PathBuf>,
    /// Its content.
    #[serde(with = "secret", default)]
    pub keyring: Option<SecretString>,
    /// Events that may wait to be written.
    pub buffer_events: usize,
    /// How much memory they may take.
    pub buffer_limit: ByteSize,
    /// `[store.retention]`
    pub retention: RetentionConfig,
}

/// `[store.retention]`: how long each kind of thing is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// What platforms sent, word for word.
    #[serde(with = "duration")]
    pub raw: Duration,
    /// Messages in the chat.
    #[serde(with = "duration")]
    pub chat: Duration,
    /// All other events.
    #[serde(with = "duration")]
    pub events: Duration,
    /// Alerts that are over.
    #[serde(with = "duration")]
    pub alerts: Duration,
    /// Series by the minute; after that they are put together by the hour.
    #[serde(with = "duration")]
    pub minutes: Duration,
}

impl StoreConfig {
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        if self.keyring.is_some() && self.keyring_file.is_some() {
            let problem = "cannot stand beside store.keyring: give one of them";
            return Err(Invalid::new("store.keyring_file", problem));
        }
        if let Some(url) = &self.url {
            let known = ["postgres://", "postgresql://", "sqlite:"];
            if !known.iter().any(|scheme| url.expose_secret().starts_with(scheme)) {
                return Err(Invalid::new("store.url", "must begin with postgres:// or sqlite:"));
            }
        }
        check_range("store.buffer_events", self.buffer_events, &(100..=10_000_000))?;
        self.retention.validate()
    }
}

/// The least that anything is kept.
const HOUR: Duration = Duration::from_hours(1);
/// From the last day's events series are counted again after a crash: neither may be gone by then.
const DAY: Duration = Duration::from_hours(24);
const CENTURY: Duration = Duration::from_hours(24 * 36_525);

impl RetentionConfig {
    fn validate(&self) -> Result<(), Invalid> {
        for (key, value, least) in [
            ("store.retention.raw", self.raw, HOUR),
            ("store.retention.chat", self.chat, DAY),
            ("store.retention.events", self.events, DAY),
            ("store.retention.alerts", self.alerts, HOUR),
            ("store.retention.minutes", self.minutes, DAY),
        ] {
            check_range(key, humantime::Duration::from(value), &durations(&(least..=CENTURY)))?;
        }
        Ok(())
    }
}
