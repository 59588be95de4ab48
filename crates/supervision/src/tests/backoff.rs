//! Restart backoff: a child's own pace.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use crate::{
    Backoff, ChildStatus, Restart, Root, Strategy, SupervisorSpec,
    tests::support::{Act, Log, Part, has_ended, ms, secs, settle, start, status, top},
};

/// Its child backs off, and its intensity tolerates no restart at all.
async fn tree(part: &Part) -> Root {
    let child = part.clone();
    start(move || {
        let child = child.spec().restart(Restart::Transient).backoff(Arc::new(Backoff::default()));
        SupervisorSpec::new(Strategy::OneForOne).intensity(0, secs(5)).child(child)
    })
    .await
}

/// Waits until the part was made once more, and says how long that took.
async fn until_made(part: &Part) -> u64 {
    let (made, from) = (part.made(), Instant::now());
    while part.made() == made {
        sleep(ms(1)).await;
    }
    settle().await;
    from.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn delays_double_to_the_longest_and_none_counts() {
    let log = Log::default();
    let part = log.part("a");
    let root = tree(&part).await;
    for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
        part.crashes().await;
        assert_eq!(status(&top(&root), "a"), "backing off");
        assert_eq!(until_made(&part).await, expected);
        assert_eq!(status(&top(&root), "a"), "running");
    }
    assert!(!has_ended(&root).await);
}

#[tokio::test(start_paused = true)]
async fn delays_start_over_after_a_minute_of_health() {
    let log = Log::default();
    let part = log.part("a");
    let _root = tree(&part).await;
    part.crashes().await;
    sleep(secs(1)).await;
    settle().await;
    sleep(ms(59_999)).await;
    part.crashes().await;
    sleep(secs(2)).await;
    settle().await;
    assert_eq!(part.made(), 3, "59.999 s are not enough: it came back after 2 s");
    sleep(secs(60)).await;
    part.crashes().await;
    assert_eq!(until_made(&part).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_while_backing_off_backs_off_further() {
    let log = Log::default();
    let part = log.part("a");
    let root = tree(&part).await;
    part.next_starts([Act::Fail, Act::Panic]);
    part.crashes().await;
    assert_eq!([until_made(&part).await, until_made(&part).await], [1, 2]);
    assert_eq!(status(&top(&root), "a"), "backing off");
    assert_eq!(until_made(&part).await, 4);
    assert_eq!(status(&top(&root), "a"), "running");
}

#[tokio::test(start_paused = true)]
async fn one_that_backs_off_is_shown_with_reason_and_time_left() {
    let log = Log::default();
    let part = log.part("a");
    let root = tree(&part).await;
    part.does(Act::Fail).await;
    sleep(ms(400)).await;
    let expected =
        ChildStatus::BackingOff { remaining_ms: 600, reason: Arc::from("out of cheese") };
    assert_eq!(top(&root).child("a").unwrap().info().status, expected);
    assert_eq!(top(&root).count_children().active, 0);
}

#[tokio::test(start_paused = true)]
async fn terminating_one_that_backs_off_calls_its_restart_off() {
    let log = Log::default();
    let part = log.part("a");
    let root = tree(&part).await;
    part.crashes().await;
    root.supervisor().terminate_child("a").await.unwrap();
    sleep(secs(120)).await;
    assert_eq!((status(&top(&root), "a"), part.made()), ("terminated", 1));
    root.supervisor().restart_child("a").await.unwrap();
    assert_eq!(status(&top(&root), "a"), "running");
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_was_called_off_does_not_come_when_its_child_backs_off_again() {
    let log = Log::default();
    let part = log.part("a");
    let root = tree(&part).await;
    part.crashes().await;
    sleep(ms(500)).await;
    root.supervisor().terminate_child("a").await.unwrap();
    root.supervisor().restart_child("a").await.unwrap();
    part.crashes().await;
    assert_eq!(until_made(&part).await, 2, "not the 500 ms that were left of the first");
}

#[tokio::test(start_paused = true)]
async fn stopping_a_tree_calls_restarts_off() {
    let log = Log::default();
    let part = log.part("a");
    let root = tree(&part).await;
    part.crashes().await;
    let asked = Instant::now();
    assert!(root.stop(secs(1)).await);
    assert_eq!(asked.elapsed(), secs(0));
    sleep(secs(120)).await;
    assert_eq!(part.made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_takes_one_that_backs_off_along() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let (first, second) = (a.clone(), b.clone());
    let root = start(move || {
        let backs_off = second.spec().backoff(Arc::new(Backoff::default()));
        SupervisorSpec::new(Strategy::OneForAll).child(first.spec()).child(backs_off)
    })
    .await;
    b.crashes().await;
    assert_eq!(status(&top(&root), "a"), "running", "the others run on meanwhile");
    log.take();
    a.crashes().await;
    assert_eq!(log.take(), ["start a", "start b"]);
    sleep(secs(5)).await;
    assert_eq!(b.made(), 2, "the restart that was due is not made a second time");
    b.crashes().await;
    log.take();
    sleep(secs(5)).await;
    assert_eq!(log.take(), ["stop a", "start a", "start b"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_came_due_while_its_supervisor_was_busy_may_be_stale() {
    let log = Log::default();
    let (busy, part) = (log.part("busy"), log.part("a"));
    let (first, second) = (busy.clone(), part.clone());
    let root = start(move || {
        let backs_off = second.spec().backoff(Arc::new(Backoff::default()));
        SupervisorSpec::new(Strategy::OneForOne).child(first.spec()).child(backs_off)
    })
    .await;
    part.crashes().await;
    busy.starts(Act::Take(secs(2)));
    busy.crashes().await;
    // The supervisor is busy until 2 s; the restart comes due at 1 s, behind these.
    let supervisor = root.supervisor().clone();
    let terminate = tokio::spawn(async move { supervisor.terminate_child("a").await });
    settle().await;
    let supervisor = root.supervisor().clone();
    let restart = tokio::spawn(async move { supervisor.restart_child("a").await });
    part.begins(Act::Fail);
    sleep(ms(2100)).await;
    terminate.await.unwrap().unwrap();
    restart.await.unwrap().unwrap();
    assert_eq!((status(&top(&root), "a"), part.made()), ("backing off", 2));
    sleep(secs(2)).await;
    assert_eq!(part.made(), 3);
}
