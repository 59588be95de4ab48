//! Events on their way to the disk, and through a user's tree.
//!
//! ```text
//! append      as fast as it goes: Store::append ──▶ durable            peers: batches, tuned, rows: plain inserts by sqlx
//! pace        so many a second, evenly                                 into the same tables, as durable
//! tree_pace   EventDoor ──▶ EventProcessor ──▶ Store ──▶ durable ──▶ a page that listens, so many a second
//! tree_flood  the same as fast as it goes
//! ```
//!
//! Each phase has an empty database of its own. Prints one JSON line.

mod append;
mod chat;
mod database;
mod peers;
mod tree;

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use self::database::Place;
use crate::{
    options::Options,
    system::{ALLOCATOR, object},
    trees::{WORKERS, on_two_workers},
};

/// What the command line said.
#[derive(Clone, Debug)]
struct Settings {
    /// How many events, where they come as fast as they can.
    n: usize,
    /// How large what the platform sent is, in bytes of JSON; 0 for none.
    raw: usize,
    /// How many events may be under way.
    window: usize,
    /// For how long events come at a pace.
    time: Duration,
    /// How many a second then.
    rate: u32,
    /// How many the peer writes at once: as many as the store does at most.
    batch: usize,
    /// How many users the events are of.
    users: usize,
    /// Whether a livestream is under way.
    live: bool,
}

/// `stagedoor-bench store …`
pub(crate) fn run(mut options: Options) -> Result<()> {
    let phases = options.take_list("phases", "append,batches,rows,pace")?;
    let settings = Settings {
        n: options.take("n", 300_000)?,
        raw: options.take("raw", 800)?,
        window: options.take("window", 10_000)?,
        time: Duration::from_secs(options.take("seconds", 20)?),
        rate: options.take("rate", 1000)?,
        batch: options.take("batch", 500)?,
        users: options.take("users", 100)?,
        live: options.take("live", true)?,
    };
    let place = Place::new(options.take("postgres", String::new())?);
    options.finish()?;
    let least = settings.n.min(settings.batch).min(settings.users).min(settings.window);
    ensure!(least > 0 && settings.rate > 0, "0: nothing to measure");
    let line = on_two_workers(measure(settings, place, phases))?;
    println!("{line}");
    Ok(())
}

async fn measure(settings: Settings, place: Place, phases: Vec<String>) -> Result<Value> {
    let mut results = Map::new();
    for phase in phases {
        let result = match phase.as_str() {
            "append" => append::flood(&settings, &place).await?,
            "pace" => append::pace(&settings, &place).await?,
            "batches" => peers::batches(&settings, &place).await?,
            "tuned" => peers::tuned(&settings, &place).await?,
            "rows" => peers::rows(&settings, &place).await?,
            "tree_pace" => tree::pace(&settings).await?,
            "tree_flood" => tree::flood(&settings).await?,
            _ => bail!("{phase}: no such phase"),
        };
        results.insert(phase, result);
    }
    let mut line = object(json!({
        "database": place.name(),
        "n": settings.n,
        "raw": settings.raw,
        "window": settings.window,
        "batch": settings.batch,
        "users": settings.users,
        "event_bytes": chat::sizes(settings.raw),
        "allocator": ALLOCATOR,
        "workers": WORKERS,
        "at": jiff::Timestamp::now().to_string(),
        "max_other_pct": results.values().filter_map(|phase| phase["other_pct"].as_f64()).fold(0.0, f64::max),
    }));
    line.append(&mut results);
    Ok(line.into())
}
