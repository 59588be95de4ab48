//! The report: goals, tables, the machine, and the notes that somebody wrote.

use std::fmt::Write;

use serde_json::Value;

use super::{
    figures::{COMPARED, median},
    goals,
};

/// What stands below it was written by hand, and stays.
const NOTES: &str = "## Notes";

/// The whole file; `last` is the one before.
pub(super) fn write(data: &Value, last: Option<&str>) -> String {
    let mut out = String::from(
        "# Results\n\nWritten by `just bench`; the notes at the end are by hand and stay. Medians of the rounds; \
         a ratio above 1 is in our favour.\n",
    );
    // Writing to a `String` does not fail.
    let _ = machine(&mut out, data)
        .and_then(|()| goals_table(&mut out, data))
        .and_then(|()| compared(&mut out, data))
        .and_then(|()| sessions(&mut out, data));
    let notes = last.and_then(|last| Some(&last[last.find(NOTES)?..]));
    out.push('\n');
    out.push_str(notes.unwrap_or("## Notes\n"));
    out
}

fn machine(out: &mut String, data: &Value) -> std::fmt::Result {
    let machine = &data["machine"];
    let text = |key: &str| machine[key].as_str().unwrap_or("unknown").to_owned();
    let peer = &data["pairs"][0]["peer"];
    let peer = |key: &str| peer[key].as_str().unwrap_or("unknown").to_owned();
    writeln!(
        out,
        "\n{} cores of {}, {} of memory, {}, Linux {}. {}, allocator {}; peer on OTP {}, Elixir {}. \
         Commit {}, {}, {} rounds, our runtime with 2 workers and the peer with as many schedulers as cores.",
        machine["cores"],
        text("cpu"),
        text("memory"),
        text("os"),
        text("kernel"),
        text("rustc"),
        text("allocator"),
        peer("otp"),
        peer("elixir"),
        text("commit"),
        text("date"),
        data["rounds"],
    )?;
    let disturbed = data["pairs"].as_array().into_iter().flatten().filter_map(|pair| {
        let of = |side: &str| pair[side]["max_other_pct"].as_f64();
        Some(of("ours")?.max(of("peer")?))
    });
    let disturbed = disturbed.fold(0.0, f64::max);
    writeln!(
        out,
        "At most {disturbed:.0} % of a core was used by others during any phase; above 10 % times are disturbed."
    )
}

fn goals_table(out: &mut String, data: &Value) -> std::fmt::Result {
    out.push_str("\n## Goals\n\n| figure | goal | measured | |\n|---|---|---|---|\n");
    for goal in goals::all(data) {
        let verdict = match goal.reached {
            Some(true) => "reached",
            Some(false) => "**not reached**",
            None => "",
        };
        writeln!(out, "| {} | {} | {} | {verdict} |", goal.what, goal.wanted, goal.measured)?;
    }
    Ok(())
}

fn compared(out: &mut String, data: &Value) -> std::fmt::Result {
    let pairs: Vec<&Value> = data["pairs"].as_array().into_iter().flatten().collect();
    let mut sizes: Vec<u64> = pairs.iter().filter_map(|pair| pair["n"].as_u64()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for n in sizes {
        writeln!(out, "\n## {n} users, trees of 1 supervisor and 4 children\n")?;
        out.push_str("| figure | | ours | peer | ratio |\n|---|---|---:|---:|---:|\n");
        for figure in COMPARED {
            let side = |side: &'static str, pointer| {
                let lines = pairs.iter().filter(|pair| pair["n"].as_u64() == Some(n));
                median(lines.map(|pair| &pair[side]), pointer)
            };
            let (ours, peers) = (side("ours", figure.ours), side("peer", figure.peers));
            let ratio = ours.zip(peers).and_then(|(ours, peers)| figure.ratio(ours, peers));
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                figure.name,
                figure.unit,
                ours.map_or_else(String::new, number),
                peers.map_or_else(String::new, number),
                ratio.map_or_else(String::new, |ratio| format!("{ratio:.1}")),
            )?;
        }
    }
    Ok(())
}

/// The figures that only we have: name, unit, JSON pointer.
const DEFAULT_TREES: &[(&str, &str, &str)] = &[
    ("joins at once → all trees up", "users/s", "/join/users_per_s"),
    ("CPU of that", "µs a user", "/join/cpu_us_per_user"),
    ("memory (RSS) of a user", "B", "/mem/per_user/rss"),
    ("… of it the tree", "B", "/mem/per_tree/rss"),
    ("… of it the session's bookkeeping", "B", "/mem/per_session/rss"),
    ("idle CPU of all, nobody sends anything", "% of a core", "/idle/cpu_pct"),
    ("leave at once → drained after the grace", "ms", "/leave/drain_after_grace_ms"),
    ("RSS with all, and 0.5 s and 5 s after the drain", "B", "/leave/rss_before"),
    ("", "B", "/leave/rss_after_500ms"),
    ("", "B", "/leave/rss_after_5s"),
];

const SESSIONS: &[(&str, &str, &str)] = &[
    ("open: per second", "1/s", "/open/per_second"),
    ("open: server CPU", "µs each", "/open/cpu_us_each"),
    ("open: RSS", "B each", "/open/rss_each"),
    ("join: per second", "1/s", "/join/per_second"),
    ("join: server CPU", "µs each", "/join/cpu_us_each"),
    ("joined and idle: RSS", "B each", "/join/rss_each"),
    ("heartbeat: server CPU", "µs each", "/heartbeats/cpu_us_each"),
    ("heartbeats of 50k each 30 s: server CPU", "% of a core", "/heartbeats/server_cpu_pct_at_50k"),
    ("heartbeat: round trip p50", "µs", "/heartbeats/latency_us/p50"),
    ("heartbeat: round trip p99", "µs", "/heartbeats/latency_us/p99"),
    ("after a 16 KB message each: RSS", "B each", "/big/rss_each"),
    ("1 s after all hung up: RSS", "B each", "/disconnect/rss_each_after_1s"),
    ("15 s after: RSS", "B each", "/disconnect/rss_each_after_15s"),
];

fn sessions(out: &mut String, data: &Value) -> std::fmt::Result {
    let list = |key: &str| data[key].as_array().into_iter().flatten();
    let n = &data["default"][0]["n"];
    writeln!(out, "\n## {n} users of the default configuration\n\n| figure | | |\n|---|---|---:|")?;
    for (name, unit, pointer) in DEFAULT_TREES {
        let value = median(list("default"), pointer).map_or_else(String::new, number);
        writeln!(out, "| {name} | {unit} | {value} |")?;
    }
    let kinds = [("tcp", false), ("tcp", true), ("pipes", false), ("pipes", true)];
    let of = |transport: &'static str, trees: bool| {
        list("sockets").filter(move |line| line["transport"] == transport && line["trees"] == trees)
    };
    writeln!(out, "\n## Sessions\n")?;
    write!(out, "| figure | |")?;
    for (transport, trees) in kinds {
        let n = of(transport, trees).find_map(|line| line["n"].as_u64()).unwrap_or(0);
        write!(out, " {n} {transport}{} |", if trees { ", with trees" } else { "" })?;
    }
    writeln!(out, "\n|---|---|---:|---:|---:|---:|")?;
    for (name, unit, pointer) in SESSIONS {
        write!(out, "| {name} | {unit} |")?;
        for (transport, trees) in kinds {
            let value = median(of(transport, trees), pointer).map_or_else(String::new, number);
            write!(out, " {value} |")?;
        }
        out.push('\n');
    }
    Ok(())
}

/// As people read it: large ones whole and in groups, small ones with a digit or two.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_234_567.4), "1,234,567");
        assert_eq!(number(123.0), "123");
        assert_eq!(number(-1234.0), "-1,234");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.456), "0.46");
    }

    #[test]
    fn the_notes_of_the_last_report_stay() {
        let report = write(&json!({}), Some("# Results\nold\n\n## Notes\n\nKept.\n"));
        assert!(report.ends_with("## Notes\n\nKept.\n"), "{report}");
        assert!(!report.contains("old"));
    }
}
