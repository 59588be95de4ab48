//! What is kept and published of what happened.

use std::sync::{Arc, Mutex};

use crate::{
    Change, ChildSpec, ExitClass, LifecycleEvent, Strategy, SupervisorChange, SupervisorRef,
    SupervisorSpec, install_panic_hook,
    tests::support::{Act, Log, ms, secs, settle, start, start_parts, top},
};

#[tokio::test(start_paused = true)]
async fn the_history_holds_the_last_32_records_with_reasons() {
    let log = Log::default();
    let part = log.part("a");
    let child = part.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).intensity(100, secs(5)).child(child.spec())
    })
    .await;
    part.does(Act::Fail).await;
    let history = top(&root).history();
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].child, "a");
    let exited = Change::Exited { class: ExitClass::Failed, reason: "out of cheese".into() };
    assert_eq!(history[0].change, exited);
    assert_eq!(history[1].change, Change::Restarted { restarts: 1 });
    for _ in 0..40 {
        part.does(Act::Fail).await;
    }
    let history = top(&root).history();
    assert_eq!(history.len(), 32);
    assert_eq!(history[31].change, Change::Restarted { restarts: 41 });
    assert!(history.is_sorted_by_key(|record| record.at));
}

#[tokio::test(start_paused = true)]
async fn the_history_survives_a_restart_of_the_supervisor() {
    let log = Log::default();
    let part = log.part("a");
    let child = part.clone();
    let inner = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne).intensity(0, secs(5)).child(child.spec())
    });
    let supervisor = inner.clone();
    let _root = start(move || {
        let inner = ChildSpec::supervisor("inner", &supervisor);
        SupervisorSpec::new(Strategy::OneForOne).child(inner)
    })
    .await;
    part.does(Act::Fail).await;
    let changes: Vec<_> = inner.history().into_iter().map(|record| record.change).collect();
    assert!(matches!(&changes[..], [Change::Exited { .. }, Change::GaveUp { .. }]), "{changes:?}");
}

#[tokio::test(start_paused = true)]
async fn stops_by_command_and_failed_starts_are_in_the_history() {
    let log = Log::default();
    let part = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&part]).await;
    root.supervisor().terminate_child("a").await.unwrap();
    part.next_starts([Act::Fail]);
    root.supervisor().restart_child("a").await.unwrap_err();
    let changes: Vec<_> = top(&root).history().into_iter().map(|record| record.change).collect();
    assert_eq!(
        changes,
        [
            Change::Exited { class: ExitClass::Shutdown, reason: "shutdown".into() },
            Change::StartFailed { reason: "out of cheese".into() },
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_what_happens_with_paths() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let child = a.clone();
    let inner = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(child.spec().backoff(Arc::default()))
    });
    let supervisor = inner.clone();
    let root = start(move || {
        let inner = ChildSpec::supervisor("inner", &supervisor);
        SupervisorSpec::new(Strategy::OneForOne).child(inner)
    })
    .await;
    let mut events = root.lifecycle().watch();
    inner.start_child(b.spec()).await.unwrap();
    a.does(Act::Fail).await;
    tokio::time::sleep(secs(2)).await;
    inner.terminate_child("b").await.unwrap();
    let mut seen = Vec::new();
    while let Ok(LifecycleEvent { path, change, .. }) = events.try_recv() {
        seen.push((path, change));
    }
    let expected = [
        ("inner/b", Change::Started),
        ("inner/a", Change::Exited { class: ExitClass::Failed, reason: "out of cheese".into() }),
        ("inner/a", Change::BackingOff { delay_ms: 1000, reason: "out of cheese".into() }),
        ("inner/a", Change::Restarted { restarts: 1 }),
        ("inner/b", Change::Exited { class: ExitClass::Shutdown, reason: "shutdown".into() }),
    ]
    .map(|(path, change)| (path.to_owned(), change));
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn every_life_is_counted() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForOne, [&a, &b]).await;
    a.crashes().await;
    b.is_killed().await;
    a.ends("normal").await;
    b.next_starts([Act::Fail]);
    b.does(Act::Fail).await;
    root.stop(secs(1)).await;
    let counters = root.lifecycle().counters();
    assert_eq!((counters.started(), counters.restarted(), counters.start_failed()), (2, 4, 1));
    let exits = [ExitClass::Normal, ExitClass::Shutdown, ExitClass::Failed, ExitClass::Killed]
        .map(|class| counters.exited(class));
    assert_eq!(exits, [1, 2, 2, 1]);
    assert_eq!(counters.gave_up(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_running_child_is_shown_with_its_uptime() {
    let log = Log::default();
    let root = start_parts(Strategy::OneForOne, [&log.part("a")]).await;
    tokio::time::sleep(ms(1234)).await;
    let info = serde_json::to_value(top(&root).child("a").unwrap().info()).unwrap();
    let expected = serde_json::json!({
        "id": "a", "type": "worker", "status": "running", "uptime_ms": 1234,
        "restart": "permanent", "restarts": 0,
    });
    assert_eq!(info, expected);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_announces_its_start_and_its_graceful_stop_and_survives_its_listener() {
    let log = Log::default();
    let (part, heard) = (log.part("a"), Arc::new(Mutex::new(Vec::new())));
    let (child, ear) = (part.clone(), Arc::clone(&heard));
    let root = start(move || {
        let ear = Arc::clone(&ear);
        let hear = move |change| {
            ear.lock().unwrap().push(change);
            panic!("out of cheese");
        };
        SupervisorSpec::new(Strategy::OneForOne).child(child.spec()).on_change(hear)
    })
    .await;
    assert!(root.stop(secs(1)).await);
    assert_eq!(log.take(), ["start a", "stop a"]);
    let heard = heard.lock().unwrap().clone();
    assert!(
        matches!(heard[..], [SupervisorChange::Started, SupervisorChange::Stopping]),
        "{heard:?}"
    );
}

// The hole: ractor's `ActorFailed` carries a panic's text without its location.
#[tokio::test(start_paused = true)]
async fn a_panic_is_recorded_with_its_location() {
    install_panic_hook();
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    let root = start_parts(Strategy::OneForOne, [&a]).await;
    a.crashes().await;
    let exit = top(&root).child("a").unwrap().info().last_exit.clone().unwrap();
    assert_is_located(&exit.reason);
    b.starts(Act::Panic);
    let failed = root.supervisor().start_child(b.spec()).await.unwrap_err();
    assert_is_located(&failed.to_string());
    // An error is not a panic: it has no location, not even that of an earlier panic.
    a.does(Act::Fail).await;
    settle().await;
    let exit = top(&root).child("a").unwrap().info().last_exit.clone().unwrap();
    assert_eq!(&*exit.reason, "out of cheese");
}

fn assert_is_located(reason: &str) {
    let (_, location) = reason.split_once("out of cheese at ").expect(reason);
    assert!(location.contains("support.rs:"), "{reason}");
}
