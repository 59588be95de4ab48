//! Sessions over real sockets: the whole gateway, and its clients in a process of their own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use stagedoor_presence::Tracker;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStdin, ChildStdout, Command},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{Behind, Settings, authenticator, beats_within, client::read_answer, each, heartbeats};
use crate::{
    house::{tracker, until},
    system::{Watch, bytes_each, object, raise_descriptor_limit, rss},
};

pub(super) async fn measure(settings: Settings) -> Result<Map<String, Value>> {
    let Settings { n, trees, window } = settings;
    raise_descriptor_limit()?;
    let tracker = tracker();
    let (behind, address) = serve(tracker, trees, n).await?;
    let sessions = behind.gateway.sessions();
    let mut clients = Clients::start(address, n)?;
    sleep(Duration::from_millis(300)).await;
    let base = rss()?;
    let per_session = |now| bytes_each(base, now, n);
    let no_client = Duration::ZERO;

    let watch = Watch::start()?;
    let told = clients.tell("connect").await?;
    until("all sessions are open", || sessions.len() == n).await?;
    let mut opened = each(n, &watch.stop()?, no_client);
    opened.extend(object(told));
    sleep(Duration::from_secs(2)).await;
    opened.insert("rss_each".to_owned(), json!(per_session(rss()?)));

    let watch = Watch::start()?;
    let told = clients.tell("join").await?;
    behind.all_up(n).await?;
    let mut joined = each(n, &watch.stop()?, no_client);
    joined.extend(object(told));
    behind.all_told(n).await?;
    joined.insert("rss_each".to_owned(), json!(per_session(rss()?)));

    let beats = beats_within(n, window);
    let watch = Watch::start()?;
    let told = clients.tell(&format!("beat {beats}")).await?;
    let mut idle = heartbeats(beats, &watch.stop()?, no_client);
    idle.extend(object(told));

    let watch = Watch::start()?;
    let told = clients.tell("big").await?;
    let mut big = each(n, &watch.stop()?, no_client);
    big.extend(object(told));
    sleep(Duration::from_secs(2)).await;
    big.insert("rss_each".to_owned(), json!(per_session(rss()?)));

    let watch = Watch::start()?;
    clients.tell("hang_up").await?;
    until("all sessions are over", || sessions.is_empty()).await?;
    let mut gone = each(n, &watch.stop()?, no_client);
    sleep(Duration::from_secs(1)).await;
    gone.insert("rss_each_after_1s".to_owned(), json!(per_session(rss()?)));
    sleep(Duration::from_secs(14)).await;
    gone.insert("rss_each_after_15s".to_owned(), json!(per_session(rss()?)));

    behind.close().await?;
    Ok(object(json!({
        "base_rss": base,
        "open": opened,
        "join": joined,
        "heartbeats": idle,
        "big": big,
        "disconnect": gone,
    })))
}

/// A gateway that takes all of them from one address, by name.
async fn serve(tracker: Tracker, trees: bool, n: usize) -> Result<(Behind, SocketAddr)> {
    let public = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = public.local_addr()?;
    let authenticator = authenticator()?.with_development_login(address)?;
    let behind = Behind::open(tracker, trees, n, authenticator).await?;
    let running = behind.gateway.clone();
    tokio::spawn(async move {
        let for_ever = CancellationToken::new();
        running.run(Arc::new(public), Arc::new(admin), for_ever).await;
    });
    Ok((behind, address))
}

/// The client process.
struct Clients {
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Clients {
    fn start(address: SocketAddr, n: usize) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["socket-client", &format!("address={address}"), &format!("n={n}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let commands = process.stdin.take().context("stdin is piped")?;
        let answers = process.stdout.take().context("stdout is piped")?;
        Ok(Self { commands, answers: BufReader::new(answers).lines(), _process: process })
    }

    /// Has all clients do something, and waits until they have.
    async fn tell(&mut self, command: &str) -> Result<Value> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await?;
        read_answer(self.answers.next_line().await?)
    }
}
