//! Whole trees whose every level crashes and is commanded at random, on several threads: nobody is left behind and
//! nothing waits in vain.

use std::sync::{Arc, atomic::AtomicU64};

use tokio::time::timeout;

use crate::{
    Backoff, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Root, Shutdown, Strategy,
    SupervisorRef, SupervisorSpec,
    tests::{
        dynamic_crash::until,
        dynamic_race::random,
        support::{Act, Log, Part, PartMsg, ms, secs, start, status, top},
    },
};

const USERS: [&str; 4] = ["ada", "bob", "cy", "dan"];

/// The parts of a user's tree, which is `rest_for_one`: a quick one, one that takes time to stop, one that starts
/// when needed and takes time to start.
type Parts = [Part; 3];

fn parts(log: &Log) -> Parts {
    let parts = ["quick", "slow", "late"].map(|id| log.part(id));
    parts[1].stops(Act::Take(ms(2)));
    parts[2].starts(Act::Take(ms(1)));
    parts
}

fn tree(user: &'static str, parts: &Parts) -> ChildSpec {
    let parts = parts.clone();
    let manager = SupervisorRef::new(move || {
        let [quick, slow, late] = &parts;
        SupervisorSpec::new(Strategy::RestForOne)
            .intensity(1, secs(1))
            .child(quick.spec().shutdown(Shutdown::BrutalKill))
            .child(slow.spec().shutdown(Shutdown::Timeout(ms(20))))
            .child(late.spec().when_needed())
    });
    let backoff = Backoff { initial: ms(1), max: ms(4), reset_after: secs(1) };
    ChildSpec::supervisor(user, &manager).backoff(Arc::new(backoff))
}

async fn strike(root: &Root, users: &DynamicSupervisorRef, all: &[Parts; 4], random: u64) {
    let user = (random % 4) as usize;
    let part = &all[user][(random / 4 % 3) as usize];
    let path = format!("users/{}/{}", USERS[user], part.id);
    let manager = || top(root).child("users")?.supervisor()?.child(USERS[user])?.supervisor();
    match random / 12 % 100 {
        0..20 => drop(users.start_child(tree(USERS[user], &all[user])).await),
        20..22 => drop(users.terminate_child(USERS[user]).await),
        22..24 => drop(users.renew_child(USERS[user]).await),
        24..45 => drop(part.address.cast(PartMsg::Note(1)).is_ok()),
        45..75 => drop(part.address.cast(PartMsg::Do(Act::Panic)).is_ok()),
        75..85 => drop(top(root).find(&path).is_some_and(|child| child.kill())),
        85..91 => {
            if let Some(manager) = manager() {
                drop(manager.terminate_child(part.id).await);
            }
        }
        91..96 => {
            if let Some(manager) = manager() {
                drop(manager.renew_child(part.id).await);
            }
        }
        96..99 => drop(users.child(USERS[user]).is_some_and(|child| child.kill())),
        _ => drop(top(root).child("users").is_some_and(|child| child.kill())),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn trees_that_are_struck_at_every_level_leave_nobody() {
    let log = Log::default();
    let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
    let child = users.clone();
    let root = start(move || {
        let users = ChildSpec::dynamic_supervisor("users", &child);
        SupervisorSpec::new(Strategy::OneForOne).intensity(99_999, secs(1)).child(users)
    })
    .await;
    let root = Arc::new(root);
    let all = [(); 4].map(|()| parts(&log));
    let seed = Arc::new(AtomicU64::new(7));
    let storm: Vec<_> = (0..8)
        .map(|_| {
            let (root, users) = (Arc::clone(&root), users.clone());
            let (all, seed) = (all.clone(), Arc::clone(&seed));
            tokio::spawn(async move {
                for _ in 0..600 {
                    let strike = strike(&root, &users, &all, random(&seed));
                    timeout(secs(15), strike).await.expect("everybody is answered");
                    until(|| status(&top(&root), "users") == "running").await;
                }
            })
        })
        .collect();
    for task in storm {
        task.await.unwrap();
    }
    let made: Vec<_> = all.iter().flatten().map(Part::made).collect();
    assert!(made.iter().all(|made| *made > 0), "everybody has lived: {made:?}");
    assert!(root.lifecycle().counters().gave_up() > 0, "managers have given up");
    root.stop(secs(10)).await;
    until(|| log.alive() == 0).await;
    assert_eq!((users.ids().len(), users.children().known_actors()), (0, 0));
    for part in all.iter().flatten() {
        assert!(part.address.current().is_none());
        assert_eq!(part.address.cast(PartMsg::Note(1)), Err(crate::AddressError::Down));
    }
}
