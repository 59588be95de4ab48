//! Figures: where in a line they stand, what they are called, and which way is better.

use serde_json::Value;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
}

/// A figure that both sides have.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    /// JSON pointers.
    pub(super) ours: &'static str,
    pub(super) peers: &'static str,
    pub(super) better: Better,
}

const fn figure(
    name: &'static str,
    unit: &'static str,
    pointer: &'static str,
    better: Better,
) -> Figure {
    Figure { name, unit, ours: pointer, peers: pointer, better }
}

/// What is compared, in the order of the table.
pub(super) const COMPARED: &[Figure] = &[
    figure("joins at once → all trees up", "users/s", "/join/users_per_s", Better::More),
    figure("CPU of that", "µs a user", "/join/cpu_us_per_user", Better::Less),
    Figure {
        name: "memory (RSS) with presence",
        unit: "B a user",
        ours: "/mem/per_user/rss",
        peers: "/mem/per_user/rss",
        better: Better::Less,
    },
    figure(
        "leave at once → drained after the grace",
        "ms",
        "/leave/drain_after_grace_ms",
        Better::Less,
    ),
    figure("CPU of that, the wait included", "ms", "/leave/cpu_ms", Better::Less),
    Figure {
        name: "RSS after the drain (ours 5 s, peer 0.5 s)",
        unit: "B",
        ours: "/leave/rss_after_5s",
        peers: "/leave/mem_after/rss",
        better: Better::Less,
    },
    figure("rejoin within the grace", "users/s", "/rejoin/rejoins_per_s", Better::More),
    figure("child killed → answers again, p50", "µs", "/crash/restart_us/p50", Better::Less),
    figure("child killed → answers again, p99", "µs", "/crash/restart_us/p99", Better::Less),
    figure("call to one child, p50", "µs", "/call/one_pid/p50", Better::Less),
    figure("call to one child, p99", "µs", "/call/one_pid/p99", Better::Less),
    figure("call spread over 10k users, p50", "µs", "/call/spread_pid/p50", Better::Less),
    figure("call spread over 10k users, p99", "µs", "/call/spread_pid/p99", Better::Less),
    figure("casts to one child", "casts/s", "/cast/one_1p/casts_per_s", Better::More),
    figure("casts to one child, 2 producers", "casts/s", "/cast/one_2p/casts_per_s", Better::More),
    figure(
        "casts spread over 10k users",
        "casts/s",
        "/cast/spread_pid_1p/casts_per_s",
        Better::More,
    ),
    figure("casts spread, 2 producers", "casts/s", "/cast/spread_pid_2p/casts_per_s", Better::More),
    figure("which_children of the UserSupervisor", "ms", "/snap/dynsup_which_ms", Better::Less),
    figure("which_children of every tree", "ms", "/snap/each_tree_which_ms", Better::Less),
    figure("count_children of every tree", "ms", "/snap/each_tree_count_ms", Better::Less),
    figure("everybody's presence", "ms", "/snap/presence_list_ms", Better::Less),
];

/// The median of what stands at `pointer` in `lines`; of an even number, the lower of the middle two.
pub(super) fn median<'a>(lines: impl Iterator<Item = &'a Value>, pointer: &str) -> Option<f64> {
    let mut values: Vec<f64> = lines.filter_map(|line| line.pointer(pointer)?.as_f64()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

impl Figure {
    /// How many times better we are.
    pub(super) fn ratio(&self, ours: f64, peers: f64) -> Option<f64> {
        let ratio = match self.better {
            Better::Less => peers / ours,
            Better::More => ours / peers,
        };
        ratio.is_finite().then_some(ratio)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_median_is_of_those_lines_that_have_the_figure() {
        let lines = [json!({"a": 3}), json!({"a": 1.5}), json!({"b": 9}), json!({"a": 2})];
        assert_eq!(median(lines.iter(), "/a"), Some(2.0));
        assert_eq!(median(lines.iter(), "/c"), None);
    }

    #[test]
    fn a_ratio_above_one_is_in_our_favour() {
        let (less, more) = (figure("", "", "", Better::Less), figure("", "", "", Better::More));
        assert_eq!(less.ratio(1.0, 3.0), Some(3.0));
        assert_eq!(more.ratio(1.0, 4.0), Some(0.25));
        assert_eq!(less.ratio(0.0, 3.0), None);
    }
}
