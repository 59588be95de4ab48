//! Which children are restarted, and in which order.

use crate::{
    Restart, Strategy,
    tests::support::{Act, Log, settle, start_parts, status, top},
};

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_only_the_child_that_exited() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let root = start_parts(Strategy::OneForOne, [&a, &b, &c]).await;
    assert_eq!(log.take(), ["start a", "start b", "start c"]);
    b.crashes().await;
    assert_eq!(log.take(), ["start b"]);
    assert_eq!(top(&root).strategy(), Strategy::OneForOne);
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_the_others_in_reverse_order_and_starts_all_in_order() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let root = start_parts(Strategy::OneForAll, [&a, &b, &c]).await;
    log.take();
    b.crashes().await;
    assert_eq!(log.take(), ["stop c", "stop a", "start a", "start b", "start c"]);
    assert_eq!(top(&root).strategy(), Strategy::OneForAll);
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_takes_those_started_after_it_along() {
    let log = Log::default();
    let (a, b, c, d) = (log.part("a"), log.part("b"), log.part("c"), log.part("d"));
    let root = start_parts(Strategy::RestForOne, [&a, &b, &c, &d]).await;
    log.take();
    b.crashes().await;
    assert_eq!(log.take(), ["stop d", "stop c", "start b", "start c", "start d"]);
    d.crashes().await;
    assert_eq!(log.take(), ["start d"]);
    a.crashes().await;
    assert_eq!(
        log.take(),
        ["stop d", "stop c", "stop b", "start a", "start b", "start c", "start d"]
    );
    assert_eq!(top(&root).strategy(), Strategy::RestForOne);
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_is_one_restart_of_the_intensity() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForAll, [&a, &b]).await;
    for _ in 0..10 {
        a.crashes().await;
    }
    let restarts: Vec<u32> = top(&root).which_children().iter().map(|c| c.restarts).collect();
    assert_eq!(restarts, [10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_forgets_temporary_children_and_starts_ended_transient_ones_again() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let (specs, root) = ([a.clone(), b.clone(), c.clone()], log.clone());
    drop(root);
    let root = super::support::start(move || {
        crate::SupervisorSpec::new(Strategy::OneForAll).children([
            specs[0].spec(),
            specs[1].spec().restart(Restart::Temporary),
            specs[2].spec().restart(Restart::Transient),
        ])
    })
    .await;
    c.ends("normal").await;
    assert_eq!(status(&top(&root), "c"), "terminated");
    log.take();
    a.crashes().await;
    assert_eq!(log.take(), ["stop b", "start a", "start c"]);
    assert_eq!(status(&top(&root), "b"), "absent");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_to_start_in_a_group_restart_has_the_group_tried_again() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let root = start_parts(Strategy::OneForAll, [&a, &b, &c]).await;
    log.take();
    b.next_starts([Act::Fail]);
    c.crashes().await;
    assert_eq!(
        log.take(),
        ["stop b", "stop a", "start a", "stop a", "start a", "start b", "start c"]
    );
    assert!(
        top(&root)
            .which_children()
            .iter()
            .all(|child| { matches!(child.status, crate::ChildStatus::Running { .. }) })
    );
}

#[tokio::test(start_paused = true)]
async fn two_exits_at_once_are_one_group_restart() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForAll, [&a, &b]).await;
    log.take();
    a.address.current().unwrap().kill();
    b.address.current().unwrap().kill();
    settle().await;
    assert_eq!(log.take(), ["start a", "start b"]);
    assert_eq!(top(&root).child("a").unwrap().info().restarts, 1);
}
