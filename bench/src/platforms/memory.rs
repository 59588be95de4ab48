//! What a connected account costs in memory: the manager, who reads, the connection; the daemon's side alone.
//!
//! Everybody's accounts are connected platform after platform, and RSS is looked at in between. The first one brings
//! AccountManager and PlatformSupervisor with it. Where a platform needs a broadcast everybody is on air before.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{Settings, cast::Turns, stage::Stage};
use crate::system::{Watch, bytes_each, milliseconds, object, round, rss};

/// How long what is not needed any more may take to be given back.
const SETTLE: Duration = Duration::from_secs(6);

/// How long is looked at connections on which nothing happens.
const IDLE: Duration = Duration::from_secs(10);

pub(super) async fn run(settings: &Settings) -> Result<Value> {
    let turns = Turns { on: settings.on.clone(), users: settings.users };
    let users = settings.users;
    let mut stage = Stage::open(&settings.program, turns, 0).await?;
    let broadcasts: Vec<_> =
        settings.on.iter().copied().filter(|wire| wire.needs_broadcast()).collect();
    for wire in &broadcasts {
        stage.put_destinations(*wire, false).await?;
    }
    stage.join().await?;
    if !broadcasts.is_empty() {
        stage.start_streams(&broadcasts).await?;
    }
    let mut results = Map::new();
    for (at, wire) in settings.on.iter().copied().enumerate() {
        if wire.needs_broadcast() {
            stage.put_destinations(wire, true).await?;
        }
        sleep(SETTLE).await;
        let before = rss()?;
        let mut refused = None;
        if settings.split {
            stage.put_accounts(wire, true).await?;
            stage.tell_accounts_changed()?;
            sleep(SETTLE).await;
            refused = Some(bytes_each(before, rss()?, users));
        }
        stage.put_accounts(wire, false).await?;
        stage.tell_accounts_changed()?;
        let took = stage.connected(wire).await?;
        sleep(SETTLE).await;
        let after = rss()?;
        let watch = Watch::start()?;
        sleep(IDLE).await;
        let idle = watch.stop()?;
        let mut result = object(json!({
            "first": at == 0,
            "bytes_each": bytes_each(before, after, users),
            "connected_ms": round(milliseconds(took), 0),
            "idle": idle.json(),
        }));
        if let Some(refused) = refused {
            result.insert("without_connection".to_owned(), json!(refused));
        }
        results.insert(wire.to_string(), result.into());
    }
    results.insert("lost".to_owned(), json!(stage.board.lost()));
    results.insert("users".to_owned(), json!(users));
    stage.close().await?.close().await?;
    Ok(results.into())
}
