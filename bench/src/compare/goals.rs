//! The figures that were to be reached.

use serde_json::Value;

use super::figures::median;

/// A goal, what was measured, and whether that is enough.
pub(super) struct Goal {
    pub(super) what: &'static str,
    pub(super) wanted: &'static str,
    pub(super) measured: String,
    /// `None`: not measured.
    pub(super) reached: Option<bool>,
}

/// All lines of a comparison.
struct Lines<'a>(&'a Value);

impl<'a> Lines<'a> {
    fn list(&self, key: &str) -> impl Iterator<Item = &'a Value> {
        self.0[key].as_array().into_iter().flatten()
    }

    /// Of the largest size that was run.
    fn largest(&self, side: &'static str) -> impl Iterator<Item = &'a Value> {
        let largest = self.list("pairs").filter_map(|pair| pair["n"].as_u64()).max();
        self.list("pairs")
            .filter(move |pair| pair["n"].as_u64() == largest)
            .map(move |pair| &pair[side])
    }

    fn ours(&self, pointer: &str) -> Option<f64> {
        median(self.largest("ours"), pointer)
    }

    fn peers(&self, pointer: &str) -> Option<f64> {
        median(self.largest("peer"), pointer)
    }

    fn sockets(&self, transport: &str, trees: bool, pointer: &str) -> Option<f64> {
        let lines = self
            .list("sockets")
            .filter(|line| line["transport"] == transport && line["trees"] == trees);
        median(lines, pointer)
    }
}

/// At most `limit`.
fn at_most(
    what: &'static str,
    wanted: &'static str,
    limit: f64,
    measured: Option<f64>,
    text: impl Fn(f64) -> String,
) -> Goal {
    Goal {
        what,
        wanted,
        measured: measured.map_or_else(|| "not measured".to_owned(), text),
        reached: measured.map(|measured| measured <= limit),
    }
}

/// The goals and how they stand. KB are 1,000 bytes.
pub(super) fn all(data: &Value) -> Vec<Goal> {
    let lines = Lines(data);
    let ratio = |pointer: &str| Some(lines.ours(pointer)? / lines.peers(pointer)?);
    let kilobytes = |bytes: f64| format!("{:.1} KB", bytes / 1000.0);
    let times = |share: f64| format!("{:.1} ×", 1.0 / share);
    let percent = |percent: f64| format!("{percent:.1} %");
    let slower = |pointer: &str| Some(lines.peers(pointer)? / lines.ours(pointer)?);
    vec![
        at_most(
            "tree start, CPU against the peer's",
            "at most 0.33 ×",
            0.33,
            ratio("/join/cpu_us_per_user"),
            |share| format!("{share:.2} ×"),
        ),
        at_most(
            "joins at once → all trees up, as fast as the peer",
            "at least 3 ×",
            1.0 / 3.0,
            slower("/join/users_per_s"),
            times,
        ),
        at_most(
            "leave at once → drained after the grace, as fast as the peer",
            "at least 3 ×",
            1.0 / 3.0,
            ratio("/leave/drain_after_grace_ms"),
            times,
        ),
        at_most(
            "memory of an equal tree (1 supervisor, 4 children)",
            "at most 38 KB",
            38_000.0,
            lines.ours("/mem/per_tree/rss"),
            kilobytes,
        ),
        at_most(
            "memory of an idle user of the default configuration, bookkeeping included",
            "at most 24 KB",
            24_000.0,
            median(lines.list("default"), "/mem/per_user/rss"),
            kilobytes,
        ),
        at_most(
            "child killed → answers again, p99",
            "under 1 ms",
            1000.0,
            lines.ours("/crash/restart_us/p99"),
            |micros| format!("{micros:.0} µs"),
        ),
        at_most(
            "idle joined session besides its tree, real sockets",
            "at most 4 KB",
            4000.0,
            lines.sockets("tcp", false, "/join/rss_each"),
            kilobytes,
        ),
        at_most(
            "idle joined session besides its tree, pipes",
            "at most 4 KB",
            4000.0,
            lines.sockets("pipes", false, "/join/rss_each"),
            kilobytes,
        ),
        at_most(
            "CPU of 50k idle users with trees and 30 s heartbeats, real sockets (extrapolated)",
            "under 10 % of a core",
            10.0,
            lines.sockets("tcp", true, "/heartbeats/server_cpu_pct_at_50k"),
            percent,
        ),
        at_most(
            "the same over pipes (all 50k)",
            "under 10 % of a core",
            10.0,
            lines.sockets("pipes", true, "/heartbeats/server_cpu_pct_at_50k"),
            percent,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn goals_are_of_the_largest_size_and_what_is_missing_is_said() {
        let line = |cpu: f64| json!({ "join": { "cpu_us_per_user": cpu } });
        let data = json!({ "pairs": [
            { "n": 50, "ours": line(30.0), "peer": line(100.0) },
            { "n": 10, "ours": line(90.0), "peer": line(100.0) },
        ]});
        let goals = all(&data);
        assert_eq!((goals[0].measured.as_str(), goals[0].reached), ("0.30 ×", Some(true)));
        assert_eq!((goals[1].measured.as_str(), goals[1].reached), ("not measured", None));
    }
}
