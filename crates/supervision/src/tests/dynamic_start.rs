//! Starts under a dynamic supervisor: nobody waits for anybody else's.

use tokio::time::{Instant, sleep};

use crate::{
    ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, SpecError, StartChildError, StartError,
    Strategy, SupervisorHandle, SupervisorSpec,
    tests::support::{Act, Log, PartMsg, secs, settle, start, start_dynamic, status},
};

const IDS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

#[tokio::test(start_paused = true)]
async fn a_start_that_takes_two_seconds_delays_nobody() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let slow = log.part("slow");
    slow.starts(Act::Take(secs(2)));
    users.request_start(slow.spec()).unwrap();
    let begun = Instant::now();
    for id in IDS {
        let part = log.part(id);
        users.start_child(part.spec()).await.unwrap();
        assert_eq!(part.notes().await, [0u32; 0]);
        users.terminate_child(id).await.unwrap();
    }
    assert_eq!(begun.elapsed(), secs(0));
    sleep(secs(2)).await;
    settle().await;
    assert_eq!(slow.notes().await, [0u32; 0]);
}

#[tokio::test(start_paused = true)]
async fn ten_slow_starts_take_as_long_as_one() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let begun = Instant::now();
    let starts = IDS.map(|id| {
        let (users, part) = (users.clone(), log.part(id));
        part.starts(Act::Take(secs(2)));
        tokio::spawn(async move { users.start_child(part.spec()).await })
    });
    for start in starts {
        start.await.unwrap().unwrap();
    }
    assert_eq!(begun.elapsed(), secs(2));
    assert_eq!(users.count_children().active, 10);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_taken_from_the_moment_of_the_request() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.starts(Act::Take(secs(1)));
    users.request_start(part.spec()).unwrap();
    for _ in 0..2 {
        let refused = users.start_child(part.spec()).await;
        assert!(matches!(refused, Err(StartChildError::AlreadyStarted)), "{refused:?}");
        sleep(secs(2)).await;
    }
    assert_eq!(part.made(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_than_max_children_are_refused() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new().max_children(2)).await;
    let (a, b, c) = (log.part("a"), log.part("b"), log.part("c"));
    a.starts(Act::Take(secs(1)));
    users.request_start(a.spec()).unwrap();
    users.start_child(b.spec()).await.unwrap();
    let refused = users.start_child(c.spec()).await;
    assert!(matches!(refused, Err(StartChildError::MaxChildren { limit: 2 })), "{refused:?}");
    let refused = users.request_start(c.spec());
    assert!(matches!(refused, Err(StartChildError::MaxChildren { limit: 2 })), "{refused:?}");
    b.stops(Act::Take(secs(1)));
    users.request_stop("b").unwrap();
    let refused = users.request_start(c.spec());
    assert!(refused.is_err(), "one that is stopping is still there: {refused:?}");
    users.request_start(b.spec()).expect("it takes its own place");
    sleep(secs(2)).await;
    users.terminate_child("a").await.unwrap();
    users.start_child(c.spec()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_not_added() {
    let log = Log::default();
    let (root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.next_starts([Act::Fail]);
    let failed = users.start_child(part.spec()).await.unwrap_err();
    assert_eq!(failed.to_string(), "did not start: out of cheese");
    assert!(users.child("a").is_none());
    assert_eq!(root.lifecycle().counters().start_failed(), 1);
    users.start_child(part.spec()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_fails_after_its_timeout() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let part = log.part("a");
    part.starts(Act::Hang);
    let begun = Instant::now();
    let failed = users.start_child(part.spec().start_timeout(secs(3))).await;
    assert!(
        matches!(failed, Err(StartChildError::Start(StartError::TimedOut { limit })) if limit == secs(3)),
        "{failed:?}"
    );
    assert_eq!((begun.elapsed(), log.alive()), (secs(3), 0));
}

#[tokio::test(start_paused = true)]
async fn significant_children_are_refused() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    let spec = log.part("a").spec().restart(crate::Restart::Temporary).significant();
    let refused = users.start_child(spec).await;
    let expected = SpecError::SignificantWithoutAutoShutdown { id: "a".into() };
    assert!(matches!(refused, Err(StartChildError::Spec(error)) if error == expected));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_before_its_start_is_announced_has_started_and_ended() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new().intensity(1, secs(5))).await;
    let part = log.part("a");
    part.begins(Act::Fail);
    users.start_child(part.spec().restart(crate::Restart::Temporary)).await.unwrap();
    settle().await;
    assert!(users.child("a").is_none());
    assert_eq!((log.alive(), users.children().known_actors()), (0, 0));
    part.begins(Act::Panic).next_starts([Act::Fine]);
    let permanent = log.part("b");
    permanent.begins(Act::Fail);
    users.start_child(permanent.spec().backoff(std::sync::Arc::default())).await.unwrap();
    settle().await;
    let handle = SupervisorHandle::Dynamic(users.clone());
    assert_eq!(status(&handle, "b"), "backing off");
    permanent.begins(Act::Fine);
    sleep(secs(2)).await;
    assert_eq!(status(&handle, "b"), "running");
    assert_eq!(users.children().known_actors(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_may_itself_start_when_needed() {
    let log = Log::default();
    let users = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
    let child = users.clone();
    let root = start(move || {
        let users = ChildSpec::dynamic_supervisor("users", &child).when_needed();
        SupervisorSpec::new(Strategy::OneForOne).child(users)
    })
    .await;
    let (a, b) = (log.part("a"), log.part("b"));
    users.request_start(a.spec()).unwrap();
    users.start_child(b.spec()).await.unwrap();
    assert_eq!(log.take(), ["start a", "start b"]);
    a.address.cast(PartMsg::Note(1)).unwrap();
    assert!(root.stop(secs(1)).await);
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_context_is_found_by_its_type_for_as_long_as_the_child_is_there() {
    let log = Log::default();
    let (_root, users) = start_dynamic(DynamicSupervisorSpec::new()).await;
    users.start_child(log.part("a").spec().context("how to reach it")).await.unwrap();
    users.start_child(log.part("b").spec()).await.unwrap();
    let context = |id| users.child(id).and_then(|child| child.context::<&'static str>());
    assert_eq!(context("a"), Some("how to reach it"));
    assert_eq!(users.child("a").unwrap().context::<String>(), None, "another type");
    assert_eq!(context("b"), None);
    users.terminate_child("a").await.unwrap();
    assert_eq!(context("a"), None);
}
