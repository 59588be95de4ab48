//! More than `intensity` restarts within `period`: stop all in reverse order, then fail.

use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    ChildSpec, Strategy, SupervisorRef, SupervisorSpec,
    lifecycle::Change,
    tests::support::{Act, Log, has_ended, ms, secs, settle, start, start_parts, status, top},
};

#[tokio::test(start_paused = true)]
async fn one_restart_too_many_stops_all_children_in_reverse_order_and_fails_the_supervisor() {
    let log = Log::default();
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    let root = start_parts(Strategy::OneForOne, [&a, &b, &c]).await;
    for _ in 0..10 {
        b.crashes().await;
    }
    assert!(!has_ended(&root).await);
    log.take();
    b.crashes().await;
    assert!(has_ended(&root).await);
    assert_eq!(log.take(), ["stop c", "stop a"]);
    assert_eq!(log.alive(), 0);
    let history = top(&root).history();
    let last = history.last().unwrap();
    assert_eq!(last.child, "");
    assert!(
        matches!(&last.change, Change::GaveUp { reason }
            if reason.starts_with("more than 10 restarts within 5s; the last was of b: out of cheese")),
        "{last:?}"
    );
    assert_eq!(root.lifecycle().counters().gave_up(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_restart_exactly_one_period_ago_still_counts() {
    let log = Log::default();
    let a = log.part("a");
    let child = a.clone();
    let root = start(move || SupervisorSpec::new(Strategy::OneForOne).child(child.spec())).await;
    let first = Instant::now();
    a.crashes().await;
    sleep_until(first + secs(5)).await;
    a.crashes().await;
    assert!(has_ended(&root).await, "OTP's default: 1 restart in 5 s");
}

#[tokio::test(start_paused = true)]
async fn the_window_slides() {
    let log = Log::default();
    let a = log.part("a");
    let child = a.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).intensity(2, secs(5)).child(child.spec())
    })
    .await;
    // Never more than two in any 5 s, although six in 20 s.
    for pause in [0, 1000, 4001, 1000, 4001, 1000] {
        sleep(ms(pause)).await;
        a.crashes().await;
        assert!(!has_ended(&root).await);
    }
    sleep(ms(3999)).await;
    a.crashes().await;
    assert!(has_ended(&root).await, "the third within 4,999 ms");
}

#[tokio::test(start_paused = true)]
async fn an_intensity_of_zero_gives_up_at_the_first_exit() {
    let log = Log::default();
    let a = log.part("a");
    let child = a.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).intensity(0, secs(5)).child(child.spec())
    })
    .await;
    a.crashes().await;
    assert!(has_ended(&root).await);
    assert_eq!(a.made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_restart_is_tried_again_and_counted() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForOne, [&a, &b]).await;
    b.next_starts([Act::Fail, Act::Panic, Act::Fail]);
    b.crashes().await;
    assert_eq!(status(&top(&root), "b"), "running");
    assert_eq!(b.made(), 5, "the first start, three that failed, one that did not");
    b.starts(Act::Fail);
    b.crashes().await;
    // 4 restarts were counted before; the seventh from here is one too many.
    assert!(has_ended(&root).await);
    assert_eq!(b.made(), 5 + 6);
    assert_eq!(root.lifecycle().counters().start_failed(), 3 + 6);
}

#[tokio::test(start_paused = true)]
async fn exits_that_are_not_restarted_do_not_count() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let (child, other) = (a.clone(), b.clone());
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(0, secs(5))
            .child(child.spec().restart(crate::Restart::Temporary))
            .child(other.spec().restart(crate::Restart::Transient))
    })
    .await;
    a.crashes().await;
    b.ends("normal").await;
    assert!(!has_ended(&root).await);
}

#[tokio::test(start_paused = true)]
async fn the_parent_of_a_supervisor_that_gave_up_decides() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let parts = [a.clone(), b.clone()];
    let inner = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(0, secs(5))
            .children(parts.iter().map(super::support::Part::spec))
    });
    let child = inner.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::supervisor("inner", &child))
    })
    .await;
    log.take();
    b.crashes().await;
    settle().await;
    assert_eq!(log.take(), ["stop a", "start a", "start b"]);
    let info = top(&root).child("inner").unwrap().info().clone();
    assert_eq!(info.restarts, 1);
    assert!(info.last_exit.unwrap().reason.contains("the last was of b"));
    assert_eq!(inner.child("b").unwrap().info().restarts, 0, "a new life");
    b.crashes().await;
    assert!(has_ended(&root).await, "and it in turn has its own intensity");
    assert_eq!(log.alive(), 0);
}
