//! `which_children`, `count_children` and the commands, with their refusals.

use crate::{
    ChildCount, ChildError, ChildSpec, ChildType, DynamicSupervisorRef, DynamicSupervisorSpec,
    Restart, SpecError, StartChildError, Strategy, SupervisorRef, SupervisorSpec,
    tests::support::{Act, Log, has_ended, secs, settle, start, start_parts, status, top},
};

#[tokio::test(start_paused = true)]
async fn children_are_reported_in_start_order_with_type_and_status() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let inner = SupervisorRef::new(|| SupervisorSpec::new(Strategy::OneForOne));
    let dynamic = DynamicSupervisorRef::new(DynamicSupervisorSpec::new());
    let (first, second) = (a.clone(), b.clone());
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).children([
            first.spec(),
            ChildSpec::supervisor("inner", &inner),
            second.spec().restart(Restart::Transient),
            ChildSpec::dynamic_supervisor("dynamic", &dynamic),
        ])
    })
    .await;
    b.ends("normal").await;
    let children = root.supervisor().which_children();
    let seen: Vec<_> = children.iter().map(|c| (c.id.as_str(), c.child_type)).collect();
    assert_eq!(
        seen,
        [
            ("a", ChildType::Worker),
            ("inner", ChildType::Supervisor),
            ("b", ChildType::Worker),
            ("dynamic", ChildType::Supervisor),
        ]
    );
    assert_eq!(status(&top(&root), "a"), "running");
    assert_eq!(status(&top(&root), "b"), "terminated");
    let count = ChildCount { specs: 4, active: 3, supervisors: 2, workers: 2 };
    assert_eq!(root.supervisor().count_children(), count);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_added_is_the_last_and_the_first_to_stop() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    root.supervisor().start_child(b.spec()).await.unwrap();
    assert!(root.stop(secs(1)).await);
    assert_eq!(log.take(), ["start a", "start b", "stop b", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn start_child_says_whether_an_id_is_taken_by_a_running_child() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    let again = root.supervisor().start_child(a.spec()).await;
    assert!(matches!(again, Err(StartChildError::AlreadyStarted)), "{again:?}");
    root.supervisor().terminate_child("a").await.unwrap();
    let again = root.supervisor().start_child(a.spec()).await;
    assert!(matches!(again, Err(StartChildError::AlreadyPresent)), "{again:?}");
    assert_eq!(a.made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_not_added() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, []).await;
    a.next_starts([Act::Fail]);
    let refused = root.supervisor().start_child(a.spec()).await;
    assert!(matches!(refused, Err(StartChildError::Start(_))), "{refused:?}");
    assert_eq!(status(&top(&root), "a"), "absent");
    root.supervisor().start_child(a.spec()).await.unwrap();
    assert!(!has_ended(&root).await);
}

#[tokio::test(start_paused = true)]
async fn start_child_refuses_a_specification_that_is_not_valid() {
    let log = Log::default();
    let root = start_parts(Strategy::OneForOne, []).await;
    let spec = log.part("a").spec().significant();
    let refused = root.supervisor().start_child(spec).await;
    assert!(
        matches!(refused, Err(StartChildError::Spec(SpecError::PermanentSignificant { .. }))),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_terminated_child_stays_so_until_it_is_restarted() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForAll, [&a, &b]).await;
    root.supervisor().terminate_child("b").await.unwrap();
    root.supervisor().terminate_child("b").await.unwrap();
    assert_eq!(log.take(), ["start a", "start b", "stop b"]);
    assert_eq!(status(&top(&root), "b"), "terminated");
    root.supervisor().restart_child("b").await.unwrap();
    assert_eq!(log.take(), ["start b"]);
    assert_eq!(top(&root).child("b").unwrap().info().restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_terminated_temporary_child_is_forgotten() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, []).await;
    root.supervisor().start_child(a.spec().restart(Restart::Temporary)).await.unwrap();
    root.supervisor().terminate_child("a").await.unwrap();
    assert_eq!(status(&top(&root), "a"), "absent");
}

#[tokio::test(start_paused = true)]
async fn restart_child_refuses_running_and_unknown_children() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    let refused = root.supervisor().restart_child("a").await;
    assert!(matches!(refused, Err(ChildError::Running)), "{refused:?}");
    let refused = root.supervisor().restart_child("b").await;
    assert!(matches!(refused, Err(ChildError::NotFound)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_to_start_by_command_stays_terminated() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    root.supervisor().terminate_child("a").await.unwrap();
    a.next_starts([Act::Panic]);
    let failed = root.supervisor().restart_child("a").await;
    assert!(matches!(failed, Err(ChildError::Start(_))), "{failed:?}");
    settle().await;
    assert_eq!((status(&top(&root), "a"), a.made()), ("terminated", 2));
}

#[tokio::test(start_paused = true)]
async fn delete_child_forgets_children_that_do_not_run() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    let refused = root.supervisor().delete_child("a").await;
    assert!(matches!(refused, Err(ChildError::Running)), "{refused:?}");
    root.supervisor().terminate_child("a").await.unwrap();
    root.supervisor().delete_child("a").await.unwrap();
    assert_eq!(status(&top(&root), "a"), "absent");
    let refused = root.supervisor().delete_child("a").await;
    assert!(matches!(refused, Err(ChildError::NotFound)), "{refused:?}");
    let refused = root.supervisor().terminate_child("a").await;
    assert!(matches!(refused, Err(ChildError::NotFound)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_is_neither_deleted_nor_restarted() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, []).await;
    root.supervisor().start_child(a.spec().backoff(std::sync::Arc::default())).await.unwrap();
    a.crashes().await;
    assert_eq!(status(&top(&root), "a"), "backing off");
    let refused = root.supervisor().delete_child("a").await;
    assert!(matches!(refused, Err(ChildError::Restarting)), "{refused:?}");
    let refused = root.supervisor().restart_child("a").await;
    assert!(matches!(refused, Err(ChildError::Restarting)), "{refused:?}");
    let refused = root.supervisor().start_child(a.spec()).await;
    assert!(matches!(refused, Err(StartChildError::AlreadyStarted)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn renewing_a_child_stops_it_gracefully_and_starts_it_again() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForOne, [&a, &b]).await;
    log.take();
    top(&root).renew_child("a").await.unwrap();
    assert_eq!(log.take(), ["stop a", "start a"]);
}

#[tokio::test(start_paused = true)]
async fn commands_to_a_supervisor_that_is_down_say_so() {
    let log = Log::default();
    let a = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    root.stop(secs(1)).await;
    let supervisor = root.supervisor();
    assert!(matches!(supervisor.start_child(a.spec()).await, Err(StartChildError::SupervisorDown)));
    assert!(matches!(supervisor.terminate_child("a").await, Err(ChildError::SupervisorDown)));
    assert!(matches!(supervisor.restart_child("a").await, Err(ChildError::SupervisorDown)));
    assert!(matches!(supervisor.delete_child("a").await, Err(ChildError::SupervisorDown)));
}

#[tokio::test(start_paused = true)]
async fn a_path_leads_through_the_tree() {
    let log = Log::default();
    let a = log.part("a");
    let child = a.clone();
    let inner =
        SupervisorRef::new(move || SupervisorSpec::new(Strategy::OneForOne).child(child.spec()));
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::supervisor("inner", &inner))
    })
    .await;
    let top = top(&root);
    assert_eq!(top.find("inner/a").unwrap().info().id, "a");
    assert!(top.find("inner/a/deeper").is_none());
    assert!(top.find("nobody/a").is_none());
    let snapshot = top.find("inner/a").unwrap().snapshot(secs(1)).await.unwrap();
    assert_eq!(snapshot, serde_json::json!([]));
    let snapshot = top.find("inner").unwrap().snapshot(secs(1)).await.unwrap();
    assert_eq!(snapshot["children"]["active"], 1);
    assert!(top.find("inner/a").unwrap().kill());
    settle().await;
    assert_eq!(top.find("inner/a").unwrap().info().restarts, 1);
}
