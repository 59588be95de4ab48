//! `[log]`: what is written, and how.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Invalid, Mode, values};
use crate::logs;

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// A level, and levels of single modules: `info,stagedoor_presence=debug`.
    pub level: String,
    /// How a line looks.
    #[serde(deserialize_with = "values::choice")]
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text in development mode and on a terminal, otherwise JSON.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl LogFormat {
    /// As it is written in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// What [`Self::Auto`] comes to.
    #[must_use]
    pub const fn resolve(self, mode: Mode, on_a_terminal: bool) -> Self {
        match (self, mode, on_a_terminal) {
            (Self::Auto, Mode::Development, _) | (Self::Auto, _, true) => Self::Text,
            (Self::Auto, Mode::Production, false) => Self::Json,
            (said, _, _) => said,
        }
    }
}

impl LogConfig {
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        match logs::parse_filter(&self.level) {
            Ok(_) => Ok(()),
            Err(error) => Err(Invalid::new("log.level", error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_logs_are_json_only_for_a_machine_in_production() {
        assert_eq!(LogFormat::Auto.resolve(Mode::Development, false), LogFormat::Text);
        assert_eq!(LogFormat::Auto.resolve(Mode::Production, true), LogFormat::Text);
        assert_eq!(LogFormat::Auto.resolve(Mode::Production, false), LogFormat::Json);
        assert_eq!(LogFormat::Json.resolve(Mode::Development, true), LogFormat::Json);
    }
}
