//! `Store::append`: how many a second, and how soon they are durable.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stagedoor_domain::LivestreamId;
use stagedoor_store::{Appended, NewEvent, Store};
use tokio::{
    sync::Semaphore,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Settings, chat, database::Place};
use crate::{
    house::until,
    system::{Watch, distribution, float, microseconds, object, per_second, round},
};

/// How long each took, from the call to the answer; and whether something else came than that it is new.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<(Vec<Duration>, usize)>>);

impl Answers {
    fn with_room(n: usize) -> Self {
        Self(Arc::new(Mutex::new((Vec::with_capacity(n), 0))))
    }

    /// Appends, and calls `then` when it is durable.
    fn append(&self, store: &Store, event: NewEvent, then: impl FnOnce() + Send + 'static) {
        let (began, answers) = (Instant::now(), self.clone());
        store.append(event, move |result| {
            let took = began.elapsed();
            let mut answers = answers.0.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(result, Ok(Appended::New { .. })) {
                answers.0.push(took);
            } else {
                answers.1 += 1;
            }
            drop(answers);
            then();
        });
    }

    fn count(&self) -> usize {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.0.len() + answers.1
    }

    /// All of them, each of which must be that the event is new and durable.
    fn take(&self) -> Result<Vec<Duration>> {
        let (times, others) =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        ensure!(others == 0, "{others} events were not stored");
        Ok(times)
    }
}

/// As many as `window` are under way all the time.
pub(super) async fn flood(settings: &Settings, place: &Place) -> Result<Value> {
    let Settings { n, raw, window, users, .. } = *settings;
    let made = making(settings);
    let livestream = LivestreamId::from_uuid(Uuid::now_v7());
    let fresh = place.fresh().await?;
    let (store, shutdown) = (fresh.store().await?, CancellationToken::new());
    let writer = tokio::spawn({
        let (store, shutdown) = (store.clone(), shutdown.clone());
        async move { store.run(shutdown).await }
    });
    let answers = Answers::with_room(n);
    let room = Arc::new(Semaphore::new(window));
    let watch = Watch::start()?;
    for number in 0..n {
        let event = chat::event(number, users, raw, livestream);
        let permit = Arc::clone(&room).acquire_owned().await?;
        answers.append(&store, event, move || drop(permit));
    }
    let all = room.acquire_many(u32::try_from(window).context("the window is too large")?).await?;
    let watched = watch.stop()?;
    drop(all);
    let mut result = watched.json();
    result.append(&mut object(json!({
        "events_per_s": per_second(n, watched.wall),
        "cpu_us_each": round(microseconds(watched.cpu) / float(n), 2),
        "of_it_making_us": made,
        "durable_us": distribution(answers.take()?),
    })));
    shutdown.cancel();
    writer.await?;
    drop(store);
    fresh.close().await?;
    Ok(result.into())
}

/// `rate` a second, one after the other.
pub(super) async fn pace(settings: &Settings, place: &Place) -> Result<Value> {
    let Settings { raw, users, rate, time, .. } = *settings;
    let livestream = LivestreamId::from_uuid(Uuid::now_v7());
    let fresh = place.fresh().await?;
    let (store, shutdown) = (fresh.store().await?, CancellationToken::new());
    let writer = tokio::spawn({
        let (store, shutdown) = (store.clone(), shutdown.clone());
        async move { store.run(shutdown).await }
    });
    let n = count(rate, time);
    let answers = Answers::with_room(n);
    let watch = Watch::start()?;
    let mut ticks = evenly(rate);
    for number in 0..n {
        let event = chat::event(number, users, raw, livestream);
        ticks.tick().await;
        answers.append(&store, event, || {});
    }
    until("all is durable", || answers.count() == n).await?;
    let watched = watch.stop()?;
    let mut result = watched.json();
    result.append(&mut object(json!({
        "rate": per_second(n, watched.wall),
        "durable_us": distribution(answers.take()?),
    })));
    shutdown.cancel();
    writer.await?;
    drop(store);
    fresh.close().await?;
    Ok(result.into())
}

/// A tick for each of `rate` events a second. What was late is made up for at once.
pub(super) fn evenly(rate: u32) -> tokio::time::Interval {
    let mut pace = interval(Duration::from_secs(1) / rate);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    pace
}

/// How many come at `rate` a second.
pub(super) fn count(rate: u32, time: Duration) -> usize {
    usize::try_from(u64::from(rate) * time.as_secs()).unwrap_or(usize::MAX)
}

/// What making one event costs us, who play the platform, in microseconds.
fn making(settings: &Settings) -> f64 {
    const N: usize = 10_000;
    let livestream = LivestreamId::from_uuid(Uuid::now_v7());
    let began = Instant::now();
    for number in 0..N {
        std::hint::black_box(chat::event(number, settings.users, settings.raw, livestream));
    }
    round(microseconds(began.elapsed()) / float(N), 2)
}
