//! The four platforms through their real wire, on loopback.
//!
//! ```text
//! soak     chat to all users on all platforms, so many messages a second ──▶ stored once each ──▶ a page of each user
//! memory   RSS of a connected account, platform by platform
//! tokens   what an access token costs before each call
//! ```
//!
//! The platforms run in a process of their own (`fakes`), so that their memory and CPU are not the daemon's. Prints one
//! JSON line.

mod board;
mod cast;
mod clients;
mod elsewhere;
mod fakes;
mod memory;
mod soak;
mod stage;
mod tokens;

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use self::cast::Wire;
pub(crate) use self::{clients::Clients, fakes::run as run_fakes};
use crate::{
    options::Options,
    system::{ALLOCATOR, object},
    trees::{WORKERS, on_two_workers},
};

/// The files in which it stands when each message was sent, and by which key it is known.
const SENT: &str = "sent";
const KEYS: &str = "keys";

/// What the command line said.
struct Settings {
    users: usize,
    on: Vec<Wire>,
    rate: u32,
    seconds: u64,
    /// How long what was just connected is left alone.
    calm: Duration,
    /// From one look at memory and CPU to the next.
    sample: Duration,
    /// Memory of a manager without a connection is measured, too.
    split: bool,
    /// What plays the platforms.
    program: PathBuf,
}

/// `stagedoor-bench platforms …`
pub(crate) fn run(mut options: Options) -> Result<()> {
    let phases = options.take_list("phases", "soak")?;
    let on = options.take_list("on", "twitch,youtube,kick,facebook")?;
    let settings = Settings {
        users: options.take("users", 100)?,
        on: on.iter().map(|word| word.parse()).collect::<Result<_>>()?,
        rate: options.take("rate", 1000)?,
        seconds: options.take("seconds", 20)?,
        calm: Duration::from_millis(options.take("calm_ms", 5000)?),
        sample: Duration::from_secs(options.take("sample_s", 10)?),
        split: options.take_switch("split")?,
        program: std::env::current_exe()?,
    };
    options.finish()?;
    ensure!(settings.users > 0 && !settings.on.is_empty(), "nobody to measure");
    ensure!(settings.rate > 0 && !settings.sample.is_zero(), "0: nothing to measure");
    println!("{}", on_two_workers(measure(settings, phases))?);
    Ok(())
}

async fn measure(settings: Settings, phases: Vec<String>) -> Result<Value> {
    let mut results = Map::new();
    for phase in phases {
        let result = match phase.as_str() {
            "soak" => soak::run(&settings).await?,
            "memory" => memory::run(&settings).await?,
            "tokens" => tokens::run(&settings).await?,
            _ => bail!("{phase}: no such phase"),
        };
        results.insert(phase, result);
    }
    let mut line = object(json!({
        "allocator": ALLOCATOR,
        "workers": WORKERS,
        "at": jiff::Timestamp::now().to_string(),
    }));
    line.append(&mut results);
    Ok(line.into())
}
