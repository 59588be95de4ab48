//! Where the answer goes, and so how it looks.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::{args::Options, failure::Failure, style::Look, text::escape_json};

/// Moves the cursor home and clears below it, so that a redraw does not flicker.
const HOME: &str = "\u{1b}[H\u{1b}[J";

pub(crate) struct Output {
    pub(crate) look: Look,
    json: bool,
    /// Redraws in place.
    screen: bool,
    /// Prints JSON in one line.
    lines: bool,
}

impl Output {
    pub(crate) fn new(options: &Options) -> Self {
        let terminal = io::stdout().is_terminal();
        let color = match options.color {
            clap::ColorChoice::Always => true,
            clap::ColorChoice::Never => false,
            // Looks at NO_COLOR and TERM, too.
            clap::ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        };
        // Who wants colours in a pipe wants what a terminal shows, as `less -R` does.
        let aligned = terminal || options.color == clap::ColorChoice::Always;
        let look = Look { aligned, color, unicode: speaks_utf8() };
        let screen = options.watch && terminal && !options.json;
        Self { look, json: options.json, screen, lines: options.watch }
    }

    /// Whether people read it.
    pub(crate) fn is_for_people(&self) -> bool {
        self.look.aligned && !self.json
    }

    /// Prints an answer: its `json` form, or the text that `view` makes.
    pub(crate) fn answer<T: Serialize>(
        &self,
        json: &T,
        view: impl FnOnce(Look) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return self.print(&view(self.look));
        }
        let text = if self.lines {
            serde_json::to_string(json)
        } else {
            serde_json::to_string_pretty(json)
        };
        self.print(&(escape_json(&text?) + "\n"))
    }

    /// As [`answer`](Self::answer), with the JSON in one line: for a list that scripts read.
    pub(crate) fn list<T: Serialize>(
        &self,
        json: &T,
        view: impl FnOnce(Look) -> String,
    ) -> Result<(), Failure> {
        Self { lines: true, ..*self }.answer(json, view)
    }

    fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        if self.screen {
            out.write_all(HOME.as_bytes())?;
        }
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// One event each line, as it comes.
    pub(crate) fn in_lines(mut self) -> Self {
        self.lines = true;
        self.screen = false;
        self
    }
}

/// As locale(7) decides: the first of these that is set.
fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
