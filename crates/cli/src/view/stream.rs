//! A user's stream, its alerts, and the quotas that all streams share.

use anstyle::Style;
use stagedoor_domain::{Alert, AlertKind, AlertState, DestinationStatus, StreamStatus};
use stagedoor_inspect::{
    AlertsOverview, Budget, EncoderView, StreamActed, StreamAction, StreamOverview,
};

use super::{brief, time};
use crate::{
    style::{BAD, BOLD, DIM, GOOD, Look, PLAIN, UNEASY},
    table::{Cell, Table},
    text::{duration, escape},
};

fn of_stream(status: StreamStatus) -> Style {
    match status {
        StreamStatus::Live => GOOD,
        StreamStatus::Starting | StreamStatus::Interrupted | StreamStatus::Ending => UNEASY,
        StreamStatus::Failed => BAD,
        StreamStatus::Offline | StreamStatus::Ready => PLAIN,
    }
}

pub(crate) fn stream(stream: &StreamOverview, look: Look) -> String {
    let mut table = Table::new(["STREAM", "VALUE"]);
    let mut row = |name: &str, value: String, style: Style| {
        table.row([Cell::styled(name, DIM), Cell::styled(value, style)]);
    };
    row("user", stream.user.to_string(), BOLD);
    row("status", stream.status.to_string(), of_stream(stream.status));
    if !stream.title.is_empty() {
        row("title", brief(&stream.title), PLAIN);
    }
    let (encoder, style) = encoder(&stream.encoder);
    row("encoder", encoder, style);
    if let Some(livestream) = stream.livestream {
        row("livestream", livestream.to_string(), PLAIN);
    }
    for (name, at) in [
        ("started at", stream.started_at),
        ("ended at", stream.ended_at),
        ("ends by itself at", stream.auto_stop_at),
    ] {
        if let Some(at) = at {
            row(name, time(at), PLAIN);
        }
    }
    for destination in &stream.destinations {
        let (status, style) = of_destination(&destination.status);
        row(&format!("on {}", destination.id), status, style);
    }
    row("viewers", stream.viewers.to_string(), PLAIN);
    row("most viewers", stream.peak_viewers.to_string(), PLAIN);
    if let Some(failure) = &stream.failure {
        row("failure", brief(failure), BAD);
    }
    row("observed at", time(stream.observed_at), DIM);
    table.render(look)
}

fn encoder(encoder: &EncoderView) -> (String, Style) {
    let (mut text, mut style) = match encoder.connected {
        Some(true) => ("connected".to_owned(), GOOD),
        Some(false) => ("not connected".to_owned(), PLAIN),
        None => ("unknown".to_owned(), DIM),
    };
    if let Some(since) = encoder.since {
        text.extend([" since ", &time(since)]);
    }
    if let Some(error) = &encoder.error {
        text.extend([": ", &brief(error)]);
        style = BAD;
    }
    (text, style)
}

fn of_destination(status: &DestinationStatus) -> (String, Style) {
    match status {
        DestinationStatus::Starting => ("starting".into(), UNEASY),
        DestinationStatus::Live => ("live".into(), GOOD),
        DestinationStatus::Failed { reason } => (format!("failed: {}", brief(reason)), BAD),
        DestinationStatus::Ending { problem: None } => ("ending".into(), UNEASY),
        DestinationStatus::Ending { problem: Some(problem) } => {
            (format!("ending: {problem}"), UNEASY)
        }
        DestinationStatus::Ended => ("ended".into(), DIM),
    }
}

pub(crate) fn stream_acted(acted: &StreamActed, look: Look) -> String {
    let done = match &acted.action {
        StreamAction::Start { .. } => "started",
        StreamAction::Stop => "stopped",
        other => other.as_str(),
    };
    let status = look.paint(of_stream(acted.status), acted.status.as_str());
    format!("{done} the stream of {}: now {status}\n", escape(acted.user.as_str()))
}

pub(crate) fn alerts(alerts: &AlertsOverview, look: Look) -> String {
    let mut table = Table::new(["STATE", "KIND", "FROM", "WHAT", "RAISED", "ID"]);
    let mut row = |state: String, alert: &Alert, style: Style| {
        table.row([
            Cell::styled(state, style),
            alert.kind.as_str().into(),
            Cell::from(&alert.name),
            brief(&what(alert)).into(),
            Cell::styled(time(alert.created_at), DIM),
            Cell::styled(alert.id.to_string(), DIM),
        ]);
    };
    if let Some(shown) = &alerts.showing {
        row(format!("until {}", time(shown.ends_at)), &shown.alert, GOOD);
    }
    for alert in &alerts.waiting {
        row("waiting".into(), alert, PLAIN);
    }
    for alert in &alerts.recent {
        row(state(alert.state).into(), alert, DIM);
    }
    if !look.aligned {
        return table.render(look);
    }
    let mut facts = vec![if alerts.paused { "paused" } else { "running" }.to_owned()];
    facts.extend(alerts.muted.then(|| "muted".to_owned()));
    facts.push(format!("{} waiting", alerts.waiting.len()));
    facts.push(format!("observed at {}", time(alerts.observed_at)));
    let user = look.paint(BOLD, &escape(alerts.user.as_str()));
    format!("{user}  {}\n{}", look.paint(DIM, &facts.join(", ")), table.render(look))
}

const fn state(state: AlertState) -> &'static str {
    match state {
        AlertState::Queued => "queued",
        AlertState::Showing => "showing",
        AlertState::Shown => "shown",
        AlertState::Skipped => "skipped",
        AlertState::Dropped => "dropped",
        AlertState::Merged => "merged",
    }
}

/// `5.00 EUR: For the next pot of tea`
fn what(alert: &Alert) -> String {
    let mut facts = Vec::new();
    facts.extend(alert.money.map(|money| money.to_string()));
    facts.extend(alert.units.as_ref().map(|units| format!("{} {}", units.amount, units.kind)));
    facts.extend(alert.count.map(|count| match alert.kind {
        AlertKind::Raid => format!("{count} viewers"),
        _ => count.to_string(),
    }));
    if alert.events > 1 {
        facts.push(format!("{} events", alert.events));
    }
    super::with_text(&facts, alert.text.as_deref())
}

pub(crate) fn budgets(budgets: &[Budget], look: Look) -> String {
    let mut table = Table::new(["QUOTA", "USED", "LIMIT", "WINDOW", "BLOCKED", "WAITING"]);
    for budget in budgets {
        let span = |ms| if look.aligned { duration(ms) } else { ms.to_string() };
        let blocked = match budget.blocked_for_ms {
            Some(ms) => Cell::styled(span(ms), BAD),
            None => Cell::styled("no", DIM),
        };
        let waits = |of: &stagedoor_inspect::BudgetPriority| format!("{} {}", of.name, of.waiting);
        let waiting: Vec<_> = budget.priorities.iter().map(waits).collect();
        table.row([
            Cell::from(&budget.name),
            budget.used.to_string().into(),
            budget.limit.to_string().into(),
            span(budget.window_ms).into(),
            blocked,
            waiting.join(", ").into(),
        ]);
    }
    table.render(look)
}
