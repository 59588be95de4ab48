//! Whatever is dropped, repeated, late or cut off: in the end there is exactly what there is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stagedoor_fakes::{Effect, facebook::Call};

use super::*;

/// What may happen between two answers.
#[derive(Clone, Debug)]
enum Step {
    /// Comments turn up, so many seconds late each.
    Comments(Vec<u64>),
    /// So many batches are read and kept.
    Read(usize),
    /// A batch is read and not kept: the process ends before.
    Crash,
    /// The connection is dropped; another one goes on.
    Reconnect,
    /// The next answer goes wrong.
    Fail(Effect),
    /// Answers have comments twice, the wrong way round, few at a time.
    Mess(bool, bool, Option<usize>),
    /// The token ends; another one is to be had.
    TokenDies,
}

fn step() -> impl Strategy<Value = Step> {
    let effect = prop_oneof![
        Just(Effect::status(500)),
        Just(Effect::Close),
        Just(Effect::CloseAfterWork),
        Just(Effect::CutAfterWork),
        Just(Effect::Garbage),
        Just(Effect::refuse(400, "32", "slowly").with_header("retry-after", "0")),
        Just(Effect::refuse(400, "100", "invalid cursor")),
    ];
    prop_oneof![
        4 => prop::collection::vec(0_u64..5, 1..8).prop_map(Step::Comments),
        3 => (1_usize..4).prop_map(Step::Read),
        1 => Just(Step::Crash),
        1 => Just(Step::Reconnect),
        2 => effect.prop_map(Step::Fail),
        1 => (any::<bool>(), any::<bool>(), prop::option::of(1_usize..4))
            .prop_map(|(twice, turned, size)| Step::Mess(twice, turned, size)),
        1 => Just(Step::TokenDies),
    ]
}

/// One who stores events by their keys, and the cursor after them.
struct Keeper<'a> {
    house: &'a House,
    broadcast: Broadcast,
    connection: Box<dyn Connection>,
    cursor: Option<Box<str>>,
    stored: BTreeSet<Box<str>>,
}

impl Keeper<'_> {
    fn connect(&mut self) {
        let resume =
            Resume { broadcast: Some(self.broadcast.clone()), cursor: self.cursor.clone() };
        let next = Some(self.house.fake.grant(PAGE).access);
        self.connection = self.house.facebook.connect(&self.house.account_of(PAGE, next), resume);
    }

    /// Reads one batch, if there is one soon; keeps it, or loses it.
    async fn read(&mut self, keeps: bool) {
        let soon = Duration::from_millis(30);
        match tokio::time::timeout(soon, self.connection.next()).await {
            Err(_) => {}
            Ok(Ok(batch)) if keeps => {
                let chat = batch.reports.into_iter().filter(|report| report.message.is_some());
                self.stored.extend(chat.map(|report| report.dedupe_key));
                self.cursor = batch.cursor.or(self.cursor.take());
            }
            Ok(_) => self.connect(),
        }
    }
}

async fn run(steps: Vec<Step>) -> (BTreeSet<Box<str>>, BTreeSet<Box<str>>) {
    let house = House::start().await;
    let broadcast = house.on_air();
    let connection = house.connect(&broadcast, None);
    let mut keeper =
        Keeper { house: &house, broadcast, connection, cursor: None, stored: BTreeSet::new() };
    for step in steps {
        match step {
            Step::Comments(delays) => {
                for seconds in delays {
                    let written = Timestamp::now() - Duration::from_secs(seconds);
                    house.fake.comment_at(&keeper.broadcast.id, BOB, "hi", written).unwrap();
                }
            }
            Step::Read(count) => {
                for _ in 0..count {
                    keeper.read(true).await;
                }
            }
            Step::Crash => {
                keeper.read(false).await;
                keeper.connect();
            }
            Step::Reconnect => keeper.connect(),
            Step::Fail(effect) => house.fake.fail(Call::GetComments, effect, 1),
            Step::Mess(twice, turned, size) => {
                house.fake.set_duplicates(twice);
                house.fake.set_reorders(turned);
                house.fake.set_page_size(size);
            }
            Step::TokenDies => {
                house.fake.oauth().expire(PAGE);
                keeper.connect();
            }
        }
    }
    let expected: BTreeSet<_> = house
        .fake
        .messages(&keeper.broadcast.id)
        .into_iter()
        .map(|comment| format!("facebook:chat:{}", comment.id).into())
        .collect();
    let deadline = tokio::time::Instant::now() + LIMIT;
    while keeper.stored.len() < expected.len() && tokio::time::Instant::now() < deadline {
        keeper.read(true).await;
    }
    (keeper.stored, expected)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_comment_is_kept_once(steps in prop::collection::vec(step(), 0..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (stored, expected) = runtime.block_on(run(steps));
        prop_assert_eq!(stored, expected);
    }
}
