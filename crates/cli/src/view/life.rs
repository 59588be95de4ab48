//! Lives: what has happened, and what happens.

use anstyle::Style;
use stagedoor_inspect::{Change, HistoryRecord, LifecycleEvent};

use super::{brief, time};
use crate::{
    style::{BAD, DIM, Look, PLAIN, of_exit},
    table::{Cell, Table},
    text::{duration, escape},
};

/// `exited failed: out of cheese`.
fn change(change: &Change) -> (String, Style) {
    match change {
        Change::Started => ("started".into(), PLAIN),
        Change::Restarted { restarts } => {
            (format!("restarted, for the {} time", nth(*restarts)), PLAIN)
        }
        Change::StartFailed { reason } => (format!("start failed: {}", brief(reason)), BAD),
        Change::Exited { class, reason } => {
            let (class_name, reason) = (class.as_str(), brief(reason));
            let text = if class_name == reason {
                format!("exited {class_name}")
            } else {
                format!("exited {class_name}: {reason}")
            };
            (text, of_exit(*class))
        }
        Change::BackingOff { delay_ms, reason } => {
            (format!("backing off {}: {}", duration(*delay_ms), brief(reason)), BAD)
        }
        Change::GaveUp { reason } => (format!("gave up: {}", brief(reason)), BAD),
        other => (format!("{other:?}").to_lowercase(), PLAIN),
    }
}

fn nth(number: u32) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

pub(crate) fn history(history: &[HistoryRecord], look: Look) -> String {
    let mut table = Table::new(["WHEN", "CHILD", "WHAT"]);
    for record in history {
        let (text, style) = change(&record.change);
        let child = if record.child.is_empty() { "(the supervisor)" } else { &record.child };
        table.row([Cell::styled(time(record.at), DIM), child.into(), Cell::styled(text, style)]);
    }
    table.render(look)
}

/// One line: what follows is not known yet, so nothing is aligned.
pub(crate) fn event(event: &LifecycleEvent, look: Look) -> String {
    let (text, style) = change(&event.change);
    let path = if event.path.is_empty() { "root" } else { &event.path };
    let gap = if look.aligned { "  " } else { "\t" };
    let (path, text) = (escape(path), escape(&text));
    format!("{}{gap}{path}{gap}{}\n", look.paint(DIM, &time(event.at)), look.paint(style, &text))
}

pub(crate) fn missed(missed: u64, look: Look) -> String {
    let text = format!("missed {missed} events: they came faster than they were read");
    look.paint(BAD, &text) + "\n"
}
