//! Stops under a dynamic supervisor.

use tokio::time::{Instant, sleep};

use crate::{
    ChildError, DynamicSupervisorSpec, Shutdown, StartChildError, StartError, SupervisorHandle,
    tests::support::{Act, Log, cell, secs, settle, start_dynamic, status},
};

#[tokio::test(start_paused = true)]
async fn a_terminated_child_has_stopped_and_is_forgotten() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.stops(Act::Take(secs(2)));
    users.start_child(part.spec()).await.unwrap();
    let asked = Instant::now();
    users.terminate_child("a").await.unwrap();
    assert_eq!(asked.elapsed(), secs(2));
    assert_eq!(log.take(), ["start a", "stop a"]);
    assert!(users.child("a").is_none());
    assert!(part.address.current().is_none());
    assert!(matches!(users.terminate_child("a").await, Err(ChildError::NotFound)));
    assert!(matches!(users.request_stop("a"), Err(ChildError::NotFound)));
    assert_eq!(root.lifecycle().counters().exited(crate::ExitClass::Shutdown), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_killed_after_its_time_and_delays_nobody() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let (a, b) = (log.part("a"), log.part("b"));
    a.stops(Act::Hang);
    users.start_child(a.spec()).await.unwrap();
    users.start_child(b.spec()).await.unwrap();
    let asked = Instant::now();
    users.request_stop("a").unwrap();
    users.terminate_child("b").await.unwrap();
    assert_eq!(asked.elapsed(), secs(0));
    users.terminate_child("a").await.unwrap();
    assert_eq!((asked.elapsed(), log.alive()), (secs(5), 0));
}

#[tokio::test(start_paused = true)]
async fn a_brutal_kill_asks_nobody() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    users.start_child(part.spec().shutdown(Shutdown::BrutalKill)).await.unwrap();
    users.terminate_child("a").await.unwrap();
    assert_eq!(log.take(), ["start a"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_during_a_stop_starts_afresh_after_it() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.stops(Act::Take(secs(2)));
    users.start_child(part.spec()).await.unwrap();
    users.request_stop("a").unwrap();
    let asked = Instant::now();
    let (again, spec) = (users.clone(), part.spec());
    let start = tokio::spawn(async move { again.start_child(spec).await });
    settle().await;
    let refused = users.request_start(part.spec());
    assert!(matches!(refused, Err(StartChildError::AlreadyStarted)), "{refused:?}");
    start.await.unwrap().unwrap();
    assert_eq!(asked.elapsed(), secs(2));
    assert_eq!(log.take(), ["start a", "stop a", "start a"]);
    assert_eq!(users.child("a").unwrap().info().restarts, 0, "it is another child");
}

#[tokio::test(start_paused = true)]
async fn a_stop_calls_the_start_off_that_was_to_follow_an_earlier_stop() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.stops(Act::Take(secs(2)));
    users.start_child(part.spec()).await.unwrap();
    users.request_stop("a").unwrap();
    let (again, spec) = (users.clone(), part.spec());
    let start = tokio::spawn(async move { again.start_child(spec).await });
    settle().await;
    users.terminate_child("a").await.unwrap();
    let called_off = start.await.unwrap();
    assert!(
        matches!(called_off, Err(StartChildError::Start(StartError::Terminated))),
        "{called_off:?}"
    );
    settle().await;
    assert_eq!(log.take(), ["start a", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn one_terminated_while_it_starts_is_stopped_once_it_has_started() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.starts(Act::Take(secs(2)));
    let (other, spec) = (users.clone(), part.spec());
    let start = tokio::spawn(async move { other.start_child(spec).await });
    settle().await;
    let asked = Instant::now();
    users.terminate_child("a").await.unwrap();
    assert_eq!(asked.elapsed(), secs(2));
    assert_eq!(log.take(), ["start a", "stop a"]);
    let started = start.await.unwrap();
    assert!(matches!(started, Err(StartChildError::Start(StartError::Terminated))), "{started:?}");
    assert_eq!((log.alive(), users.ids().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_terminated_before_its_start_is_begun_is_not_started() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    users.request_start(part.spec()).unwrap();
    users.terminate_child("a").await.unwrap();
    settle().await;
    assert_eq!((part.made(), users.ids().len()), (0, 0));
    users.request_start(part.spec()).unwrap();
    users.request_stop("a").unwrap();
    users.start_child(part.spec()).await.unwrap();
    assert_eq!(part.made(), 1, "stopped and started again before anything was begun");
}

#[tokio::test(start_paused = true)]
async fn one_terminated_while_its_start_fails_is_forgotten() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.starts(Act::Hang);
    let spec = part.spec().start_timeout(secs(1)).backoff(std::sync::Arc::default());
    users.request_start(spec).unwrap();
    settle().await;
    users.terminate_child("a").await.unwrap();
    sleep(secs(10)).await;
    assert_eq!((part.made(), users.ids().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn renewing_a_child_stops_it_gracefully_and_starts_it_again() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    users.start_child(part.spec()).await.unwrap();
    users.renew_child("a").await.unwrap();
    assert_eq!(log.take(), ["start a", "stop a", "start a"]);
    part.next_starts([Act::Fail]);
    let failed = users.renew_child("a").await;
    assert!(matches!(failed, Err(ChildError::Start(_))), "{failed:?}");
    assert!(matches!(users.renew_child("a").await, Err(ChildError::NotFound)));
}

#[tokio::test(start_paused = true)]
async fn all_children_stop_at_once_each_within_its_own_time() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let (slow, hung, forever) = (log.part("slow"), log.part("hung"), log.part("forever"));
    slow.stops(Act::Take(secs(4)));
    hung.stops(Act::Hang);
    forever.stops(Act::Take(secs(20)));
    users.start_child(forever.spec().shutdown(Shutdown::Infinity)).await.unwrap();
    users.start_child(hung.spec()).await.unwrap();
    users.start_child(slow.spec()).await.unwrap();
    log.take();
    let hung = hung.address.current().unwrap();
    let asked = Instant::now();
    let stop = tokio::spawn(async move { root.stop(secs(60)).await });
    sleep(secs(6)).await;
    assert_eq!(hung.get_status(), ractor::ActorStatus::Stopped, "killed after 5 s");
    assert!(stop.await.unwrap());
    assert_eq!(asked.elapsed(), secs(20));
    assert_eq!(log.take(), ["stop slow", "stop forever"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_supervisor_calls_starts_off_and_answers_everybody() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let (starting, backing_off) = (log.part("starting"), log.part("backing off"));
    starting.starts(Act::Hang);
    users.start_child(backing_off.spec().backoff(std::sync::Arc::default())).await.unwrap();
    backing_off.crashes().await;
    let (other, spec) = (users.clone(), starting.spec());
    let start = tokio::spawn(async move { other.start_child(spec).await });
    settle().await;
    let handle = SupervisorHandle::Dynamic(users.clone());
    assert_eq!(
        (status(&handle, "starting"), status(&handle, "backing off")),
        ("starting", "backing off")
    );
    let asked = Instant::now();
    assert!(root.stop(secs(1)).await);
    let answer = start.await.unwrap();
    assert!(matches!(answer, Err(StartChildError::SupervisorDown)), "{answer:?}");
    assert_eq!((asked.elapsed(), log.alive(), users.ids().len()), (secs(0), 0, 0));
    sleep(secs(10)).await;
    assert_eq!((starting.made(), backing_off.made()), (1, 1));
    let refused = users.start_child(starting.spec()).await;
    assert!(matches!(refused, Err(StartChildError::SupervisorDown)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_has_started_when_the_stop_comes_but_is_not_announced_stops_gracefully() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    let supervisor = cell(&root, "users");
    part.when_started(move || supervisor.stop(Some("shutdown".into())));
    let answer = users.start_child(part.spec()).await;
    assert!(matches!(answer, Err(StartChildError::SupervisorDown)), "{answer:?}");
    settle().await;
    assert_eq!(log.take(), ["start a", "stop a"]);
    assert_eq!((log.alive(), users.ids().len()), (0, 0));
    assert!(part.address.current().is_none());
}
