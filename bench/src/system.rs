//! What the operating system says of this process and of the machine.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use rustix::{
    process::{Resource, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// Which allocator this binary has.
pub(crate) const ALLOCATOR: &str = if cfg!(feature = "jemalloc") {
    "jemalloc"
} else if cfg!(feature = "mimalloc") {
    "mimalloc"
} else {
    "system"
};

/// The unit of `/proc/stat`: 100 Hz on every Linux that one meets.
const TICK: Duration = Duration::from_millis(10);

/// Resident bytes of this process.
pub(crate) fn rss() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
    Ok(kilobytes.parse::<u64>().context("VmRSS")? * 1024)
}

/// User and system time of this process.
pub(crate) fn process_cpu() -> Duration {
    cpu_of(ClockId::ProcessCPUTime)
}

/// User and system time of the calling thread.
pub(crate) fn thread_cpu() -> Duration {
    cpu_of(ClockId::ThreadCPUTime)
}

fn cpu_of(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Busy time of the whole machine.
fn machine_cpu() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat").context("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<u32> = line.split_whitespace().skip(1).map_while(|t| t.parse().ok()).collect();
    // user nice system idle iowait irq softirq
    Ok([0, 1, 2, 5, 6].iter().filter_map(|&at| ticks.get(at)).map(|&ticks| TICK * ticks).sum())
}

/// What this process and the machine do from a moment on.
pub(crate) struct Watch {
    began: Instant,
    own: Duration,
    machine: Duration,
}

/// What they did.
pub(crate) struct Watched {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Everybody else on the machine, in % of one core: above 10 the run is disturbed.
    pub(crate) other_pct: f64,
}

impl Watch {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self { began: Instant::now(), own: process_cpu(), machine: machine_cpu()? })
    }

    pub(crate) fn stop(self) -> Result<Watched> {
        self.so_far()
    }

    /// What they did up to now.
    pub(crate) fn so_far(&self) -> Result<Watched> {
        let wall = self.began.elapsed().max(Duration::from_micros(1));
        let cpu = process_cpu().saturating_sub(self.own);
        let others = machine_cpu()?.saturating_sub(self.machine).saturating_sub(cpu);
        Ok(Watched { wall, cpu, other_pct: percent(others, wall) })
    }
}

impl Watched {
    pub(crate) fn json(&self) -> Map<String, Value> {
        object(json!({
            "wall_ms": round(milliseconds(self.wall), 1),
            "cpu_ms": round(milliseconds(self.cpu), 1),
            "cpu_pct": percent(self.cpu, self.wall),
            "other_pct": self.other_pct,
        }))
    }
}

/// The members of a `json!({…})`.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub(crate) fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(crate) fn percent(part: Duration, whole: Duration) -> f64 {
    round(part.as_secs_f64() * 100.0 / whole.as_secs_f64(), 2)
}

pub(crate) fn round(value: f64, digits: i32) -> f64 {
    let factor = 10f64.powi(digits);
    (value * factor).round() / factor
}

/// How many per second.
pub(crate) fn per_second(count: usize, wall: Duration) -> f64 {
    (float(count) / wall.as_secs_f64()).round()
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// Lets this process open as many descriptors as it may.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of descriptors")
}

/// Growth from `base` to `now` in bytes, shared by `n`.
pub(crate) fn bytes_each(base: u64, now: u64, n: usize) -> i64 {
    let growth = i64::try_from(now).unwrap_or(i64::MAX) - i64::try_from(base).unwrap_or(i64::MAX);
    growth / i64::try_from(n.max(1)).unwrap_or(i64::MAX)
}

/// Quantiles of times, in microseconds.
pub(crate) fn distribution(mut times: Vec<Duration>) -> Value {
    if times.is_empty() {
        return Value::Null;
    }
    times.sort_unstable();
    let quantile = |permille: usize| {
        let at = (times.len() * permille / 1000).min(times.len() - 1);
        round(microseconds(times[at]), 2)
    };
    let mean = times.iter().sum::<Duration>().div_f64(float(times.len()));
    json!({
        "n": times.len(),
        "min": quantile(0),
        "p50": quantile(500),
        "p90": quantile(900),
        "p99": quantile(990),
        "p999": quantile(999),
        "max": quantile(1000),
        "mean": round(microseconds(mean), 2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let times = (1..=1000).rev().map(Duration::from_micros).collect();
        let distribution = distribution(times);
        assert_eq!(distribution["p50"], 501.0);
        assert_eq!(distribution["p99"], 991.0);
        assert_eq!(distribution["max"], 1000.0);
    }

    #[test]
    fn this_process_has_memory_and_has_used_time() {
        assert!(rss().unwrap() > 100_000);
        assert!(process_cpu() > Duration::ZERO);
    }
}
