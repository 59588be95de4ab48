//! `log.level`: which lines are written.

use std::str::FromStr;

use thiserror::Error;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Libraries that talk about themselves; said after them, a level of theirs wins.
const QUIET: [(&str, LevelFilter); 2] =
    [("ractor", LevelFilter::WARN), ("hyper", LevelFilter::WARN)];

/// A part of `log.level` that is neither a level nor `module=level`.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "must be error, warn, info, debug, trace or off, or such for modules (\"info,stagedoor_presence=debug\"), got {0:?}"
)]
pub struct BadFilter(String);

/// Reads `info` or `info,stagedoor_presence=debug`. Stricter than [`Targets`] itself, which takes `inf` for a module's name.
pub(crate) fn parse_filter(text: &str) -> Result<Targets, BadFilter> {
    let mut filter = Targets::new().with_default(LevelFilter::INFO).with_targets(QUIET);
    for part in text.split(',').map(str::trim) {
        let bad = || BadFilter(part.to_owned());
        let level = |text: &str| match text {
            "" => Err(bad()),
            text => LevelFilter::from_str(text).map_err(|_| bad()),
        };
        filter = match part.split_once('=') {
            None => filter.with_default(level(part)?),
            Some((target, text)) if is_module(target) => filter.with_target(target, level(text)?),
            Some(_) => return Err(bad()),
        };
    }
    Ok(filter)
}

fn is_module(target: &str) -> bool {
    !target.is_empty() && target.chars().all(|c| c.is_ascii_alphanumeric() || "_:-".contains(c))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_stay_quiet_unless_they_are_named() {
        let filter = parse_filter("debug").unwrap();
        assert!(filter.would_enable("stagedoor_presence::manager", &Level::DEBUG));
        assert!(!filter.would_enable("ractor::actor", &Level::INFO));

        let filter = parse_filter("warn, ractor=trace").unwrap();
        assert!(!filter.would_enable("stagedoor_presence", &Level::INFO));
        assert!(filter.would_enable("ractor::actor", &Level::TRACE));
    }

    #[test]
    fn a_misspelt_level_is_refused_and_not_taken_for_a_module() {
        for text in [
            "inf",
            "",
            "info,",
            "info,=debug",
            "info,stagedoor=",
            "info,a b=debug",
            "info,stagedoor=loud",
        ] {
            assert!(parse_filter(text).is_err(), "{text:?}");
        }
    }
}
