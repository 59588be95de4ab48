//! Whatever happens to calls, what comes is what was said.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::TestRunner};
use stagedoor_fakes::{Effect, youtube::Call};

use super::*;

#[derive(Clone, Debug)]
enum Act {
    /// Somebody says something.
    Say(usize),
    /// A gift is sent once more.
    Gift,
    /// What streams breaks.
    Break,
    /// The connections are cut.
    Cut,
    /// Tokens end.
    Expire,
    /// Responses come so many times.
    Duplicate(usize),
    /// Calls bring so much and end in good order.
    Brings(Option<usize>),
    /// The next calls go wrong.
    Fail(u16, usize),
    /// The process crashes: what was read after the last batch that was kept is forgotten.
    Crash,
    /// A batch is read, and kept.
    Read,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (1usize..6).prop_map(Act::Say),
        2 => Just(Act::Gift),
        2 => Just(Act::Break),
        1 => Just(Act::Cut),
        2 => Just(Act::Expire),
        1 => (1usize..4).prop_map(Act::Duplicate),
        1 => prop::option::of(1usize..5).prop_map(Act::Brings),
        1 => (prop::sample::select(vec![401u16, 501, 503]), 1usize..3)
            .prop_map(|(status, times)| Act::Fail(status, times)),
        2 => Just(Act::Crash),
        6 => Just(Act::Read),
    ];
    prop::collection::vec(act, 1..40)
}

/// What is stored: by its key the greatest revision, as the store has it.
type Stored = BTreeMap<Box<str>, (u32, Option<u64>)>;

fn store(stored: &mut Stored, reports: impl IntoIterator<Item = EventReport>) {
    for report in reports {
        let amount = report.units.as_ref().map(|units| units.amount);
        let kept = stored.entry(report.dedupe_key).or_insert((report.revision, amount));
        if report.revision > kept.0 {
            *kept = (report.revision, amount);
        }
    }
}

/// What is read through one connection after another, as a manager does.
struct Manager<'a> {
    world: &'a World,
    broadcast: Broadcast,
    connection: Option<Box<dyn Connection>>,
    cursor: Option<Box<str>>,
    stored: Stored,
}

impl Manager<'_> {
    /// Reads and keeps a batch, if one comes within this time.
    async fn read(&mut self, patience: Duration) {
        let connection = self.connection.get_or_insert_with(|| {
            let broadcast = Some(self.broadcast.clone());
            let resume = Resume { broadcast, cursor: self.cursor.clone() };
            self.world.youtube.connect(&self.world.ada, resume)
        });
        match tokio::time::timeout(patience, connection.next()).await {
            Err(_) => {}
            Ok(Ok(batch)) => {
                store(&mut self.stored, batch.reports);
                self.cursor = batch.cursor.or(self.cursor.take());
            }
            Ok(Err(Disconnect::Lost { .. })) => self.connection = None,
            Ok(Err(over)) => panic!("{over:?}"),
        }
    }
}

async fn play(acts: Vec<Act>) {
    let world = World::with(FakeConfig::default(), |config| {
        config.poll_for = Duration::from_millis(30);
    })
    .await;
    let (view, broadcast) = world.on_air();
    let fake = &world.fake;
    let mut manager =
        Manager { world: &world, broadcast, connection: None, cursor: None, stored: Stored::new() };
    let mut expected = Stored::new();
    let mut gift: Option<(String, i32)> = None;
    for act in acts {
        match act {
            Act::Say(times) => {
                for _ in 0..times {
                    let id = fake.say(&view.chat, viewer(), Said::Text("hello".into()));
                    expected.insert(format!("youtube:chat:{id}").into(), (0, None));
                }
            }
            Act::Gift => {
                let combo = gift.as_ref().map_or(1, |(_, combo)| combo + 1);
                let said = Said::Gift { name: "Rose".into(), jewels: 2, combo };
                let id = match gift.take() {
                    None => fake.say(&view.chat, viewer(), said),
                    Some((id, _)) => {
                        fake.say_again(&view.chat, viewer(), said, &id);
                        id
                    }
                };
                let revision = u32::try_from(combo).unwrap();
                let amount = Some(2 * u64::from(revision));
                expected.insert(format!("youtube:{id}").into(), (revision, amount));
                gift = Some((id, combo));
            }
            Act::Break => fake.break_streams(),
            Act::Cut => fake.cut_connections(),
            Act::Expire => fake.oauth().expire(ADA),
            Act::Duplicate(times) => fake.set_duplicates(times),
            Act::Brings(brings) => fake.set_calls(None, brings),
            Act::Fail(status, times) => fake.fail(Call::StreamList, Effect::status(status), times),
            Act::Crash => manager.connection = None,
            Act::Read => manager.read(Duration::from_millis(5)).await,
        }
    }
    let begun = tokio::time::Instant::now();
    while manager.stored.len() < expected.len() || manager.stored != expected {
        let missing: Vec<_> =
            expected.iter().filter(|(key, its)| manager.stored.get(*key) != Some(its)).collect();
        assert!(begun.elapsed() < PATIENCE, "missing: {missing:?}");
        let more: Vec<_> =
            manager.stored.keys().filter(|key| !expected.contains_key(*key)).collect();
        assert!(more.is_empty(), "nobody said {more:?}");
        manager.read(Duration::from_millis(50)).await;
    }
}

#[test]
fn any_interleaving_of_drops_duplicates_crashes_and_expiries_gives_what_was_said() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
    runner
        .run(&acts(), |acts| {
            runtime.block_on(play(acts));
            Ok(())
        })
        .unwrap();
}
