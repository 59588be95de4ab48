//! Ours and the BEAM peer turn by turn, as a table: `just bench`.
//!
//! ```text
//! runs: ours, peer, ours, peer, … ──▶ target/bench/runs.json ──▶ figures: medians, ratios, goals ──▶ report: RESULTS.md
//! ```
//!
//! `data=<file>` makes the report of runs that were made before.

mod figures;
mod goals;
mod machine;
mod peer;
mod report;
mod runs;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::options::Options;

/// The folder `bench` of the repository.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn target() -> PathBuf {
    Path::new(HERE).join("../target")
}

pub(crate) fn run(mut options: Options) -> Result<()> {
    let data: String = options.take("data", String::new())?;
    let out: String = options.take("out", format!("{HERE}/RESULTS.md"))?;
    let plan = runs::Plan {
        rounds: options.take("rounds", 3)?,
        sizes: numbers(&options.take_list("sizes", "1000,10000,50000")?)?,
        sockets: options.take("sockets", 18_000)?,
        pipes: options.take("pipes", 50_000)?,
    };
    options.finish()?;
    let data: Value = if data.is_empty() {
        let data = plan.carry_out()?;
        let file = target().join("bench/runs.json");
        fs::create_dir_all(target().join("bench"))?;
        fs::write(&file, serde_json::to_vec(&data)?).with_context(|| file.display().to_string())?;
        data
    } else {
        serde_json::from_slice(&fs::read(&data).context(data)?)?
    };
    let notes = fs::read_to_string(&out).ok();
    let report = report::write(&data, notes.as_deref());
    fs::write(&out, &report).context(out)?;
    print!("{report}");
    Ok(())
}

fn numbers(texts: &[String]) -> Result<Vec<usize>> {
    texts.iter().map(|text| text.parse().with_context(|| format!("sizes: {text}"))).collect()
}
