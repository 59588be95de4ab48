//! Trees: N users join, and what then can be asked of the daemon is measured phase by phase.
//!
//! Prints one JSON line with the words of the peer (`peers/beam/lib/bench.ex`), so that both can be read alike.

pub(crate) mod bookkeeping;
mod crash;
mod join;
mod leave;
mod loading;
mod memory;
mod messages;
mod snapshots;

use std::{str::FromStr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use stagedoor_presence::{SessionGuard, TreeSpec};
use stagedoor_stream::Platforms;
use tokio::{runtime, time::sleep};

use self::loading::Loading;
use crate::{
    actors::Board,
    cloudflare::Elsewhere,
    house::{House, tracker},
    options::Options,
    platforms::Clients,
    props::Props,
    stamps::Stamps,
    system::{ALLOCATOR, Watch, object, rss},
};

/// As many as the machines used have cores, and as the peer has schedulers there.
pub(crate) const WORKERS: usize = 2;

/// Whose children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kids {
    /// As small as the peer's.
    Four,
    /// The default configuration's.
    Default,
    /// The same with Cloudflare configured.
    Cloudflare,
    /// The same with the platforms configured, and no accounts.
    Platforms,
}

impl FromStr for Kids {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "4" => Ok(Self::Four),
            "default" => Ok(Self::Default),
            "cloudflare" => Ok(Self::Cloudflare),
            "platforms" => Ok(Self::Platforms),
            _ => Err("neither 4 nor default, cloudflare or platforms"),
        }
    }
}

impl Kids {
    /// Actors of an idle tree.
    fn actors(self) -> usize {
        match self {
            Self::Four => 5,
            // UserStreamManager and StreamStateServer; the others are started when needed.
            Self::Default | Self::Platforms => 2,
            // And CloudflareManager.
            Self::Cloudflare => 3,
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Four => json!(4),
            Self::Default => json!("default"),
            Self::Cloudflare => json!("cloudflare"),
            Self::Platforms => json!("platforms"),
        }
    }
}

/// What the command line said.
struct Settings {
    n: usize,
    kids: Kids,
    grace: Duration,
    idle: Duration,
    settle: Duration,
    crash_trials: usize,
    crash_gap: Duration,
    calls: usize,
    casts: usize,
    spread: usize,
    /// How many calls the budget of Cloudflare allows in five minutes.
    call_limit: u32,
}

/// A run under way.
struct Run {
    settings: Settings,
    board: Arc<Board>,
    house: House,
    joined: Stamps,
    /// The sessions, held as a gateway would.
    sessions: Vec<SessionGuard>,
    base_rss: u64,
    /// What the default configuration's trees share.
    props: Option<Props>,
    loading: Option<Loading>,
    /// Ends with the run.
    _cloudflare: Option<Elsewhere>,
}

pub(crate) fn run(mut options: Options) -> Result<()> {
    let phases = options.take_list("phases", "join,mem")?;
    let settings = Settings {
        n: options.take("n", 1000)?,
        kids: options.take("kids", Kids::Four)?,
        grace: Duration::from_millis(options.take("grace_ms", 5000)?),
        idle: Duration::from_secs(options.take("idle_s", 10)?),
        settle: Duration::from_millis(options.take("settle_ms", 2000)?),
        crash_trials: options.take("crash_trials", 1000)?,
        crash_gap: Duration::from_millis(options.take("crash_gap_ms", 2)?),
        calls: options.take("calls", 200_000)?,
        casts: options.take("msgs", 1_000_000)?,
        spread: options.take("spread", 10_000)?,
        call_limit: options.take("call_limit", 1_200)?,
    };
    options.finish()?;
    ensure!(settings.n > 0, "n=0: nobody to measure");
    ensure!(
        settings.kids == Kids::Four || !needs_four(&phases),
        "call, cast and crash need kids=4"
    );
    let line = on_two_workers(measure(settings, phases))?;
    println!("{line}");
    Ok(())
}

fn needs_four(phases: &[String]) -> bool {
    phases.iter().any(|phase| ["call", "cast", "crash"].contains(&phase.as_str()))
}

/// Runs `future` as a task, where the actors run: the thread of `block_on` would add a wake-up to every answer.
pub(crate) fn on_two_workers<T: Send + 'static>(
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    runtime.block_on(async { tokio::spawn(future).await? })
}

async fn measure(settings: Settings, phases: Vec<String>) -> Result<Value> {
    let boot_rss = rss()?;
    let mut run = Run::open(settings).await?;
    let mut results = Map::new();
    for phase in phases {
        let result = match phase.as_str() {
            "join" => run.join().await?,
            "mem" => run.memory().await?,
            "inputs" => run.inputs().await?,
            "idle" => run.idle().await?,
            "snap" => run.snapshots(),
            "call" => run.calls().await?,
            "cast" => run.casts().await?,
            "crash" => run.crash().await?,
            "rejoin" => run.rejoin().await?,
            "leave" => run.leave().await?,
            _ => bail!("{phase}: no such phase"),
        };
        results.insert(phase, result);
    }
    let Run { settings, house, sessions, props, .. } = run;
    drop(sessions);
    house.close().await?;
    if let Some(props) = props {
        props.close().await?;
    }
    let mut line = object(json!({
        "n": settings.n,
        "kids": settings.kids.json(),
        "allocator": ALLOCATOR,
        "workers": WORKERS,
        "at": jiff::Timestamp::now().to_string(),
        "boot_rss": boot_rss,
        "max_other_pct": results.values().filter_map(|phase| phase["other_pct"].as_f64()).fold(0.0, f64::max),
    }));
    line.append(&mut results);
    Ok(line.into())
}

impl Run {
    async fn open(settings: Settings) -> Result<Self> {
        let board = Board::new(settings.n);
        let mut cloudflare = None;
        let mut props = None;
        let tree: TreeSpec = if settings.kids == Kids::Four {
            let board = Arc::clone(&board);
            Arc::new(move |user| board.tree(user))
        } else {
            let client = if settings.kids == Kids::Cloudflare {
                let elsewhere = cloudflare.insert(Elsewhere::start().await?);
                Some(elsewhere.client(settings.call_limit)?)
            } else {
                None
            };
            let has_platforms = settings.kids == Kids::Platforms;
            let opened = Props::with(client, |store| {
                if has_platforms {
                    Ok(Clients::unused(store)?.platforms)
                } else {
                    Ok(Platforms::default())
                }
            });
            props.insert(opened.await?).default_tree()
        };
        // Subscribed before memory is measured: in the daemon that is the pages' and not the trees'.
        let loading = props.as_ref().map(|props| Loading::watch(&props.services, settings.n));
        let house = House::open(tracker(), tree, settings.grace).await?;
        let joined = Stamps::new(settings.n);
        let sessions = Vec::with_capacity(settings.n);
        sleep(Duration::from_millis(300)).await;
        let base_rss = rss()?;
        Ok(Self {
            settings,
            board,
            house,
            joined,
            sessions,
            base_rss,
            props,
            loading,
            _cloudflare: cloudflare,
        })
    }

    /// Waits until everybody has their live input and its encoder has been looked for.
    async fn inputs(&self) -> Result<Value> {
        const CALM: Duration = Duration::from_secs(3);
        let client = self.props.as_ref().and_then(|props| props.services.cloudflare.as_ref());
        let budget = client.context("inputs needs kids=cloudflare")?.budget();
        let calls = || budget.snapshot().granted.sum();
        let watch = Watch::start()?;
        let mut before = 0;
        // A look at an encoder comes a minute after the last at the earliest.
        while calls() < self.settings.n as u64 || calls() != before {
            before = calls();
            sleep(CALM).await;
        }
        let mut result = watch.stop()?.json();
        result.insert("calls".to_owned(), json!(before));
        Ok(result.into())
    }

    async fn idle(&self) -> Result<Value> {
        sleep(Duration::from_secs(1)).await;
        let watch = Watch::start()?;
        sleep(self.settings.idle).await;
        Ok(watch.stop()?.json().into())
    }
}
