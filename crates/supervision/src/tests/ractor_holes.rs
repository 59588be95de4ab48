//! What ractor leaves open and this crate closes. Each test fails on ractor alone.

use std::sync::mpsc;

use tokio::time::Instant;

use crate::{
    ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Shutdown, Strategy, SupervisorRef,
    SupervisorSpec,
    tests::support::{
        Act, Log, Part, PartMsg, cell, has_ended, ms, secs, settle, start, start_parts, top,
    },
};

/// A supervisor of these parts, as child `inner` of a root.
async fn nested<const N: usize>(parts: [&Part; N]) -> (crate::Root, SupervisorRef) {
    let parts = parts.map(Clone::clone);
    let inner = SupervisorRef::new(move || {
        let children = parts.iter().map(Part::spec);
        SupervisorSpec::new(Strategy::OneForOne).intensity(0, secs(5)).children(children)
    });
    let supervisor = inner.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::supervisor("inner", &supervisor))
    })
    .await;
    (root, inner)
}

#[tokio::test(start_paused = true)]
async fn children_of_a_supervisor_that_fails_run_their_post_stop() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let (_root, _) = nested([&a, &b, &c]).await;
    log.take();
    b.crashes().await;
    settle().await;
    assert_eq!(log.take(), ["stop c", "stop a", "start a", "start b", "start c"]);
}

#[tokio::test(start_paused = true)]
async fn draining_and_stopping_children_of_a_killed_supervisor_are_no_orphans() {
    let log = Log::default();
    let (drains, stops, runs) = (log.part("drains"), log.part("stops"), log.part("runs"));
    let (root, inner) = nested([&drains, &stops, &runs]).await;
    drains.does(Act::Hang).await;
    drains.address.current().unwrap().drain().unwrap();
    stops.stops(Act::Hang);
    stops.ends("normal").await;
    let old = [&drains, &stops, &runs].map(|part| part.address.current().unwrap());
    stops.stops(Act::Fine);
    cell(&root, "inner").kill();
    settle().await;
    assert!(old.iter().all(|cell| cell.get_status() == ractor::ActorStatus::Stopped));
    assert_eq!(log.alive(), 3, "those of the new life");
    assert_eq!(inner.children().known_actors(), 0);
    assert_eq!(inner.count_children().active, 3);
}

#[tokio::test(start_paused = true)]
async fn a_killed_root_leaves_no_orphans_after_its_stop() {
    let log = Log::default();
    let (stuck, deep) = (log.part("stuck"), log.part("deep"));
    let (child, users) =
        (stuck.clone(), DynamicSupervisorRef::new(DynamicSupervisorSpec::default()));
    let (inner, dynamic) = (users.clone(), users.clone());
    let middle = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .child(ChildSpec::dynamic_supervisor("users", &dynamic))
            .child(child.spec().shutdown(Shutdown::Infinity))
    });
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::supervisor("middle", &middle))
    })
    .await;
    users.start_child(deep.spec()).await.unwrap();
    for part in [&stuck, &deep] {
        part.stops(Act::Hang);
        part.ends("normal").await;
    }
    root.cell().kill();
    assert!(has_ended(&root).await);
    assert_eq!(log.alive(), 2, "ractor does not kill those in their post_stop");
    assert!(root.stop(secs(1)).await);
    assert_eq!((log.alive(), inner.ids().len()), (0, 0));
    assert!([stuck, deep].iter().all(|part| part.address.current().is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_called_off_halfway_leaves_no_orphans() {
    let log = Log::default();
    let (stuck, slow) = (log.part("stuck"), log.part("slow"));
    let parts = [stuck.clone(), slow.clone()];
    let inner = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne).children(parts.iter().map(Part::spec))
    });
    let root = start(|| SupervisorSpec::new(Strategy::OneForOne)).await;
    slow.starts(Act::Hang);
    stuck.stops(Act::Hang);
    let supervisor = root.supervisor().clone();
    let spec = ChildSpec::supervisor("inner", &inner).start_timeout(secs(2));
    let start = tokio::spawn(async move { supervisor.start_child(spec).await });
    settle().await;
    stuck.ends("normal").await;
    assert_eq!(log.alive(), 2);
    start.await.unwrap().unwrap_err();
    settle().await;
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_although_an_earlier_stop_was_sent() {
    let log = Log::default();
    let part = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&part]).await;
    part.stops(Act::Take(secs(3)));
    part.address.current().unwrap().stop(Some("shutdown".into()));
    let asked = Instant::now();
    root.supervisor().terminate_child("a").await.unwrap();
    assert_eq!((asked.elapsed(), log.alive()), (secs(3), 0));
    assert_eq!(log.take(), ["start a", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn two_trees_with_the_same_ids_live_in_one_process() {
    let log = Log::default();
    let (one, other) = (log.part("a"), log.part("a"));
    let first = start_parts(Strategy::OneForOne, [&one]).await;
    let second = start_parts(Strategy::OneForOne, [&other]).await;
    one.crashes().await;
    assert_eq!(top(&first).child("a").unwrap().info().restarts, 1);
    assert_eq!(top(&second).child("a").unwrap().info().restarts, 0);
    assert!(first.stop(secs(1)).await);
    assert_eq!(other.notes().await, [0u32; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_killed_supervisor_is_restarted_at_once_although_its_children_have_ids() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let (root, inner) = nested([&a, &b]).await;
    cell(&root, "inner").kill();
    settle().await;
    assert_eq!(log.take(), ["start a", "start b", "start a", "start b"]);
    assert_eq!((log.alive(), inner.count_children().active), (2, 2));
    assert!(!has_ended(&root).await);
}

// Real time and threads: only code that blocks its thread outlives a kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_below_a_supervisor_that_had_to_be_killed_is_gone_with_it() {
    let log = Log::default();
    let (one, other) = (log.part("one"), log.part("other"));
    let above = |part: &Part| {
        let child = part.clone();
        SupervisorRef::new(move || {
            SupervisorSpec::new(Strategy::OneForOne)
                .child(child.spec().shutdown(Shutdown::Infinity))
        })
    };
    let (inner, tree) = (above(&one), above(&other));
    let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
    let dynamic = users.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .child(ChildSpec::supervisor("inner", &inner).shutdown(Shutdown::Timeout(ms(10))))
            .child(ChildSpec::dynamic_supervisor("users", &dynamic))
    })
    .await;
    let spec = ChildSpec::supervisor("tree", &tree).shutdown(Shutdown::Timeout(ms(10)));
    users.start_child(spec).await.unwrap();
    for (part, time) in [(&other, 200), (&one, 400)] {
        let (release, blocked) = mpsc::channel::<()>();
        part.address
            .cast(PartMsg::Run(Box::new(move || {
                let _ = blocked.recv();
            })))
            .unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(ms(time)).await;
            drop(release);
        });
    }
    let cells = [&one, &other].map(|part| part.address.current().unwrap());
    assert!(root.stop(secs(60)).await);
    assert!(cells.iter().all(|cell| cell.get_status() == ractor::ActorStatus::Stopped));
}
