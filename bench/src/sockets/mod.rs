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

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};
use stagedoor_gateway::{
    AuthConfig, AuthKey, Authenticator, Backstage, Gateway, GatewayConfig, MIN_SECRET_BYTES,
    Metrics, Readiness,
};
use stagedoor_presence::Tracker;
use stagedoor_stream::{EventDoor, UserTrees};
use stagedoor_supervision::{DynamicSupervisorRef, DynamicSupervisorSpec};

pub(crate) use self::client::run as run_client;
use crate::{
    house::{House, until},
    options::Options,
    props::Props,
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

/// What is behind the sessions.
struct Behind {
    gateway: Gateway,
    /// Of those whose users have trees.
    house: Option<House>,
    props: Props,
}

impl Behind {
    /// As many sessions as `n` may come in, also from one address.
    async fn open(
        tracker: Tracker,
        trees: bool,
        n: usize,
        authenticator: Authenticator,
    ) -> Result<Self> {
        let props = Props::open(None).await?;
        let house = if trees {
            Some(House::open(tracker.clone(), props.default_tree(), HEARTBEAT).await?)
        } else {
            None
        };
        let users = house.as_ref().map_or_else(
            || DynamicSupervisorRef::new(DynamicSupervisorSpec::new()),
            |house| house.users.clone(),
        );
        let (trees, services) = (UserTrees::new(users), Arc::clone(&props.services));
        let door = EventDoor::new(trees.clone(), Arc::clone(&services));
        let backstage = Backstage { trees, services, door, webhook_secret: None, kick: None };
        let mut config = GatewayConfig::default();
        config.public.connections = n + 16;
        config.public.connections_per_address = n + 16;
        let (readiness, metrics) = (Readiness::new(), Metrics::new());
        let gateway = Gateway::new(&config, tracker, authenticator, readiness, metrics, backstage)?;
        Ok(Self { gateway, house, props })
    }

    /// Waits until all trees run and have told the pages the state that they found.
    async fn all_up(&self, n: usize) -> Result<()> {
        let Some(house) = &self.house else { return Ok(()) };
        until("all trees run", || house.actors() >= 2 * n).await
    }

    /// Waits until all pages have been told what a join brings: after that nothing comes by itself.
    async fn all_told(&self, n: usize) -> Result<u64> {
        // The state of the stream comes after the answers, where there is a tree.
        let frames = frames::JOIN_ANSWERS + usize::from(self.house.is_some());
        let out = &self.gateway.sessions().socket_counters().frames_out;
        until("all are told", || out.load(Relaxed) >= (frames * n) as u64).await?;
        // One whose tree was there already when it looked is told twice.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(out.load(Relaxed))
    }

    async fn close(self) -> Result<()> {
        if let Some(house) = self.house {
            house.close().await?;
        }
        self.props.close().await
    }
}

/// Whom the gateway lets in.
pub(crate) fn authenticator() -> Result<Authenticator> {
    let key = AuthKey::Hs256("b".repeat(MIN_SECRET_BYTES).into());
    Ok(Authenticator::new(&AuthConfig::new(key))?)
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
