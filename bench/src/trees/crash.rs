//! A child is killed: how long until its address answers again, while all trees run.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stagedoor_supervision::{Change, LifecycleEvent};
use tokio::{
    sync::broadcast::Receiver,
    time::{Instant, sleep, timeout},
};

use super::Run;
use crate::{
    actors::StreamStateMsg,
    house::until,
    system::{Watch, distribution, object},
    users::{spread, user},
};

const LIMIT: Duration = Duration::from_secs(5);

impl Run {
    pub(super) async fn crash(&self) -> Result<Value> {
        let n = self.settings.n;
        let trials = self.settings.crash_trials.min(n / 2);
        // Each user once: one restart is within everybody's intensity.
        let victims: BTreeSet<usize> = (0..).map(|i| spread(i, n)).take(trials).collect();
        let mut restarts = Restarts(self.house.watch());
        let watch = Watch::start()?;
        let mut times = Vec::with_capacity(trials);
        for victim in &victims {
            times.push(self.crash_once(*victim, &mut restarts).await?);
            sleep(self.settings.crash_gap).await;
        }
        let mut result = watch.stop()?.json();
        let actors = n * self.settings.kids.actors();
        until("all trees run again", || self.house.actors() == actors).await?;
        result.append(&mut object(json!({
            "restart_us": distribution(times),
            "trials": victims.len(),
        })));
        Ok(result.into())
    }

    /// From the kill to the first answer of the successor.
    async fn crash_once(&self, victim: usize, restarts: &mut Restarts) -> Result<Duration> {
        let target = self.board.target(victim);
        let tree = self.house.users.child(user(victim).as_str()).context("no tree")?;
        let child = tree.supervisor().context("no supervisor")?.child("stream_state");
        let child = child.context("no child")?;
        let old = target.current().context("nobody to kill")?.get_id();
        let began = Instant::now();
        ensure!(child.kill(), "nobody was killed");
        restarts.next().await?;
        target.call(StreamStateMsg::Ping, LIMIT).await?;
        let answered = began.elapsed();
        let new = target.current().map(|cell| cell.get_id());
        ensure!(new.is_some_and(|new| new != old), "the killed child answered");
        Ok(answered)
    }
}

/// The restarts, as they happen. To ask in a loop instead would take the core that the restart needs.
struct Restarts(Receiver<LifecycleEvent>);

impl Restarts {
    async fn next(&mut self) -> Result<()> {
        let next = async {
            while !matches!(self.0.recv().await?.change, Change::Restarted { .. }) {}
            Ok(())
        };
        timeout(LIMIT, next).await?
    }
}
