//! A Cloudflare in a process of its own, so that its memory and its CPU are not ours.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result};
use stagedoor_cloudflare::{Budget, BudgetConfig, Client, ClientConfig, LIMITS};
use stagedoor_fakes::cloudflare::{FakeCloudflare, FakeConfig};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, stdin},
    process::{Child, ChildStdin, Command},
    runtime,
};

use crate::options::Options;

/// `stagedoor-bench cloudflare`: prints its base URL and runs until its stdin ends.
pub(crate) fn run(options: Options) -> Result<()> {
    options.finish()?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let config =
            FakeConfig { limit: u32::MAX, window: Duration::from_secs(1), ..FakeConfig::default() };
        let fake = FakeCloudflare::start(config).await?;
        println!("{}", fake.base_url());
        stdin().read_to_end(&mut Vec::new()).await?;
        Ok(())
    })
}

/// The process. It ends with this value.
pub(crate) struct Elsewhere {
    base_url: String,
    _process: Child,
    _stdin: Option<ChildStdin>,
}

impl Elsewhere {
    pub(crate) async fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("cloudflare")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = process.stdout.take().context("stdout is piped")?;
        let base_url = BufReader::new(stdout).lines().next_line().await?;
        let base_url = base_url.context("the fake did not start")?;
        let stdin = process.stdin.take();
        Ok(Self { base_url, _process: process, _stdin: stdin })
    }

    /// A client of this one, see [`client`].
    pub(crate) fn client(&self, call_limit: u32) -> Result<Client> {
        client(self.base_url.clone(), call_limit)
    }
}

/// A client that may make so many calls in five minutes, and, where that is more than Cloudflare allows, as many in a
/// second.
pub(crate) fn client(base_url: String, call_limit: u32) -> Result<Client> {
    let fake = FakeConfig::default();
    let burst = if call_limit > LIMITS.limit { call_limit } else { LIMITS.burst };
    let budget = Budget::new(BudgetConfig { limit: call_limit, burst, ..LIMITS });
    let config = ClientConfig { base_url, ..ClientConfig::new(fake.account_id, fake.token.into()) };
    Ok(Client::new(config, budget)?)
}
