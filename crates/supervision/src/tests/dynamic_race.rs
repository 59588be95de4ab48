//! Commands, exits and kills that race each other on several threads: whatever the order, everybody is answered and
//! nobody is left.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::time::timeout;

use crate::{
    Backoff, ChildError, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Restart, Strategy,
    SupervisorSpec,
    tests::{
        dynamic_crash::until,
        support::{Act, Log, Part, PartMsg, ms, secs, start, start_dynamic, status, top},
    },
};

const IDS: [&str; 4] = ["a", "b", "c", "d"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_exit_that_races_terminate_is_one_end() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(9999, secs(1))).await;
    let part = log.part("a");
    for round in 0..400 {
        let restart = [Restart::Permanent, Restart::Transient, Restart::Temporary][round % 3];
        users.start_child(part.spec().restart(restart)).await.unwrap();
        let crash = tokio::spawn({
            let part = part.clone();
            async move { part.address.cast(PartMsg::Do(Act::Fail)) }
        });
        let terminated = timeout(secs(10), users.terminate_child("a")).await.unwrap();
        let _ = crash.await.unwrap();
        match terminated {
            Ok(()) => {}
            Err(ChildError::NotFound) => assert_eq!(restart, Restart::Temporary),
            Err(other) => panic!("{other}"),
        }
        assert!(users.child("a").is_none(), "round {round}");
    }
    until(|| log.alive() == 0).await;
    assert_eq!(users.children().known_actors(), 0);
    assert_eq!(top(&root).child("users").unwrap().info().restarts, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_storm_everybody_is_answered_and_nobody_is_left() {
    let log = Log::default();
    let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new().intensity(20, secs(1)));
    let child = users.clone();
    let root = start(move || {
        let users = ChildSpec::dynamic_supervisor("users", &child);
        SupervisorSpec::new(Strategy::OneForOne).intensity(99_999, secs(1)).child(users)
    })
    .await;
    let root = Arc::new(root);
    let parts = IDS.map(|id| log.part(id));
    let seed = Arc::new(AtomicU64::new(1));
    let storm: Vec<_> = (0..8)
        .map(|_| {
            let (root, users) = (Arc::clone(&root), users.clone());
            let (parts, seed) = (parts.clone(), Arc::clone(&seed));
            tokio::spawn(async move {
                for _ in 0..1000 {
                    let random = random(&seed);
                    let part = &parts[(random % 4) as usize];
                    let command = async {
                        match (random / 4) % 100 {
                            0..30 => {
                                let quick =
                                    Backoff { initial: ms(1), max: ms(4), reset_after: secs(1) };
                                let spec = part.spec().shutdown(crate::Shutdown::Timeout(ms(50)));
                                let spec = if random.is_multiple_of(3) {
                                    spec
                                } else {
                                    spec.backoff(Arc::new(quick))
                                };
                                drop(users.start_child(spec).await);
                            }
                            30..50 => drop(users.terminate_child(part.id).await),
                            50..60 => drop(users.renew_child(part.id).await),
                            60..70 => drop(users.request_stop(part.id)),
                            70..85 => {
                                let _ = part.address.cast(PartMsg::Do(Act::Fail));
                            }
                            85..90 => {
                                let _ = part.address.cast(PartMsg::End("normal"));
                            }
                            90..95 => drop(part.address.call(PartMsg::GetSnapshot, secs(5)).await),
                            95..99 => {
                                let _ = users.child(part.id).map(|child| child.kill());
                            }
                            _ => {
                                let _ = top(&root).child("users").map(|child| child.kill());
                            }
                        }
                    };
                    timeout(secs(15), command).await.expect("everybody is answered");
                    until(|| status(&top(&root), "users") == "running").await;
                }
            })
        })
        .collect();
    for task in storm {
        task.await.unwrap();
    }
    assert!(top(&root).child("users").unwrap().info().restarts > 10, "it was a storm");
    assert!(parts.iter().map(Part::made).sum::<usize>() > 500, "it was a storm");
    root.stop(secs(10)).await;
    until(|| log.alive() == 0).await;
    assert_eq!((users.ids().len(), users.children().known_actors()), (0, 0));
    assert!(parts.iter().all(|part| part.address.current().is_none()));
}

/// A number that looks random.
pub(super) fn random(seed: &AtomicU64) -> u64 {
    let step = |seed: u64| {
        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
    };
    step(seed.fetch_update(Relaxed, Relaxed, |seed| Some(step(seed))).unwrap()) >> 33
}
