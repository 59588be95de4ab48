//! A dynamic supervisor beside a model of it.

use std::sync::Arc;

use proptest::prelude::*;

use crate::{
    Backoff, DynamicSupervisorRef, DynamicSupervisorSpec, SupervisorHandle,
    tests::{
        model::{
            IDS,
            dynamic_rules::{BACKS_OFF, DynamicModel, MAX_CHILDREN},
            paused,
            rules::{Answer, RESTART},
        },
        support::{Act, Log, Part, ms, secs, settle, start_dynamic, status, top},
    },
};

/// What happens to child `i`, or to all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Start(usize),
    Terminate(usize),
    Renew(usize),
    Crash(usize),
    End(usize),
    FailNextStarts(usize, usize),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let child = 0..IDS.len();
    prop_oneof![
        6 => child.clone().prop_map(Step::Start),
        2 => child.clone().prop_map(Step::Terminate),
        1 => child.clone().prop_map(Step::Renew),
        5 => child.clone().prop_map(Step::Crash),
        2 => child.clone().prop_map(Step::End),
        1 => (child, 1..3usize).prop_map(|(child, times)| Step::FailNextStarts(child, times)),
        4 => prop_oneof![Just(1000), Just(2000), Just(4999), Just(5000), Just(6000)]
            .prop_map(Step::Advance),
    ]
}

async fn takes(users: &DynamicSupervisorRef, parts: &[Part; 5], step: Step) -> Answer {
    let spec = |index: usize| {
        let spec = parts[index].spec().restart(RESTART[index]);
        let backoff = Backoff { initial: secs(1), max: secs(4), reset_after: secs(6) };
        if index == BACKS_OFF { spec.backoff(Arc::new(backoff)) } else { spec }
    };
    let answer = match step {
        Step::Start(i) => Answer::of_start(users.start_child(spec(i)).await),
        Step::Terminate(i) => Answer::of(&users.terminate_child(IDS[i]).await),
        Step::Renew(i) => Answer::of(&users.renew_child(IDS[i]).await),
        Step::Crash(i) => {
            if parts[i].address.current().is_some() {
                parts[i].does(Act::Fail).await;
            }
            Answer::Done
        }
        Step::End(i) => {
            if parts[i].address.current().is_some() {
                parts[i].ends("normal").await;
            }
            Answer::Done
        }
        Step::FailNextStarts(i, times) => {
            parts[i].next_starts(std::iter::repeat_n(Act::Fail, times));
            Answer::Done
        }
        Step::Advance(time) => {
            tokio::time::advance(ms(time)).await;
            Answer::Done
        }
    };
    settle().await;
    answer
}

fn children(users: &DynamicSupervisorRef) -> Vec<(String, &'static str, u32)> {
    let handle = SupervisorHandle::Dynamic(users.clone());
    let mut children: Vec<_> = users
        .which_children()
        .into_iter()
        .map(|child| {
            let status = status(&handle, &child.id);
            (child.id, status, child.restarts)
        })
        .collect();
    children.sort();
    children
}

async fn agree(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let log = Log::default();
    let spec = DynamicSupervisorSpec::new().intensity(2, secs(5)).max_children(MAX_CHILDREN);
    let (root, users) = start_dynamic(spec).await;
    let parts = IDS.map(|id| log.part(id));
    let mut model = DynamicModel::default();
    for step in steps {
        let expected = model.takes(step);
        prop_assert_eq!(takes(&users, &parts, step).await, expected, "{:?}", step);
        prop_assert_eq!(children(&users), model.children(), "{:?}", step);
        prop_assert_eq!(top(&root).child("users").unwrap().info().restarts, model.gave_up);
        prop_assert_eq!(log.alive(), model.running(), "{:?}", step);
        prop_assert_eq!(users.children().known_actors(), model.running(), "{:?}", step);
        prop_assert_eq!(
            parts.iter().filter(|p| p.address.current().is_some()).count(),
            model.running()
        );
    }
    prop_assert!(root.stop(secs(60)).await);
    settle().await;
    prop_assert_eq!((log.alive(), users.ids().len()), (0, 0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_dynamic_supervisor_does_what_its_model_does(
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        paused(agree(steps))?;
    }
}
