//! All users join at once; and, once they run, all leave and come back within the grace.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Run;
use crate::{
    house::{join, until},
    system::{Watch, distribution, float, microseconds, milliseconds, object, per_second, round},
    users::user,
};

/// Longer than any rejoin takes.
const LONG_GRACE: Duration = Duration::from_mins(2);

impl Run {
    /// From the first join to the moment at which the last tree stands in the table.
    pub(super) async fn join(&mut self) -> Result<Value> {
        let n = self.settings.n;
        let watch = Watch::start()?;
        let began = Instant::now();
        self.join_all()?;
        let issued = began.elapsed();
        let actors = n * self.settings.kids.actors();
        // What is started when needed may run already.
        until("all trees run", || self.house.actors() >= actors).await?;
        let total = began.elapsed();
        let watched = watch.so_far()?;
        let loaded = match &self.loading {
            Some(loading) => {
                until("all have read their state", || loading.count() == n).await?;
                Some(began.elapsed())
            }
            None => None,
        };
        let with_state = watch.so_far()?;
        let latency: Vec<_> = (0..n)
            .filter_map(|index| Some(self.board.up.get(index)? - self.joined.get(index)?))
            .collect();
        let mut result = watched.json();
        result.append(&mut object(json!({
            "total_ms": round(milliseconds(total), 1),
            "issue_ms": round(milliseconds(issued), 1),
            "users_per_s": per_second(n, total),
            "cpu_us_per_user": round(microseconds(watched.cpu) / float(n), 2),
            "latency_us": distribution(latency),
            "loaded_ms": loaded.map(|loaded| round(milliseconds(loaded), 1)),
            "loaded_per_s": loaded.map(|loaded| per_second(n, loaded)),
            "loaded_cpu_us_per_user": round(microseconds(with_state.cpu) / float(n), 2),
            "trees": self.house.users.count_children().active,
            "listed": self.house.tracker.user_count(),
        })));
        Ok(result.into())
    }

    fn join_all(&mut self) -> Result<()> {
        for index in 0..self.settings.n {
            self.joined.mark(index);
            self.sessions.push(join(&self.house.tracker, &user(index), index)?);
        }
        Ok(())
    }

    pub(super) async fn rejoin(&mut self) -> Result<Value> {
        let n = self.settings.n as u64;
        let counters = std::sync::Arc::clone(&self.house.counters);
        let grace = self.house.cleanup_timeout.get();
        self.house.cleanup_timeout.set(LONG_GRACE);
        let (armed, cancelled) = (counters.timers_armed(), counters.timers_cancelled());

        let began = Instant::now();
        self.sessions.clear();
        until("all timers are armed", || counters.timers_armed() == armed + n).await?;
        let left = began.elapsed();
        sleep(Duration::from_millis(300)).await;

        let watch = Watch::start()?;
        let began = Instant::now();
        self.join_all()?;
        until("all timers are cancelled", || counters.timers_cancelled() == cancelled + n).await?;
        let total = began.elapsed();
        let watched = watch.stop()?;
        self.house.cleanup_timeout.set(grace);
        let actors = self.settings.n * self.settings.kids.actors();
        ensure!(self.house.actors() == actors, "a rejoin touched a tree");

        let mut result = watched.json();
        result.append(&mut object(json!({
            "leave_to_armed_ms": round(milliseconds(left), 1),
            "rejoin_total_ms": round(milliseconds(total), 1),
            "rejoins_per_s": per_second(self.settings.n, total),
            "timers_left": counters.pending_timers(),
        })));
        Ok(result.into())
    }
}
