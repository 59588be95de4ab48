//! Colours, and how things are drawn.

use anstyle::{AnsiColor, Style};
use stagedoor_inspect::{ChildStatus, ExitClass};

/// How an answer is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Aligned columns with headers; tabs between bare values otherwise.
    pub(crate) aligned: bool,
    /// With colours.
    pub(crate) color: bool,
    /// Lines are drawn with box characters; with ASCII otherwise.
    pub(crate) unicode: bool,
}

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const UNEASY: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

impl Look {
    /// `text` in `style`, if there are colours.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.color && style != PLAIN && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

pub(crate) fn of_status(status: &ChildStatus) -> Style {
    match status {
        ChildStatus::Running { .. } => GOOD,
        ChildStatus::Restarting { .. } | ChildStatus::BackingOff { .. } => BAD,
        ChildStatus::Starting | ChildStatus::Stopping => UNEASY,
        _ => DIM,
    }
}

pub(crate) fn of_exit(class: ExitClass) -> Style {
    if class.is_abnormal() { BAD } else { DIM }
}
