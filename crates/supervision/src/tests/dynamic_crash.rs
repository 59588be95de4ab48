//! The death of a dynamic supervisor: no orphan, and nobody waits in vain.

use std::sync::mpsc;

use tokio::time::{Instant, timeout};

use crate::{
    ChildError, ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Restart, Shutdown,
    StartChildError, Strategy, SupervisorHandle, SupervisorSpec,
    tests::support::{
        Act, Log, PartMsg, cell, ms, secs, settle, start, start_dynamic, status, top,
    },
};

#[tokio::test(start_paused = true)]
async fn a_killed_one_leaves_no_orphan_in_whatever_state() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let parts @ [running, starting, hung, draining, stopping, backing_off] =
        &["running", "starting", "hung", "draining", "stopping", "backing off"]
            .map(|id| log.part(id));
    starting.starts(Act::Hang);
    for part in parts {
        users.request_start(part.spec().backoff(std::sync::Arc::default())).unwrap();
    }
    settle().await;
    assert_eq!(log.alive(), 6);
    hung.does(Act::Hang).await;
    draining.does(Act::Hang).await;
    let draining = draining.address.current().unwrap();
    draining.drain().unwrap();
    stopping.stops(Act::Hang);
    users.request_stop("stopping").unwrap();
    backing_off.crashes().await;
    let first = running.address.current().unwrap();

    cell(&root, "users").kill();
    settle().await;
    assert_eq!(log.alive(), 0);
    assert_eq!((users.ids().len(), users.children().known_actors()), (0, 0));
    assert_eq!(top(&root).child("users").unwrap().info().restarts, 1);
    assert!(parts.iter().all(|part| part.address.current().is_none()));
    tokio::time::sleep(secs(100)).await;
    assert!(parts.iter().all(|part| part.made() == 1), "nothing was left to restart them");

    users.start_child(running.spec()).await.unwrap();
    assert_ne!(running.address.current().unwrap().get_id(), first.get_id());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_it_learns_that_it_died() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let [starting, stopping, renewed, again] =
        ["starting", "stopping", "renewed", "again"].map(|id| log.part(id));
    starting.starts(Act::Hang);
    for part in [&stopping, &renewed, &again] {
        part.stops(Act::Hang);
        users.start_child(part.spec().shutdown(Shutdown::Infinity)).await.unwrap();
    }
    let start = tokio::spawn({
        let (users, spec) = (users.clone(), starting.spec());
        async move { users.start_child(spec).await }
    });
    let terminate = tokio::spawn({
        let users = users.clone();
        async move { users.terminate_child("stopping").await }
    });
    let renew = tokio::spawn({
        let users = users.clone();
        async move { users.renew_child("renewed").await }
    });
    users.request_stop("again").unwrap();
    let start_again = tokio::spawn({
        let (users, spec) = (users.clone(), again.spec());
        async move { users.start_child(spec).await }
    });
    settle().await;

    cell(&root, "users").kill();
    let killed = Instant::now();
    assert!(matches!(start.await.unwrap(), Err(StartChildError::SupervisorDown)));
    assert!(terminate.await.unwrap().is_ok(), "it has ended, one way or the other");
    assert!(matches!(renew.await.unwrap(), Err(ChildError::SupervisorDown)));
    assert!(matches!(start_again.await.unwrap(), Err(StartChildError::SupervisorDown)));
    assert_eq!(killed.elapsed(), secs(0));
    settle().await;
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn once_it_is_down_for_good_nobody_waits() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    users.start_child(part.spec()).await.unwrap();
    cell(&root, "users").kill();
    // Before anybody has noticed.
    let early = users.start_child(log.part("b").spec()).await;
    assert!(early.is_err(), "{early:?}");
    root.supervisor().terminate_child("users").await.unwrap();
    let limit = secs(1);
    let refused = timeout(limit, users.start_child(part.spec())).await.unwrap();
    assert!(matches!(refused, Err(StartChildError::SupervisorDown)), "{refused:?}");
    for id in ["a", "b"] {
        let refused = timeout(limit, users.terminate_child(id)).await.unwrap();
        assert!(matches!(refused, Err(ChildError::NotFound)), "{refused:?}");
        let refused = timeout(limit, users.renew_child(id)).await.unwrap();
        assert!(matches!(refused, Err(ChildError::NotFound)), "{refused:?}");
    }
    assert_eq!((users.ids().len(), log.alive()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_and_is_not_restarted_takes_everybody_along() {
    let log = Log::default();
    let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
    let child = users.clone();
    let root = start(move || {
        let users = ChildSpec::dynamic_supervisor("users", &child).restart(Restart::Temporary);
        SupervisorSpec::new(Strategy::OneForOne).child(users)
    })
    .await;
    let (stopping, running) = (log.part("stopping"), log.part("running"));
    stopping.stops(Act::Hang);
    for part in [&stopping, &running] {
        users.start_child(part.spec().shutdown(Shutdown::Infinity)).await.unwrap();
    }
    users.request_stop("stopping").unwrap();
    settle().await;
    cell(&root, "users").kill();
    let late = users.start_child(log.part("late").spec()).await;
    assert!(matches!(late, Err(StartChildError::SupervisorDown)), "{late:?}");
    settle().await;
    assert_eq!((log.alive(), users.ids().len()), (0, 0));
    let refused = timeout(secs(1), users.terminate_child("late")).await.unwrap();
    assert!(matches!(refused, Err(ChildError::NotFound)), "{refused:?}");
    assert!([stopping, running].iter().all(|part| part.address.current().is_none()));
}

#[tokio::test(start_paused = true)]
async fn one_that_has_started_when_the_kill_comes_but_is_not_announced_is_killed() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    let supervisor = cell(&root, "users");
    part.when_started(move || supervisor.kill());
    let answer = users.start_child(part.spec()).await;
    assert!(answer.is_err(), "{answer:?}");
    settle().await;
    assert_eq!((log.take(), log.alive()), (vec!["start a".to_owned()], 0));
    assert!(part.address.current().is_none());
    assert_eq!((users.ids().len(), users.children().known_actors()), (0, 0));
}

// Real time and threads: only code that blocks its thread outlives a kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_next_life_waits_for_what_the_last_one_left() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    users.start_child(part.spec()).await.unwrap();
    // It has told its supervisor that it runs, and the supervisor has heard it: what a thread is about to do when it is
    // blocked, no other thread does for it.
    assert_eq!(part.notes().await, [0u32; 0]);
    users.start_child(log.part("b").spec()).await.unwrap();
    let (release, blocked) = mpsc::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    part.address
        .cast(PartMsg::Run(Box::new(move || {
            entered.send(()).unwrap();
            let _ = blocked.recv();
        })))
        .unwrap();
    tokio::task::spawn_blocking(move || has_entered.recv().unwrap()).await.unwrap();
    let first = cell(&root, "users").get_id();
    cell(&root, "users").kill();
    let handle = top(&root);
    until(|| status(&handle, "users") == "starting" && log.alive() == 1).await;
    assert!(users.start_child(part.spec()).await.is_err());
    drop(release);
    until(|| status(&handle, "users") == "running").await;
    assert_ne!(cell(&root, "users").get_id(), first);
    until(|| log.alive() == 0).await;
    users.start_child(part.spec()).await.unwrap();
    assert_eq!(status(&SupervisorHandle::Dynamic(users.clone()), "a"), "running");
    assert!(root.stop(secs(5)).await);
}

/// Waits, in real time, for what other threads do.
pub(super) async fn until(mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(ms(1)).await;
        }
    };
    timeout(secs(20), wait).await.expect("the condition holds at last");
}
