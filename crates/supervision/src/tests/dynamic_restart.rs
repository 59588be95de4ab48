//! Restarts under a dynamic supervisor, and its giving up.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use crate::{
    Backoff, ChildError, ChildStatus, DynamicSupervisorSpec, Restart, StartChildError,
    SupervisorHandle,
    tests::support::{Act, Log, has_ended, ms, secs, settle, start_dynamic, status, top},
};

#[tokio::test(start_paused = true)]
async fn restart_types_hold() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(3, secs(5))).await;
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    users.start_child(a.spec()).await.unwrap();
    users.start_child(b.spec().restart(Restart::Transient)).await.unwrap();
    users.start_child(c.spec().restart(Restart::Temporary)).await.unwrap();
    a.ends("normal").await;
    b.is_killed().await;
    c.crashes().await;
    let handle = SupervisorHandle::Dynamic(users.clone());
    let statuses = ["a", "b", "c"].map(|id| status(&handle, id));
    assert_eq!(statuses, ["running", "running", "absent"]);
    b.ends("normal").await;
    assert_eq!(status(&handle, "b"), "absent", "as OTP's, it keeps no specification");
    let restarts: Vec<_> = users.which_children().iter().map(|child| child.restarts).collect();
    assert_eq!(restarts, [1]);
    assert_eq!(users.children().known_actors(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_restart_too_many_stops_all_children_gracefully_and_fails_the_supervisor() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let (a, b) = (log.part("a"), log.part("b"));
    users.start_child(a.spec()).await.unwrap();
    users.start_child(b.spec()).await.unwrap();
    a.crashes().await;
    log.take();
    a.crashes().await;
    assert_eq!(log.take(), ["stop b"]);
    assert_eq!((log.alive(), users.ids().len(), users.children().known_actors()), (0, 0, 0));
    let info = top(&root).child("users").unwrap().info().clone();
    assert_eq!(info.restarts, 1);
    let reason = info.last_exit.unwrap().reason;
    assert!(reason.starts_with("more than 1 restarts within 5s; the last was of a"), "{reason}");
    users.start_child(a.spec()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_restart_is_tried_again_and_counted() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(3, secs(5))).await;
    let part = log.part("a");
    users.start_child(part.spec()).await.unwrap();
    part.next_starts([Act::Fail, Act::Panic]);
    part.crashes().await;
    assert!(users.child("a").is_some_and(|child| child.info().restarts == 3));
    part.starts(Act::Fail);
    part.crashes().await;
    assert_eq!(top(&root).child("users").unwrap().info().restarts, 1, "it gave up");
    assert_eq!((part.made(), users.ids().len()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_child_with_a_backoff_never_counts_against_the_others() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(0, secs(5))).await;
    let (a, b) = (log.part("a"), log.part("b"));
    users.start_child(a.spec().backoff(Arc::new(Backoff::default()))).await.unwrap();
    users.start_child(b.spec()).await.unwrap();
    for delay in [1, 2, 4, 8] {
        a.does(Act::Fail).await;
        let child = users.child("a").unwrap();
        assert_eq!(
            child.info().status,
            ChildStatus::BackingOff { remaining_ms: delay * 1000, reason: "out of cheese".into() }
        );
        sleep(secs(delay)).await;
        settle().await;
        assert_eq!(a.notes().await, [0u32; 0]);
    }
    assert_eq!((b.made(), has_ended(&root).await), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_first_start_that_fails_is_tried_again_if_it_has_a_backoff() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(0, secs(5))).await;
    let part = log.part("a");
    part.next_starts([Act::Fail]);
    let failed = users.start_child(part.spec().backoff(Arc::new(Backoff::default()))).await;
    assert!(matches!(failed, Err(StartChildError::Start(_))), "{failed:?}");
    let handle = SupervisorHandle::Dynamic(users.clone());
    assert_eq!(status(&handle, "a"), "backing off");
    let refused = users.start_child(part.spec()).await;
    assert!(matches!(refused, Err(StartChildError::AlreadyStarted)), "{refused:?}");
    sleep(secs(2)).await;
    assert_eq!(status(&handle, "a"), "running");
}

#[tokio::test(start_paused = true)]
async fn terminating_one_that_backs_off_calls_its_restart_off() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    let spec = || part.spec().backoff(Arc::new(Backoff::default()));
    users.start_child(spec()).await.unwrap();
    part.crashes().await;
    let asked = Instant::now();
    users.terminate_child("a").await.unwrap();
    assert_eq!(asked.elapsed(), secs(0));
    assert!(matches!(users.terminate_child("a").await, Err(ChildError::NotFound)));
    // Its restart would come in 1 s. A new child of that id has nothing to do with it.
    users.start_child(spec()).await.unwrap();
    sleep(ms(500)).await;
    part.crashes().await;
    sleep(ms(700)).await;
    assert_eq!(part.made(), 2, "not yet: the old timer would have fired");
    sleep(ms(700)).await;
    assert_eq!(part.made(), 3);
}

#[tokio::test(start_paused = true)]
async fn renewing_one_that_backs_off_starts_it_now() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    users.start_child(part.spec().backoff(Arc::new(Backoff::default()))).await.unwrap();
    part.crashes().await;
    let asked = Instant::now();
    users.renew_child("a").await.unwrap();
    assert_eq!((asked.elapsed(), part.made()), (secs(0), 2));
    sleep(secs(5)).await;
    assert_eq!(part.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn commands_while_it_gives_up_are_all_answered() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(0, secs(5))).await;
    let (crashes, hung, late) = (log.part("crashes"), log.part("hung"), log.part("late"));
    hung.stops(Act::Hang);
    users.start_child(crashes.spec()).await.unwrap();
    users.start_child(hung.spec()).await.unwrap();
    crashes.crashes().await;
    // It now waits 5 s for the hung one.
    let started = tokio::spawn({
        let (users, spec) = (users.clone(), late.spec());
        async move { users.start_child(spec).await }
    });
    settle().await;
    let terminated = tokio::spawn({
        let users = users.clone();
        async move { users.terminate_child("late").await }
    });
    users.terminate_child("hung").await.unwrap();
    let started = tokio::time::timeout(secs(10), started).await.unwrap().unwrap();
    assert!(started.is_err());
    let _ = tokio::time::timeout(secs(10), terminated).await.unwrap().unwrap();
    settle().await;
    assert_eq!(top(&root).child("users").unwrap().info().restarts, 1);
    assert_eq!((log.alive(), late.made(), users.ids().len()), (0, 0, 0));
    users.start_child(late.spec()).await.unwrap();
}
