//! What `TokenKeeper` takes to answer a token that holds: once before each call to a platform.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use stagedoor_platforms::AccountAccess;
use tokio::{task::JoinSet, time::Instant};

use super::{
    Settings,
    cast::{Turns, Wire},
    stage::Stage,
};
use crate::{
    system::{Watch, distribution, float, microseconds, object, per_second, round},
    trees::WORKERS,
    users::{spread, user},
};

/// Tokens that are asked for.
const CALLS: usize = 50_000;

pub(super) async fn run(settings: &Settings) -> Result<Value> {
    let turns = Turns { on: vec![Wire::Twitch], users: settings.users };
    let stage = Stage::open(&settings.program, turns, 0).await?;
    stage.put_accounts(Wire::Twitch, false).await?;
    let keeper = &stage.services().tokens;
    let access = |index| {
        let wire = Wire::Twitch;
        keeper.access(&user(index), &wire.platform(), &wire.channel(index))
    };
    let accounts: Vec<AccountAccess> = (0..settings.users).map(access).collect();
    let one = ask(&accounts, 1).await?;
    let many = ask(&accounts, WORKERS * 8).await?;
    drop(accounts);
    stage.close().await?.close().await?;
    Ok(json!({ "users": settings.users, "one_at_a_time": one, "sixteen_at_a_time": many }))
}

async fn ask(accounts: &[AccountAccess], at_once: usize) -> Result<Value> {
    let watch = Watch::start()?;
    let mut asking = JoinSet::new();
    for lane in 0..at_once {
        let accounts = accounts.to_vec();
        asking.spawn(async move {
            let mut times = Vec::with_capacity(CALLS / at_once);
            for call in (lane..CALLS).step_by(at_once) {
                let account = &accounts[spread(call, accounts.len())];
                let began = Instant::now();
                account.tokens.token().await.context("a token")?;
                times.push(began.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::with_capacity(CALLS);
    while let Some(lane) = asking.join_next().await {
        times.append(&mut lane??);
    }
    let watched = watch.stop()?;
    let mut result = watched.json();
    result.append(&mut object(json!({
        "per_second": per_second(CALLS, watched.wall),
        "cpu_us_each": round(microseconds(watched.cpu) / float(CALLS), 2),
        "took_us": distribution(times),
    })));
    Ok(result.into())
}
