//! Actors: their status, their children, what they say of themselves.

use stagedoor_inspect::{
    Acted, Action, ChildInfo, ChildStatus, ChildType, Restart, Snapshot, Strategy,
};

use super::{brief, time};
use crate::{
    style::{BOLD, DIM, Look, of_status},
    table::{Cell, Table},
    text::{duration, escape, escape_json},
};

/// Where a child stands: `running 1h 2m`, `backing off 12s: out of cheese`.
pub(super) fn status(status: &ChildStatus) -> String {
    match status {
        ChildStatus::NotStarted => "not started".into(),
        ChildStatus::Starting => "starting".into(),
        ChildStatus::Running { uptime_ms } => format!("running {}", duration(*uptime_ms)),
        ChildStatus::Restarting { reason } => format!("restarting: {}", brief(reason)),
        ChildStatus::BackingOff { remaining_ms, reason } => {
            format!("backing off {}: {}", duration(*remaining_ms), brief(reason))
        }
        ChildStatus::Stopping => "stopping".into(),
        ChildStatus::Terminated => "terminated".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Its status, and how its last life ended when the status does not say so.
pub(super) fn status_cell(info: &ChildInfo) -> Cell {
    let mut text = status(&info.status);
    let says_why =
        matches!(info.status, ChildStatus::Restarting { .. } | ChildStatus::BackingOff { .. });
    if let Some(last) = info.last_exit.as_ref().filter(|_| !says_why) {
        let (class, reason) = (last.class.as_str(), brief(&last.reason));
        // A kill's reason is `killed`: once is enough.
        let reason = if class == reason { String::new() } else { format!(": {reason}") };
        text.extend([" (last exit ", class, &reason, ")"]);
    }
    Cell::styled(text, of_status(&info.status))
}

pub(super) const fn restart(restart: Restart) -> &'static str {
    match restart {
        Restart::Permanent => "permanent",
        Restart::Transient => "transient",
        Restart::Temporary => "temporary",
    }
}

pub(super) const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
    }
}

const fn child_type(child_type: ChildType) -> &'static str {
    match child_type {
        ChildType::Worker => "worker",
        ChildType::Supervisor => "supervisor",
    }
}

pub(crate) fn children(children: &[ChildInfo], look: Look) -> String {
    let mut table = Table::new(["ID", "TYPE", "RESTART", "RESTARTS", "STATUS"]);
    for child in children {
        table.row([
            Cell::from(&child.id),
            child_type(child.child_type).into(),
            Cell::styled(restart(child.restart), DIM),
            child.restarts.to_string().into(),
            status_cell(child),
        ]);
    }
    table.render(look)
}

pub(crate) fn snapshot(snapshot: &Snapshot, look: Look) -> String {
    let path = if snapshot.path.is_empty() { "root" } else { &snapshot.path };
    let mut text = look.paint(BOLD, &escape(path));
    if let Some(info) = &snapshot.info {
        let status = status(&info.status);
        text.push_str("  ");
        text.push_str(&look.paint(of_status(&info.status), &escape(&status)));
        let facts = format!("  {}, {} restarts", restart(info.restart), info.restarts);
        text.push_str(&look.paint(DIM, &facts));
    }
    let observed = format!("observed at {}", time(snapshot.observed_at));
    let state = serde_json::to_string_pretty(&snapshot.state).unwrap_or_default();
    format!("{text}\n{}\n{}\n", look.paint(DIM, &observed), escape_json(&state))
}

pub(crate) fn acted(acted: &Acted, look: Look) -> String {
    let done = match acted.action {
        Action::Restart => "restarted",
        Action::Stop => "stopped",
        Action::Crash => "crashed",
        other => other.as_str(),
    };
    let path = escape(&acted.path);
    match &acted.status {
        Some(now) => {
            let text = look.paint(of_status(now), &escape(&status(now)));
            format!("{done} {path}: now {text}\n")
        }
        None => format!("{done} {path}: now gone\n"),
    }
}
