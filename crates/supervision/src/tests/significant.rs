//! Significant children and auto-shutdown.

use crate::{
    AutoShutdown, ChildSpec, ExitClass, Lifecycle, Restart, Root, SpecError, Strategy,
    SupervisorRef, SupervisorSpec,
    tests::support::{Log, Part, has_ended, start, status, top},
};

/// Children a and b are significant, c is not.
async fn tree(log: &Log, auto_shutdown: AutoShutdown, restart: Restart) -> (Root, [Part; 3]) {
    let parts = [log.part("a"), log.part("b"), log.part("c")];
    let [a, b, c] = parts.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).auto_shutdown(auto_shutdown).children([
            a.spec().restart(restart).significant(),
            b.spec().restart(restart).significant(),
            c.spec().restart(Restart::Transient),
        ])
    })
    .await;
    log.take();
    (root, parts)
}

#[tokio::test(start_paused = true)]
async fn any_significant_child_that_ends_takes_the_supervisor_along() {
    for restart in [Restart::Transient, Restart::Temporary] {
        let log = Log::default();
        let (root, [a, ..]) = tree(&log, AutoShutdown::AnySignificant, restart).await;
        a.ends("normal").await;
        assert!(has_ended(&root).await);
        assert_eq!(log.take(), ["stop a", "stop c", "stop b"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_significant_child_that_ends_takes_the_supervisor_along() {
    for restart in [Restart::Transient, Restart::Temporary] {
        let log = Log::default();
        let (root, [a, b, _]) = tree(&log, AutoShutdown::AllSignificant, restart).await;
        b.ends("normal").await;
        assert!(!has_ended(&root).await);
        a.ends("shutdown").await;
        assert!(has_ended(&root).await);
        assert_eq!(log.take(), ["stop b", "stop a", "stop c"]);
    }
}

#[tokio::test(start_paused = true)]
async fn children_that_are_not_significant_end_alone() {
    let log = Log::default();
    let (root, [_, _, c]) = tree(&log, AutoShutdown::AnySignificant, Restart::Transient).await;
    c.ends("normal").await;
    assert!(!has_ended(&root).await);
}

#[tokio::test(start_paused = true)]
async fn a_significant_child_that_is_restarted_has_not_ended() {
    let log = Log::default();
    let (root, [a, ..]) = tree(&log, AutoShutdown::AnySignificant, Restart::Transient).await;
    a.crashes().await;
    assert!(!has_ended(&root).await);
    assert_eq!(log.take(), ["start a"]);
}

#[tokio::test(start_paused = true)]
async fn a_temporary_significant_child_counts_however_it_ends() {
    let log = Log::default();
    let (root, [a, ..]) = tree(&log, AutoShutdown::AnySignificant, Restart::Temporary).await;
    a.crashes().await;
    assert!(has_ended(&root).await);
    assert_eq!(log.take(), ["stop c", "stop b"]);
}

#[tokio::test(start_paused = true)]
async fn a_significant_child_that_is_terminated_by_command_does_not_count() {
    let log = Log::default();
    let (root, _) = tree(&log, AutoShutdown::AnySignificant, Restart::Transient).await;
    root.supervisor().terminate_child("a").await.unwrap();
    assert!(!has_ended(&root).await);
}

#[tokio::test(start_paused = true)]
async fn an_auto_shutdown_is_an_exit_of_class_shutdown() {
    let log = Log::default();
    let part = log.part("a");
    let child = part.clone();
    let inner = SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(child.spec().restart(Restart::Transient).significant())
    });
    let root = start(move || {
        let inner = ChildSpec::supervisor("inner", &inner).restart(Restart::Transient);
        SupervisorSpec::new(Strategy::OneForOne).child(inner)
    })
    .await;
    part.ends("normal").await;
    assert_eq!(status(&top(&root), "inner"), "terminated");
    let exit = top(&root).child("inner").unwrap().info().last_exit.clone().unwrap();
    assert_eq!((exit.class, &*exit.reason), (ExitClass::Shutdown, "shutdown"));
}

#[tokio::test(start_paused = true)]
async fn significant_children_are_refused_where_they_make_no_sense() {
    let log = Log::default();
    let part = log.part("a");
    let (permanent, pointless) = (
        SpecError::PermanentSignificant { id: "a".into() },
        SpecError::SignificantWithoutAutoShutdown { id: "a".into() },
    );
    let cases = [
        (AutoShutdown::AnySignificant, Restart::Permanent, permanent),
        (AutoShutdown::Never, Restart::Transient, pointless),
    ];
    for (auto_shutdown, restart, expected) in cases {
        let child = part.clone();
        let supervisor = SupervisorRef::new(move || {
            SupervisorSpec::new(Strategy::OneForOne)
                .auto_shutdown(auto_shutdown)
                .child(child.spec().restart(restart).significant())
        });
        let error = Root::start(supervisor, Lifecycle::new()).await.unwrap_err();
        assert_eq!(error.to_string(), expected.to_string());
    }
}
