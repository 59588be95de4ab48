//! What the Tracker keeps of a session, in a process in which nothing else is kept.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    house::{join, tracker},
    options::Options,
    system::{bytes_each, rss},
    users::user,
};

/// `stagedoor-bench bookkeeping n=…`
pub(crate) fn run(mut options: Options) -> Result<()> {
    let n = options.take("n", 1000)?;
    options.finish()?;
    let tracker = tracker();
    let mut sessions = Vec::with_capacity(n);
    // What is made once is made now.
    drop(join(&tracker, &user(0), 0)?);
    let base = rss()?;
    for index in 0..n {
        sessions.push(join(&tracker, &user(index), index)?);
    }
    println!("{}", json!({ "per_session": bytes_each(base, rss()?, n) }));
    Ok(())
}

/// Bytes a session, the guard that its holder has included.
pub(super) async fn measure_apart(n: usize) -> Result<i64> {
    let own = std::env::current_exe()?;
    let output = Command::new(own).args(["bookkeeping", &format!("n={n}")]).output().await?;
    let line: Value = serde_json::from_slice(&output.stdout).context("bookkeeping")?;
    line["per_session"].as_i64().context("bookkeeping printed no figure")
}
