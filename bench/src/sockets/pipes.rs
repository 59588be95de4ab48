//! Sessions over in-memory pipes: more than a process may have descriptors.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};
use stagedoor_gateway::{Identity, Role};
use tokio::{
    runtime,
    task::spawn_blocking,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Behind, HEARTBEAT, Settings, authenticator, beats_within, each,
    frames::{self, text_frame},
    heartbeats,
    pipe::Pipe,
};
use crate::{
    house::{tracker, until},
    system::{Watch, bytes_each, object, rss, thread_cpu},
    users::user,
};

/// The clients' ends.
type Clients = Arc<[Arc<Pipe>]>;

pub(super) async fn measure(settings: Settings) -> Result<Map<String, Value>> {
    let Settings { n, trees, window } = settings;
    let clients: Clients = (0..n).map(|_| Pipe::new()).collect();
    let tracker = tracker();
    let behind = Behind::open(tracker, trees, n, authenticator()?).await?;
    let sessions = behind.gateway.sessions();
    let sweeping = tokio::spawn(sessions.clone().sweep());
    sleep(Duration::from_millis(300)).await;
    let base = rss()?;
    let per_session = |now| bytes_each(base, now, n);

    let watch = Watch::start()?;
    for (index, client) in clients.iter().enumerate() {
        // Each has a text of its own, as from a token.
        let identity = Identity { user: user(index), role: Role::User };
        tokio::spawn(sessions.serve(client.server_end(), &[], identity));
    }
    until("all sessions are open", || sessions.len() == n).await?;
    let mut opened = each(n, &watch.stop()?, Duration::ZERO);
    sleep(Duration::from_secs(1)).await;
    opened.insert("rss_each".to_owned(), json!(per_session(rss()?)));

    let joins = || sessions.channel_counters().joins.load(Relaxed);
    let watch = Watch::start()?;
    let client_cpu = send_all(&clients, frames::JOIN).await?;
    until("all have joined", || joins() == n as u64).await?;
    behind.all_up(n).await?;
    let mut joined = each(n, &watch.stop()?, client_cpu);
    let told = behind.all_told(n).await?;
    let joined_rss = rss()?;
    joined.insert("rss_each".to_owned(), json!(per_session(joined_rss)));
    ensure!(clients.iter().all(|client| client.received() > 0), "a join was not answered");

    let answered = |frames: usize| {
        let out = &sessions.socket_counters().frames_out;
        until("all are answered", move || out.load(Relaxed) >= told + frames as u64)
    };

    let beats = beats_within(n, window);
    let watch = Watch::start()?;
    let client_cpu = beat(&clients, beats).await?;
    answered(beats).await?;
    let idle = heartbeats(beats, &watch.stop()?, client_cpu);

    let watch = Watch::start()?;
    let client_cpu = send_all(&clients, &frames::big_event()).await?;
    answered(beats + n).await?;
    let mut big = each(n, &watch.stop()?, client_cpu);
    sleep(Duration::from_secs(2)).await;
    big.insert("rss_each".to_owned(), json!(per_session(rss()?)));

    let watch = Watch::start()?;
    for client in clients.iter() {
        client.hang_up();
    }
    until("all sessions are over", || sessions.is_empty()).await?;
    let mut gone = each(n, &watch.stop()?, Duration::ZERO);
    sleep(Duration::from_secs(1)).await;
    gone.insert("rss_each_after_1s".to_owned(), json!(per_session(rss()?)));
    sleep(Duration::from_secs(14)).await;
    gone.insert("rss_each_after_15s".to_owned(), json!(per_session(rss()?)));

    sweeping.abort();
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

/// Sends `payload` from all clients at once, and says what CPU that took.
async fn send_all(clients: &Clients, payload: &[u8]) -> Result<Duration> {
    let (clients, frame) = (Arc::clone(clients), text_frame(payload));
    let sending = spawn_blocking(move || {
        let began = thread_cpu();
        for client in clients.iter() {
            client.send(&frame);
        }
        thread_cpu() - began
    });
    Ok(sending.await?)
}

/// Sends one heartbeat from each of the first `beats` clients, at the pace of all, and says what CPU that took.
async fn beat(clients: &Clients, beats: usize) -> Result<Duration> {
    let (clients, frame) = (Arc::clone(clients), text_frame(frames::HEARTBEAT));
    let sending = spawn_blocking(move || -> Result<Duration> {
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let began = thread_cpu();
        runtime.block_on(async {
            let epoch = Instant::now();
            let pace = HEARTBEAT.div_f64(crate::system::float(clients.len()));
            for (client, index) in clients.iter().zip(0..).take(beats) {
                sleep_until(epoch + pace * index).await;
                client.send(&frame);
            }
        });
        Ok(thread_cpu() - began)
    });
    sending.await?
}
