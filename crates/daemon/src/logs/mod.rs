//! Logs: what is written, how a line looks, and a handle that changes the level of a running daemon.
//!
//! Actors log a constant message with fields. One field is special: `actor`, who speaks. In the text format it stands in
//! front, `[PresenceManager] Phoenix.Presence join: ada`; the JSON format keeps it as a field.

mod escape;
mod filter;
mod text;
mod time;

use std::{
    env,
    io::{self, IsTerminal},
};

use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

pub use self::filter::BadFilter;
pub(crate) use self::filter::parse_filter;
use self::{text::Text, time::Utc};
use crate::config::{LogConfig, LogFormat, Mode};

/// Why the logs could not be set up or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The level cannot be parsed.
    #[error("log.level is not valid")]
    Level(#[from] BadFilter),
    /// Somebody else has set up the logs of this process.
    #[error("the logs of this process are set up already")]
    SetUpAlready,
    /// The subscriber that the handle belongs to is gone.
    #[error("the logs of this process are gone")]
    Gone,
}

/// Changes the level of running logs.
#[derive(Clone, Debug)]
pub struct LevelHandle(reload::Handle<Targets, Registry>);

impl LevelHandle {
    /// Takes a level as in `log.level`.
    pub fn set(&self, level: &str) -> Result<(), LogError> {
        self.0.reload(parse_filter(level)?).map_err(|_| LogError::Gone)
    }
}

/// Sends the logs of this process to standard error: standard output belongs to what commands answer.
pub fn init(config: &LogConfig, mode: Mode) -> Result<LevelHandle, LogError> {
    let on_a_terminal = io::stderr().is_terminal();
    let format = config.format.resolve(mode, on_a_terminal);
    let colours = on_a_terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (subscriber, level) = subscriber(&config.level, format, colours, io::stderr)?;
    subscriber.try_init().map_err(|_| LogError::SetUpAlready)?;
    Ok(level)
}

/// Logs in `format` to `writer`; [`LogFormat::Auto`] is text.
pub(crate) fn subscriber<W>(
    level: &str,
    format: LogFormat,
    colours: bool,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync + use<W>, LevelHandle), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(parse_filter(level)?);
    let lines = fmt::layer().with_writer(writer).with_ansi(colours);
    let lines = match format {
        LogFormat::Json => lines
            .json()
            .with_timer(Utc)
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
        LogFormat::Text | LogFormat::Auto => lines.event_format(Text { timer: Utc }).boxed(),
    };
    Ok((tracing_subscriber::registry().with(filter).with(lines), LevelHandle(handle)))
}

#[cfg(test)]
mod tests;
