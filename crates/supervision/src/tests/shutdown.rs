//! How children are stopped: asked, given their time, then killed.

use tokio::time::Instant;

use crate::{
    ExitClass, Shutdown, Strategy, SupervisorSpec,
    tests::support::{Act, Log, Part, secs, settle, start, start_parts, status, top},
};

/// Terminates a child of this kind and returns how long it took and how it was read.
async fn terminate(part: &Part, shutdown: Shutdown) -> (std::time::Duration, ExitClass) {
    let child = part.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(child.spec().shutdown(shutdown))
    })
    .await;
    if part.id == "hung handler" {
        part.does(Act::Hang).await;
    }
    let asked = Instant::now();
    root.supervisor().terminate_child(part.id).await.unwrap();
    let class = top(&root).child(part.id).unwrap().info().last_exit.clone().unwrap().class;
    assert_eq!(status(&top(&root), part.id), "terminated");
    (asked.elapsed(), class)
}

#[tokio::test(start_paused = true)]
async fn a_child_that_stops_in_time_runs_its_post_stop() {
    let log = Log::default();
    let part = log.part("a");
    part.stops(Act::Take(secs(4)));
    let result = terminate(&part, Shutdown::Timeout(secs(5))).await;
    assert_eq!(result, (secs(4), ExitClass::Shutdown));
    assert_eq!(log.take(), ["start a", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_in_post_stop_is_killed_after_its_time() {
    let log = Log::default();
    let part = log.part("a");
    part.stops(Act::Hang);
    let result = terminate(&part, Shutdown::Timeout(secs(5))).await;
    assert_eq!(result, (secs(5), ExitClass::Killed));
    settle().await;
    assert_eq!((log.take(), log.alive()), (vec!["start a".into()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_in_a_handler_is_killed_after_its_time() {
    let log = Log::default();
    let part = log.part("hung handler");
    let result = terminate(&part, Shutdown::Timeout(secs(2))).await;
    assert_eq!(result, (secs(2), ExitClass::Killed));
    settle().await;
    assert_eq!((log.take(), log.alive()), (vec!["start hung handler".into()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_brutal_kill_asks_nobody() {
    let log = Log::default();
    let part = log.part("a");
    let result = terminate(&part, Shutdown::BrutalKill).await;
    assert_eq!(result, (secs(0), ExitClass::Killed));
    assert_eq!(log.take(), ["start a"]);
}

#[tokio::test(start_paused = true)]
async fn infinity_waits_as_long_as_it_takes() {
    let log = Log::default();
    let part = log.part("a");
    part.stops(Act::Take(secs(3600)));
    let root = {
        let child = part.clone();
        start(move || {
            SupervisorSpec::new(Strategy::OneForOne)
                .child(child.spec().shutdown(Shutdown::Infinity))
        })
        .await
    };
    let asked = Instant::now();
    assert!(root.stop(secs(10_000)).await);
    assert_eq!(asked.elapsed(), secs(3600));
    assert_eq!(log.take(), ["start a", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_stops_its_children_in_reverse_order_each_within_its_time() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let root = start_parts(Strategy::OneForOne, [&a, &b, &c]).await;
    b.stops(Act::Hang);
    a.stops(Act::Take(secs(1)));
    log.take();
    let asked = Instant::now();
    assert!(root.stop(secs(60)).await);
    assert_eq!(asked.elapsed(), secs(5 + 1), "5 s for b, the default, and 1 s for a");
    assert_eq!(log.take(), ["stop c", "stop a"]);
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_root_that_does_not_stop_in_time_is_killed_with_all_below_it() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = {
        let (a, b) = (a.clone(), b.clone());
        start(move || {
            SupervisorSpec::new(Strategy::OneForOne)
                .child(a.spec())
                .child(b.spec().shutdown(Shutdown::Infinity))
        })
        .await
    };
    b.stops(Act::Hang);
    let asked = Instant::now();
    assert!(!root.stop(secs(7)).await);
    assert_eq!(asked.elapsed(), secs(7));
    settle().await;
    assert_eq!(log.alive(), 0);
    assert!(top(&root).which_children().is_empty());
}

#[tokio::test(start_paused = true)]
async fn stopping_a_tree_twice_is_stopping_it_once() {
    let log = Log::default();
    let root = start_parts(Strategy::OneForOne, [&log.part("a")]).await;
    assert!(root.stop(secs(1)).await);
    assert!(root.stop(secs(1)).await);
    assert_eq!(log.take(), ["start a", "stop a"]);
}
