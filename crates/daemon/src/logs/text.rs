//! The text format, for people.
//!
//! ```text
//! 2026-11-22T15:09:03.121Z  INFO [PresenceManager] Phoenix.Presence join: ada sessions=1
//! time                     level [field `actor`]   message                    other fields
//! ```

use std::{
    cell::RefCell,
    fmt::{self, Debug, Write},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer, time::FormatTime},
    registry::LookupSpan,
};

use super::escape::{Escaped, write_value};
use crate::causes::Causes;

/// The field that says who speaks.
const ACTOR: &str = "actor";
/// What tracing calls the message.
const MESSAGE: &str = "message";
const DIM: &str = "\u{1b}[2m";
const RESET: &str = "\u{1b}[0m";

/// Formats an event as one line of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<T> {
    pub(super) timer: T,
}

impl<S, N, T> FormatEvent<S, N> for Text<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let colours = out.has_ansi_escapes();
        if colours {
            out.write_str(DIM)?;
        }
        self.timer.format_time(&mut out)?;
        if colours {
            out.write_str(RESET)?;
        }
        write_level(&mut out, *event.metadata().level(), colours)?;
        for part in [Part::Actor, Part::Message, Part::Fields] {
            let mut line = Line { part, out: out.by_ref(), colours, result: Ok(()) };
            event.record(&mut line);
            line.result?;
        }
        out.write_char('\n')
    }
}

fn write_level(out: &mut Writer<'_>, level: Level, colours: bool) -> fmt::Result {
    if !colours {
        return write!(out, " {level:>5}");
    }
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    write!(out, " \u{1b}[{colour}m{level:>5}{RESET}")
}

/// The fields of an event come in any order, a line does not: one walk for each part, which formats only its own.
struct Line<'w> {
    part: Part,
    out: Writer<'w>,
    colours: bool,
    result: fmt::Result,
}

#[derive(Clone, Copy)]
enum Part {
    Actor,
    Message,
    Fields,
}

impl Line<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) -> fmt::Result {
        match (self.part, field.name()) {
            (Part::Actor, ACTOR) => {
                self.out.write_str(" [")?;
                Escaped(&mut self.out).write_fmt(value)?;
                self.out.write_char(']')
            }
            (Part::Message, MESSAGE) => {
                self.out.write_char(' ')?;
                Escaped(&mut self.out).write_fmt(value)
            }
            (Part::Fields, name) if name != ACTOR && name != MESSAGE => {
                self.write_field(name, value)
            }
            _ => Ok(()),
        }
    }

    fn write_field(&mut self, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
        thread_local! {
            /// A value must be seen whole to know whether it needs quotes.
            static SCRATCH: RefCell<String> = const { RefCell::new(String::new()) };
        }
        if self.colours {
            write!(self.out, " {DIM}{name}={RESET}")?;
        } else {
            write!(self.out, " {name}=")?;
        }
        if let Some(text) = value.as_str() {
            return write_value(&mut self.out, text);
        }
        // Taken out while in use: a value may log while it is formatted.
        let mut scratch = SCRATCH.take();
        scratch.clear();
        let result = scratch.write_fmt(value).and_then(|()| write_value(&mut self.out, &scratch));
        SCRATCH.set(scratch);
        result
    }

    fn record(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = self.write(field, value);
        }
    }
}

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let causes = Causes(error);
        self.record(field, format_args!("{causes}"));
    }
}
