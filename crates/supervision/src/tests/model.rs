//! A supervisor beside a model of it: random commands and crashes, and the two must agree.

mod dynamic;
mod dynamic_rules;
mod rules;

use proptest::prelude::*;

use crate::{
    ChildError, Restart, Root, StartChildError, Strategy as Restarts, SupervisorSpec,
    tests::{
        model::rules::{Answer, Model, RESTART},
        support::{Act, Log, Part, has_ended, ms, secs, settle, start, status, top},
    },
};

const IDS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What happens to child `i`, or to all.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start(usize),
    Terminate(usize),
    Restart(usize),
    Delete(usize),
    Crash(usize),
    End(usize),
    FailNextStarts(usize, usize),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let child = 0..IDS.len();
    prop_oneof![
        2 => child.clone().prop_map(Step::Start),
        2 => child.clone().prop_map(Step::Terminate),
        2 => child.clone().prop_map(Step::Restart),
        1 => child.clone().prop_map(Step::Delete),
        5 => child.clone().prop_map(Step::Crash),
        2 => child.clone().prop_map(Step::End),
        1 => (child, 1..3usize).prop_map(|(child, times)| Step::FailNextStarts(child, times)),
        4 => prop_oneof![Just(1000), Just(2500), Just(4999), Just(5000), Just(5001)]
            .prop_map(Step::Advance),
    ]
}

fn strategies() -> impl Strategy<Value = Restarts> {
    prop_oneof![Just(Restarts::OneForOne), Just(Restarts::OneForAll), Just(Restarts::RestForOne)]
}

/// Runs a case in a paused runtime of its own.
fn paused<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(case)
}

struct Subject {
    root: Root,
    parts: [Part; 5],
}

impl Subject {
    async fn start(log: &Log, strategy: Restarts) -> Self {
        let parts = IDS.map(|id| log.part(id));
        let first = [parts[0].clone(), parts[1].clone(), parts[2].clone()];
        let root = start(move || {
            let children =
                first.iter().zip(RESTART).map(|(part, restart)| part.spec().restart(restart));
            SupervisorSpec::new(strategy).intensity(3, secs(5)).children(children)
        })
        .await;
        Self { root, parts }
    }

    async fn takes(&self, step: Step) -> Answer {
        let supervisor = self.root.supervisor();
        let answer = match step {
            Step::Start(i) => {
                let spec = self.parts[i].spec().restart(RESTART[i]);
                Answer::of_start(supervisor.start_child(spec).await)
            }
            Step::Terminate(i) => Answer::of(&supervisor.terminate_child(IDS[i]).await),
            Step::Restart(i) => Answer::of(&supervisor.restart_child(IDS[i]).await),
            Step::Delete(i) => Answer::of(&supervisor.delete_child(IDS[i]).await),
            Step::Crash(i) => {
                if self.parts[i].address.current().is_some() {
                    self.parts[i].does(Act::Fail).await;
                }
                Answer::Done
            }
            Step::End(i) => {
                if self.parts[i].address.current().is_some() {
                    self.parts[i].ends("normal").await;
                }
                Answer::Done
            }
            Step::FailNextStarts(i, times) => {
                self.parts[i].next_starts(std::iter::repeat_n(Act::Fail, times));
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

    fn children(&self) -> Vec<(String, &'static str, u32)> {
        let top = top(&self.root);
        let seen = |child: crate::ChildInfo| {
            let status = status(&top, &child.id);
            (child.id, status, child.restarts)
        };
        top.which_children().into_iter().map(seen).collect()
    }
}

impl Answer {
    fn of(answer: &Result<(), ChildError>) -> Self {
        match answer {
            Ok(()) => Self::Done,
            Err(ChildError::NotFound) => Self::NotFound,
            Err(ChildError::Running) => Self::Running,
            Err(ChildError::Restarting) => Self::Restarting,
            Err(ChildError::Start(_)) => Self::DidNotStart,
            Err(ChildError::SupervisorDown) => Self::Down,
        }
    }

    fn of_start(answer: Result<(), StartChildError>) -> Self {
        match answer {
            Ok(()) => Self::Done,
            Err(StartChildError::AlreadyStarted) => Self::Running,
            Err(StartChildError::AlreadyPresent) => Self::Present,
            Err(StartChildError::MaxChildren { .. }) => Self::Full,
            Err(StartChildError::Start(_)) => Self::DidNotStart,
            Err(StartChildError::Spec(error)) => panic!("{error}"),
            Err(StartChildError::SupervisorDown) => Self::Down,
        }
    }
}

async fn agree(strategy: Restarts, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let log = Log::default();
    let subject = Subject::start(&log, strategy).await;
    let mut model = Model::start(strategy);
    for step in steps {
        let expected = model.takes(step);
        prop_assert_eq!(subject.takes(step).await, expected, "{:?}", step);
        prop_assert_eq!(log.take(), model.take_log(), "{:?}", step);
        prop_assert_eq!(has_ended(&subject.root).await, model.gave_up, "{:?}", step);
        if model.gave_up {
            prop_assert_eq!(log.alive(), 0);
            return Ok(());
        }
        prop_assert_eq!(subject.children(), model.children(), "{:?}", step);
    }
    prop_assert!(subject.root.stop(secs(60)).await);
    model.stop_from(0);
    prop_assert_eq!(log.take(), model.take_log());
    prop_assert_eq!(log.alive(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_supervisor_does_what_its_model_does(
        strategy in strategies(),
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        paused(agree(strategy, steps))?;
    }
}

/// Restart types are what they are for all cases.
const _: () = assert!(matches!(RESTART[2], Restart::Temporary));
