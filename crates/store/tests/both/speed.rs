//! How fast events are written. Run alone: `cargo test --release -p stagedoor-store --test both speed -- --ignored
//! --nocapture --test-threads 1`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use stagedoor_domain::{Actor, LivestreamId, Message};
use stagedoor_store::NewEvent;
use tokio::{sync::Semaphore, time::Instant};
use uuid::Uuid;

use crate::support::*;

/// A message as a platform sends it.
fn message(n: u64, livestream: LivestreamId) -> NewEvent {
    let mut event = chat(&format!("twitch:{:032x}", u128::from(n) * 0x9e37_79b9_7f4a_7c15));
    event.livestream = Some(livestream);
    event.report.actor = Some(Actor {
        id: Some(format!("{}", n % 5_000).into()),
        login: Some("somebody".into()),
        name: Some("Somebody".into()),
        ..Actor::default()
    });
    event.report.message = Some(Message {
        id: Some(format!("{n:032x}").into()),
        text: "a message of a length that is quite usual in a chat, with an emote".into(),
        ..Message::default()
    });
    event
}

on_both! {
    #[ignore = "a measurement"]
    async fn many(house: House) {
        let store = house.start().await;
        let livestream = LivestreamId::from_uuid(Uuid::now_v7());
        let room = Arc::new(Semaphore::new(10_000));
        let begin = Instant::now();
        let count = 300_000;
        for n in 0..count {
            let permit = room.clone().acquire_owned().await.unwrap();
            store.append(message(n, livestream), move |result| {
                result.unwrap();
                drop(permit);
            });
        }
        let _all = room.acquire_many(10_000).await.unwrap();
        let took = begin.elapsed();
        println!("{count} events in {took:.2?}: {:.0} a second", f64::from(300_000) / took.as_secs_f64());
    }

    #[ignore = "a measurement"]
    async fn soon(house: House) {
        let store = house.start().await;
        let livestream = LivestreamId::from_uuid(Uuid::now_v7());
        let times: Arc<Mutex<Vec<Duration>>> = Arc::default();
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        for n in 0..10_000 {
            tick.tick().await;
            let (begin, times) = (Instant::now(), times.clone());
            store.append(message(n, livestream), move |result| {
                result.unwrap();
                times.lock().unwrap().push(begin.elapsed());
            });
        }
        until("all is written", async || times.lock().unwrap().len() == 10_000).await;
        let mut times = times.lock().unwrap().clone();
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 1_000 - 1];
        println!("1,000 a second: p50 {:?} p99 {:?} p99.9 {:?} max {:?}", at(500), at(990), at(999), at(1_000));
    }
}
