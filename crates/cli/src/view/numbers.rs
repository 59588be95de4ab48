//! Numbers.

use serde_json::Value;
use stagedoor_inspect::{ChildCount, MetricsSummary, UserMetrics};

use crate::{
    style::{DIM, Look},
    table::{Cell, Table},
    text,
};

pub(crate) fn count(count: ChildCount, look: Look) -> String {
    let ChildCount { specs, active, supervisors, workers } = count;
    let mut table = Table::new(["CHILDREN", "COUNT"]);
    let rows =
        [("specs", specs), ("active", active), ("supervisors", supervisors), ("workers", workers)];
    for (name, number) in rows {
        table.row([name.into(), number.to_string().into()]);
    }
    table.render(look)
}

pub(crate) fn summary(summary: &MetricsSummary, look: Look) -> String {
    let mut table = Table::new(["METRIC", "VALUE"]);
    let MetricsSummary { daemon, presence, managers, exits, .. } = summary;
    let unknown = || "unknown".to_owned();
    // Numbers that people read apart; a script takes them as they are.
    let number = |number: u64| if look.aligned { text::count(number) } else { number.to_string() };
    let size = |size| if look.aligned { text::bytes(size) } else { size.to_string() };
    let count = |count: usize| number(count as u64);
    let rows = [
        (
            "uptime",
            if look.aligned {
                text::duration(daemon.uptime_ms)
            } else {
                daemon.uptime_ms.to_string()
            },
        ),
        ("memory", daemon.rss_bytes.map_or_else(unknown, size)),
        ("users present", count(presence.users)),
        ("sessions", count(presence.sessions)),
        ("managed users", count(managers.specs)),
        ("running managers", count(managers.active)),
        ("pending timers", summary.pending_timers.map_or_else(unknown, count)),
        ("actors started", number(summary.started)),
        ("actors restarted", number(summary.restarted)),
        ("starts failed", number(summary.start_failed)),
        ("supervisors that gave up", number(summary.gave_up)),
        ("exits normal", number(exits.normal)),
        ("exits shutdown", number(exits.shutdown)),
        ("exits failed", number(exits.failed)),
        ("exits killed", number(exits.killed)),
    ];
    for (name, value) in rows {
        table.row([name.into(), value.into()]);
    }
    for (name, value) in &summary.figures {
        table.row([Cell::from(name), value.to_string().into()]);
    }
    table.render(look)
}

pub(crate) fn metrics(metrics: &[UserMetrics], look: Look) -> String {
    let mut table = Table::new(["USER", "METRICS"]);
    for user in metrics {
        let metrics = match (&user.metrics, &user.failure) {
            (Some(metrics), _) => {
                let mut pairs = Vec::new();
                flatten("", metrics, &mut pairs);
                pairs.join(" ").into()
            }
            (None, Some(failure)) => {
                let text = failure.to_string();
                Cell::styled(text.strip_prefix("is ").unwrap_or(&text), DIM)
            }
            (None, None) => Cell::styled("unknown", DIM),
        };
        table.row([Cell::from(&user.user), metrics]);
    }
    table.render(look)
}

/// `{"chat": {"messages": 3}}` as `chat.messages=3`. Lists are shown by their length.
fn flatten(name: &str, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, pairs);
            }
        }
        Value::Array(values) => pairs.push(format!("{name}=[{}]", values.len())),
        Value::String(text) => pairs.push(format!("{name}={text}")),
        other => pairs.push(format!("{name}={other}")),
    }
}
