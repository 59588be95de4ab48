//! Any order of duplicates, revisions, crashes and restarts gives the same stored set of events.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;
use stagedoor_store::{Appended, EventQuery, NewEvent, Store};

use crate::support::*;

const KEYS: u8 = 12;

#[derive(Clone, Debug)]
enum Step {
    Append {
        key: u8,
        revision: u32,
    },
    /// The writer is dropped in the midst of whatever it does.
    Crash,
    /// The process dies: what had not been answered is delivered again.
    Restart,
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..KEYS, prop_oneof![3 => Just(0), 1 => 0..4_u32])
            .prop_map(|(key, revision)| Step::Append { key, revision }),
        2 => Just(Step::Crash),
        1 => Just(Step::Restart),
        2 => (0..6_u8).prop_map(Step::Wait),
    ]
}

fn make(key: u8, revision: u32) -> NewEvent {
    let mut event = donation(&format!("k{key}"), i64::from(revision));
    event.report.revision = revision;
    event.alert = Some(alert(&format!("k{key}")));
    event
}

/// What was delivered and not answered yet, and how often each key was said to be new.
#[derive(Clone, Default)]
struct Source {
    open: Arc<Mutex<BTreeMap<usize, (u8, u32)>>>,
    new: Arc<Mutex<BTreeMap<u8, u32>>>,
    count: usize,
}

impl Source {
    fn deliver(&mut self, store: &Store, key: u8, revision: u32) {
        self.count += 1;
        let number = self.count;
        self.open.lock().unwrap().insert(number, (key, revision));
        let (open, new) = (self.open.clone(), self.new.clone());
        store.append(make(key, revision), move |result| {
            assert!(open.lock().unwrap().remove(&number).is_some(), "answered once");
            if let Appended::New { .. } = result.unwrap() {
                *new.lock().unwrap().entry(key).or_default() += 1;
            }
        });
    }
}

async fn play(house: &House, steps: Vec<Step>) {
    let mut source = Source::default();
    let mut expected: BTreeMap<u8, u32> = BTreeMap::new();
    let mut running = house.start().await;
    for step in steps {
        match step {
            Step::Append { key, revision } => {
                let greatest = expected.entry(key).or_default();
                *greatest = revision.max(*greatest);
                source.deliver(&running, key, revision);
            }
            Step::Crash => running = Running::new(running.crash().await),
            Step::Restart => {
                drop(running.crash().await);
                running = house.start().await;
                let open = std::mem::take(&mut *source.open.lock().unwrap());
                for (key, revision) in open.into_values() {
                    source.deliver(&running, key, revision);
                }
            }
            Step::Wait(ms) => tokio::time::sleep(Duration::from_millis(ms.into())).await,
        }
    }
    until("all is answered", async || source.open.lock().unwrap().is_empty()).await;
    let stored: BTreeMap<u8, u32> = running
        .events(&ada(), &EventQuery::default())
        .await
        .unwrap()
        .iter()
        .map(|event| {
            let key = event.report.dedupe_key[1..].parse().unwrap();
            let content = i64::from(event.report.revision) * 1_000_000;
            assert_eq!(event.report.money.unwrap().micros, content, "content of its revision");
            (key, event.report.revision)
        })
        .collect();
    assert_eq!(stored, expected);
    let raw = house.raw().await;
    let keys = i64::try_from(expected.len()).unwrap();
    assert_eq!(raw.number("select count(*) from events").await, keys);
    assert_eq!(raw.number("select count(*) from alerts").await, keys, "one alert an event");
    let new = source.new.lock().unwrap().clone();
    assert!(new.values().all(|count| *count == 1), "said to be new once: {new:?}");
    running.stop().await;
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn any_order_gives_the_same_events_in_sqlite(steps in prop::collection::vec(step(), 1..80)) {
        runtime().block_on(async {
            let house = House::sqlite();
            play(&house, steps).await;
        });
    }
}

proptest! {
    // Fewer: each opens and migrates a schema over the wire.
    #![proptest_config(config(10))]

    #[test]
    fn any_order_gives_the_same_events_in_postgres(steps in prop::collection::vec(step(), 1..80)) {
        runtime().block_on(async {
            let Some(house) = House::postgres().await else { return };
            play(&house, steps).await;
            house.drop_schema().await;
        });
    }
}
