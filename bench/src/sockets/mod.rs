//! Sessions: N clients connect and join, and mostly are silent.
//!
//! ```text
//! sockets n=18000         gateway, real handshakes, loopback TCP ◀── a client process, told by lines on its stdin
//! sockets n=50000 pipes   the session layer over in-memory pipes ◀── a client thread, whose CPU is subtracted
//! ```
//!
//! Without `trees` the users have none: what is measured is the session itself, its presence bookkeeping included.

mod client;
mod frames;
mod pipe;
mod pipes;
mod real;

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};
use stagedoor_presence::Tracker;

pub(crate) use self::client::run as run_client;
use crate::{
    house::{House, default_tree},
    options::Options,
    system::{ALLOCATOR, Watched, float, microseconds, object, per_second, round},
    trees::{WORKERS, on_two_workers},
};

/// How often the `phoenix` client sends a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// For how many idle sessions the CPU is told: by them it is extrapolated.
const CROWD: usize = 50_000;

/// What the command line said.
#[derive(Clone, Copy)]
struct Settings {
    n: usize,
    /// Have the users trees?
    trees: bool,
    /// How long heartbeats are watched. They come at the pace of one each in [`HEARTBEAT`].
    window: Duration,
}

pub(crate) fn run(mut options: Options) -> Result<()> {
    let pipes = options.take_switch("pipes")?;
    let settings = Settings {
        n: options.take("n", 1000)?,
        trees: options.take_switch("trees")?,
        window: Duration::from_secs(options.take("window_s", 30)?),
    };
    options.finish()?;
    ensure!(settings.n > 0, "n=0: nobody to measure");
    let results = on_two_workers(async move {
        if pipes { pipes::measure(settings).await } else { real::measure(settings).await }
    })?;
    let mut line = object(json!({
        "n": settings.n,
        "transport": if pipes { "pipes" } else { "tcp" },
        "trees": settings.trees,
        "allocator": ALLOCATOR,
        "workers": WORKERS,
        "at": jiff::Timestamp::now().to_string(),
    }));
    line.extend(results);
    println!("{}", Value::from(line));
    Ok(())
}

/// The house of those whose users have trees.
async fn house(tracker: &Tracker, trees: bool) -> Result<Option<House>> {
    if !trees {
        return Ok(None);
    }
    Ok(Some(House::open(tracker.clone(), default_tree(), HEARTBEAT).await?))
}

/// What something that happened once to each of `n` took.
fn each(n: usize, watched: &Watched, client_cpu: Duration) -> Map<String, Value> {
    let cpu = watched.cpu.saturating_sub(client_cpu);
    let mut result = watched.json();
    result.append(&mut object(json!({
        "per_second": per_second(n, watched.wall),
        "cpu_us_each": round(microseconds(cpu) / float(n), 2),
    })));
    result
}

/// What `beats` heartbeats cost, and what those of a crowd would.
fn heartbeats(beats: usize, watched: &Watched, client_cpu: Duration) -> Map<String, Value> {
    let cpu = watched.cpu.saturating_sub(client_cpu);
    let per_beat = cpu.as_secs_f64() / float(beats.max(1));
    let crowd = per_beat * float(CROWD) / HEARTBEAT.as_secs_f64();
    let mut result = each(beats, watched, client_cpu);
    result.insert("beats".to_owned(), json!(beats));
    result.insert("server_cpu_pct".to_owned(), json!(crate::system::percent(cpu, watched.wall)));
    result.insert("server_cpu_pct_at_50k".to_owned(), json!(round(crowd * 100.0, 2)));
    result
}

/// How many heartbeats `n` sessions send in `window`.
fn beats_within(n: usize, window: Duration) -> usize {
    let share = (window.as_secs_f64() / HEARTBEAT.as_secs_f64()).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most n")]
    let beats = (float(n) * share) as usize;
    beats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_half_a_period_sees_half_of_the_heartbeats() {
        assert_eq!(beats_within(1000, HEARTBEAT / 2), 500);
        assert_eq!(beats_within(1000, HEARTBEAT * 2), 1000);
    }
}
