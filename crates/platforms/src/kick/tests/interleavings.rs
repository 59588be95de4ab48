//! Whatever order deliveries come in, and whoever looks in between, the facts are the same.

use std::time::Duration;

use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};
use stagedoor_fakes::kick::{Chaos, Mischief, Viewer};
use tokio::time::timeout;

use super::{
    stage::ADA,
    webhooks::{bob, delivered, delivering},
};
use crate::{Platform, Resume};

#[derive(Clone, Copy, Debug)]
enum Step {
    Chat,
    Follow,
    Subscribe,
    Gift,
    Kicks,
    Redeem,
    Accept,
    GoLive,
    End,
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Chat),
        1 => Just(Step::Follow),
        1 => Just(Step::Subscribe),
        1 => Just(Step::Gift),
        1 => Just(Step::Kicks),
        1 => Just(Step::Redeem),
        1 => Just(Step::Accept),
        2 => Just(Step::GoLive),
        2 => Just(Step::End),
        3 => Just(Step::Look),
    ];
    vec(step, 1..25)
}

/// Plays the steps with deliveries that go wrong, and looks at the channel in between. The keys of what each way tells.
async fn play(steps: &[Step], seed: u64, mischief: &[(u8, u8)]) -> Result<(), TestCaseError> {
    let (stage, taken, _tasks) = delivering(usize::try_from(seed % 3).unwrap()).await;
    let fake = &stage.fake;
    let mut connection = stage.kick.connect(&stage.ada, Resume::default());
    let mut looked = Vec::new();
    let (mut expected, mut redemptions, mut waiting) = (0, 0, None);
    let delay = Duration::from_millis(20);
    fake.set_chaos(Some(Chaos { seed, duplicates: 25, delays: 25, delay }));
    for (at, step) in steps.iter().enumerate() {
        if mischief.iter().any(|(place, _)| usize::from(*place) == at) {
            fake.script(Mischief::Reorder, 1);
        }
        match step {
            Step::Chat => drop(fake.chat(ADA, &bob(), "hi")),
            Step::Follow => fake.follow(ADA, &bob()),
            Step::Subscribe => fake.subscribe(ADA, &bob(), 2),
            Step::Gift => fake.gift(ADA, None, &[Viewer::new(8, "cyd"), Viewer::new(9, "dan")]),
            Step::Kicks => fake.kicks(ADA, &bob(), 5, ""),
            Step::Redeem => {
                redemptions += 1;
                waiting = Some(format!("r{redemptions}"));
                fake.redeem(ADA, &format!("r{redemptions}"), &bob(), "pending");
            }
            Step::Accept => {
                // One that never waited is told as accepted only, and was redeemed all the same.
                redemptions += 1;
                expected += usize::from(waiting.is_none());
                let id = waiting.take().unwrap_or_else(|| format!("r{redemptions}"));
                fake.redeem(ADA, &id, &bob(), "accepted");
            }
            Step::GoLive if fake.go_live(ADA).is_none() => continue,
            Step::End if !fake.end_stream(ADA) => continue,
            Step::Look => {
                let look = timeout(Duration::from_millis(15), connection.next());
                if let Ok(batch) = look.await {
                    looked.extend(batch.unwrap().reports);
                }
                continue;
            }
            Step::GoLive | Step::End => {}
        }
        expected += if matches!(step, Step::Gift) { 3 } else { 1 };
    }
    delivered(&stage).await;
    let keys = taken.keys();
    // Whatever the order: each fact once, and looking tells nothing that was not delivered.
    prop_assert_eq!(keys.len(), expected, "{:?}", keys);
    for report in looked {
        prop_assert!(
            keys.contains(&report.dedupe_key),
            "{} is not one of {keys:?}",
            report.dedupe_key
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn in_whatever_order_and_however_often_it_comes_each_fact_is_one_event(
        steps in steps(),
        seed in any::<u64>(),
        mischief in vec((0_u8..25, any::<u8>()), 0..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&steps, seed, &mischief))?;
    }
}
