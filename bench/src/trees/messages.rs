//! Calls and casts, to one child and spread over many users'.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Run;
use crate::{
    actors::{ChatMessage, StreamStateMsg, Target},
    system::{Watch, distribution, float, microseconds, object, per_second, round},
    users::spread,
};

/// How long an answer may take: OTP's default.
const LIMIT: Duration = Duration::from_secs(5);

/// After a million casts the answer waits behind them.
const LONG_LIMIT: Duration = Duration::from_mins(5);

impl Run {
    fn targets(&self) -> Vec<Target> {
        let n = self.settings.n.min(self.settings.spread);
        (0..n).map(|index| self.board.target(index).clone()).collect()
    }

    /// Round trips from one caller.
    pub(super) async fn calls(&self) -> Result<Value> {
        let targets = self.targets();
        let watch = Watch::start()?;
        let one = self.round_trips(&targets[..1]).await?;
        let many = self.round_trips(&targets).await?;
        let mut result = watch.stop()?.json();
        result.append(&mut object(json!({ "one_pid": one, "spread_pid": many })));
        Ok(result.into())
    }

    async fn round_trips(&self, targets: &[Target]) -> Result<Value> {
        let ping = |i: usize| {
            let target = &targets[spread(i, targets.len())];
            target.call(StreamStateMsg::Ping, LIMIT)
        };
        for i in 0..2000 {
            ping(i).await?;
        }
        let mut times = Vec::with_capacity(self.settings.calls);
        let began = Instant::now();
        for i in 0..self.settings.calls {
            let asked = Instant::now();
            ping(i).await?;
            times.push(asked.elapsed());
        }
        let rate = per_second(self.settings.calls, began.elapsed());
        let mut result = object(distribution(times));
        result.insert("calls_per_s".to_owned(), json!(rate));
        Ok(result.into())
    }

    /// Casts; over when the receivers have handled them all.
    pub(super) async fn casts(&self) -> Result<Value> {
        let targets: Arc<[Target]> = self.targets().into();
        let one: Arc<[Target]> = Arc::from(&targets[..1]);
        let mut results = Map::new();
        let mut other: f64 = 0.0;
        for (name, producers, targets) in [
            ("one_1p", 1, &one),
            ("one_2p", 2, &one),
            ("spread_pid_1p", 1, &targets),
            ("spread_pid_2p", 2, &targets),
        ] {
            let result = self.cast_from(producers, targets).await?;
            other = other.max(result["other_pct"].as_f64().unwrap_or_default());
            results.insert(name.to_owned(), result);
        }
        results.insert("other_pct".to_owned(), json!(other));
        Ok(results.into())
    }

    async fn cast_from(&self, producers: usize, targets: &Arc<[Target]>) -> Result<Value> {
        let share = self.settings.casts / producers;
        let before = handled(targets).await?;
        let watch = Watch::start()?;
        let began = Instant::now();
        let producing: Vec<_> = (0..producers)
            .map(|producer| {
                let targets = Arc::clone(targets);
                tokio::spawn(async move { produce(&targets, share, producer) })
            })
            .collect();
        for produced in producing {
            produced.await??;
        }
        let sent = began.elapsed();
        let total = handled(targets).await? - before;
        let took = began.elapsed();
        let watched = watch.stop()?;
        let total = usize::try_from(total).context("a small count")?;
        ensure!(total == share * producers, "{total} casts arrived of {}", share * producers);
        let mut result = watched.json();
        result.append(&mut object(json!({
            "casts_per_s": per_second(total, took),
            "sent_per_s": per_second(total, sent),
            "cpu_ns_per_cast": round(microseconds(watched.cpu) * 1e3 / float(total), 1),
        })));
        Ok(result.into())
    }
}

fn produce(targets: &[Target], share: usize, producer: usize) -> Result<()> {
    let author: Arc<str> = format!("viewer_{producer}").into();
    let text: Arc<str> = "hello from the chat, nice stream! ".repeat(3).into();
    for i in 0..share {
        let target = &targets[spread(producer * share + i, targets.len())];
        let message =
            ChatMessage { author: Arc::clone(&author), text: Arc::clone(&text), at: i as u64 };
        target.cast(StreamStateMsg::Chat(message))?;
    }
    Ok(())
}

/// How many casts all of them have handled.
async fn handled(targets: &[Target]) -> Result<u64> {
    let mut sum = 0;
    for target in targets {
        sum += target.call(StreamStateMsg::ChatCount, LONG_LIMIT).await?;
    }
    Ok(sum)
}
