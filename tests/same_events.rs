//! Any order of duplicates, crashes and restarts gives the same stored set of events.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};
use stagedoor_testkit::{Harness, PATIENCE};
use tokio::{task::JoinSet, time::Instant};

use crate::stage::{donation, donations};

#[derive(Clone, Debug)]
enum Step {
    /// These donations are reported, all at once; ids repeat.
    Report(Vec<u8>),
    /// An actor dies, and what is under way goes on.
    Crash(&'static str),
    /// The daemon ends and begins again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let actors = ["users/ada/events", "users/ada/stream_state", "users/ada/alerts", "users/ada"];
    prop_oneof![
        6 => vec(0..12_u8, 1..8).prop_map(Step::Report),
        3 => prop::sample::select(actors.to_vec()).prop_map(Step::Crash),
        1 => Just(Step::Crash("services/store")),
        1 => Just(Step::Restart),
    ]
}

/// What stays of these steps: the ids reported, and the keys stored.
async fn carried_out(steps: Vec<Step>) -> (BTreeSet<String>, Vec<String>, Vec<String>) {
    let mut daemon = Harness::start().await;
    let mut tab = daemon.open_dashboard("ada", "home").await;
    let (mut expected, mut under_way) = (BTreeSet::new(), JoinSet::new());
    for step in steps {
        match step {
            Step::Report(ids) => {
                for id in ids {
                    expected.insert(format!("donation:tip-{id}"));
                    let ada = daemon.user("ada");
                    under_way.spawn(async move {
                        let donation = donation(&format!("tip-{id}"));
                        let deadline = Instant::now() + PATIENCE;
                        // Until it is accepted: who reports does not give up.
                        while ada
                            .try_post("/donations", &donation)
                            .await
                            .is_none_or(|answer| answer.status >= 300)
                        {
                            assert!(Instant::now() < deadline, "tip-{id} is never accepted");
                            tokio::task::yield_now().await;
                        }
                    });
                }
            }
            // It may be between two lives, or not have begun one yet.
            Step::Crash(path) => {
                let kill = async |client: &stagedoor_inspect::InspectClient| {
                    client.act(stagedoor_inspect::Action::Crash, path).await
                };
                let _ = daemon.ask(kill).await;
            }
            Step::Restart => {
                drop(tab);
                daemon = daemon.restart().await;
                tab = daemon.open_dashboard("ada", "home").await;
            }
        }
    }
    under_way.join_all().await;
    let user = "ada".parse().unwrap();
    let alerts = daemon.daemon().services().store.alerts(&user, 1_000).await.unwrap();
    let events = alerts.iter().filter_map(|alert| alert.event);
    let (stored, raised) =
        (donations(&daemon, "ada").await, events.map(|id| id.to_string()).collect());
    // A socket that does not answer is waited for at the end.
    drop(tab);
    daemon.shutdown().await.unwrap();
    (expected, stored, raised)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_duplicates_crashes_and_restarts_stores_the_same_events(steps in vec(step(), 4..16)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (expected, stored, raised) = runtime.block_on(carried_out(steps));
        prop_assert_eq!(stored.len(), expected.len(), "none twice: {:?}", stored);
        prop_assert_eq!(&stored.into_iter().collect::<BTreeSet<_>>(), &expected);
        prop_assert_eq!(raised.len(), expected.len(), "an alert each");
        prop_assert_eq!(raised.into_iter().collect::<BTreeSet<_>>().len(), expected.len());
    }
}
