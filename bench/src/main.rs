//! `stagedoor-bench`: what stagedoor costs, and what the same costs elsewhere. See the README beside it.

mod actors;
mod cloudflare;
mod compare;
mod house;
mod options;
mod platforms;
mod props;
mod sockets;
mod stamps;
mod store;
mod system;
mod trees;
mod users;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::options::Options;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(all(feature = "mimalloc", not(feature = "jemalloc")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
stagedoor-bench trees    n=10000 kids=4|default|cloudflare|platforms phases=join,mem,inputs,idle,snap,call,cast,crash,rejoin,leave
                         grace_ms=5000 idle_s=10 crash_trials=1000 crash_gap_ms=2 calls=200000 msgs=1000000 call_limit=1200
stagedoor-bench sockets  n=18000 [pipes] [trees] window_s=30
stagedoor-bench store    n=300000 phases=append,batches,tuned,rows,pace,tree_pace,tree_flood raw=800|0 window=10000 seconds=20
                         batch=500 users=100 rate=1000 postgres=postgres://…
stagedoor-bench platforms phases=soak,memory,tokens users=1000 rate=10000 seconds=300 sample_s=10 split
                         on=twitch,youtube,kick,facebook
stagedoor-bench compare  rounds=3 sizes=1000,10000,50000 sockets=18000 pipes=50000 out=bench/RESULTS.md
                         data=target/bench/runs.json: writes the report of the last runs anew
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).peekable();
    // `just bench rounds=1`: without a command, everything.
    let command = words.next_if(|word| !word.contains('=')).unwrap_or_else(|| "compare".to_owned());
    match run(&command, Options::parse(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stagedoor-bench {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, options: Options) -> Result<()> {
    match command {
        "trees" => trees::run(options),
        "compare" => compare::run(options),
        "sockets" => sockets::run(options),
        "socket-client" => sockets::run_client(options),
        "store" => store::run(options),
        "platforms" => platforms::run(options),
        "platform-fakes" => platforms::run_fakes(options),
        "cloudflare" => cloudflare::run(options),
        "bookkeeping" => trees::bookkeeping::run(options),
        "help" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("no such command; these are there:\n{USAGE}"),
    }
}
