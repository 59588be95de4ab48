//! Looking at everything at once.

use serde_json::{Value, json};
use stagedoor_supervision::SupervisorHandle;
use tokio::time::Instant;

use super::Run;
use crate::system::{milliseconds, round};

const RUNS: usize = 5;

/// The median time of some runs of `look`, in milliseconds, and what the last one saw.
fn timed(look: impl Fn() -> usize) -> (f64, usize) {
    let mut seen = 0;
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            seen = look();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    (round(milliseconds(times[RUNS / 2]), 2), seen)
}

impl Run {
    pub(super) fn snapshots(&self) -> Value {
        let users = &self.house.users;
        let ids = users.ids();
        let trees = || ids.iter().filter_map(|id| users.child(id.as_str())?.supervisor());
        let count = |tree: SupervisorHandle| tree.count_children().active;
        let which = |tree: SupervisorHandle| tree.which_children().len();
        let (list, listed) = timed(|| self.house.tracker.list().len());
        let (dynsup_which, children) = timed(|| users.which_children().len());
        let (dynsup_count, active) = timed(|| users.count_children().active);
        let (each_count, counted) = timed(|| trees().map(count).sum());
        let (each_which, seen) = timed(|| trees().map(which).sum());
        json!({
            "presence_list_ms": list,
            "dynsup_which_ms": dynsup_which,
            "dynsup_count_ms": dynsup_count,
            "each_tree_count_ms": each_count,
            "each_tree_which_ms": each_which,
            "sizes": [listed, children, active, counted, seen],
        })
    }
}
