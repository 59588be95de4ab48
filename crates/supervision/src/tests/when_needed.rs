//! Children that start with the first message to them.

use crate::{
    AddressError, Restart, Root, Strategy, SupervisorSpec,
    tests::support::{Act, Log, Part, PartMsg, has_ended, secs, settle, start, status, top},
};

async fn tree(log: &Log, restart: Restart) -> (Root, Part, Part) {
    let (a, late) = (log.part("a"), log.part("late"));
    let (first, second) = (a.clone(), late.clone());
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForAll)
            .intensity(3, secs(5))
            .child(first.spec())
            .child(second.spec().restart(restart).when_needed())
    })
    .await;
    (root, a, late)
}

#[tokio::test(start_paused = true)]
async fn it_is_not_started_with_its_supervisor() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Permanent).await;
    settle().await;
    assert_eq!((status(&top(&root), "late"), late.made()), ("not started", 0));
    assert_eq!(root.lifecycle().counters().started(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_cast_starts_it_and_nothing_is_lost_or_reordered() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Permanent).await;
    late.starts(Act::Take(secs(2)));
    for number in 0..3 {
        late.address.cast(PartMsg::Note(number)).unwrap();
    }
    tokio::time::sleep(secs(1)).await;
    assert_eq!(status(&top(&root), "late"), "starting");
    late.address.cast(PartMsg::Note(3)).unwrap();
    tokio::time::sleep(secs(2)).await;
    late.address.cast(PartMsg::Note(4)).unwrap();
    assert_eq!(late.notes().await, [0, 1, 2, 3, 4]);
    assert_eq!(late.made(), 1);
    assert_eq!(root.lifecycle().counters().started(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_question_does_not_start_it() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Permanent).await;
    let answer = late.address.call(PartMsg::GetSnapshot, secs(1)).await;
    assert_eq!(answer, Err(AddressError::NotStarted));
    let snapshot = top(&root).child("late").unwrap().snapshot(secs(1)).await;
    assert_eq!(snapshot, Err(AddressError::NotStarted));
    settle().await;
    assert_eq!(late.made(), 0);
}

#[tokio::test(start_paused = true)]
async fn messages_that_wait_are_bounded() {
    let log = Log::default();
    let (_root, _, late) = tree(&log, Restart::Permanent).await;
    late.starts(Act::Take(secs(1)));
    for number in 0..64 {
        late.address.cast(PartMsg::Note(number)).unwrap();
    }
    assert_eq!(late.address.cast(PartMsg::Note(64)), Err(AddressError::Full));
    tokio::time::sleep(secs(2)).await;
    assert_eq!(late.notes().await.len(), 64);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_is_tried_again_and_what_waits_is_delivered() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Transient).await;
    late.next_starts([Act::Fail, Act::Panic]);
    late.address.cast(PartMsg::Note(1)).unwrap();
    settle().await;
    assert_eq!(status(&top(&root), "late"), "running");
    assert_eq!(late.notes().await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_on_it_gives_up_what_waits() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Permanent).await;
    late.starts(Act::Fail);
    late.address.cast(PartMsg::Note(1)).unwrap();
    assert!(has_ended(&root).await);
    assert_eq!(late.address.cast(PartMsg::Note(2)), Err(AddressError::Down));
}

#[tokio::test(start_paused = true)]
async fn a_temporary_one_that_fails_to_start_is_forgotten_with_what_waits() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Temporary).await;
    late.starts(Act::Fail);
    late.address.cast(PartMsg::Note(1)).unwrap();
    settle().await;
    assert_eq!((status(&top(&root), "late"), late.made()), ("absent", 1));
    assert_eq!(late.address.cast(PartMsg::Note(2)), Err(AddressError::Down));
}

#[tokio::test(start_paused = true)]
async fn once_started_it_is_a_child_like_others() {
    let log = Log::default();
    let (_root, _, late) = tree(&log, Restart::Permanent).await;
    late.address.cast(PartMsg::Note(1)).unwrap();
    settle().await;
    log.take();
    late.crashes().await;
    assert_eq!(log.take(), ["stop a", "start a", "start late"]);
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_leaves_one_that_nobody_needs() {
    let log = Log::default();
    let (root, a, late) = tree(&log, Restart::Permanent).await;
    a.crashes().await;
    let info = top(&root).child("late").unwrap().info().clone();
    assert_eq!((status(&top(&root), "late"), info.restarts), ("not started", 0));
    assert!(top(&root).history().iter().all(|record| record.child == "a"));
    late.address.cast(PartMsg::Note(1)).unwrap();
    settle().await;
    assert_eq!(late.notes().await, [1]);
}

#[tokio::test(start_paused = true)]
async fn terminated_it_is_not_started_by_messages_but_by_command() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Permanent).await;
    root.supervisor().terminate_child("late").await.unwrap();
    assert_eq!(late.address.cast(PartMsg::Note(1)), Err(AddressError::Down));
    assert_eq!(status(&top(&root), "late"), "terminated");
    root.supervisor().restart_child("late").await.unwrap();
    assert_eq!(status(&top(&root), "late"), "running");
}

#[tokio::test(start_paused = true)]
async fn one_terminated_between_the_first_message_and_its_start_is_not_started() {
    let log = Log::default();
    let (root, a, late) = tree(&log, Restart::Permanent).await;
    // The supervisor is busy: the command waits, and the message that comes after it is not refused.
    a.starts(Act::Take(secs(1)));
    a.crashes().await;
    let supervisor = root.supervisor().clone();
    let terminate = tokio::spawn(async move { supervisor.terminate_child("late").await });
    settle().await;
    late.address.cast(PartMsg::Note(1)).unwrap();
    terminate.await.unwrap().unwrap();
    settle().await;
    assert_eq!((status(&top(&root), "late"), late.made()), ("terminated", 0));
    assert_eq!(late.address.cast(PartMsg::Note(2)), Err(AddressError::Down));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_tree_that_has_ended() {
    let log = Log::default();
    let (root, _, late) = tree(&log, Restart::Permanent).await;
    root.stop(secs(1)).await;
    assert_eq!(late.address.cast(PartMsg::Note(1)), Err(AddressError::Down));
    assert_eq!(late.made(), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_tree_that_did_not_start() {
    let log = Log::default();
    let (late, fails) = (log.part("late"), log.part("fails"));
    fails.starts(Act::Fail);
    let child = late.clone();
    let supervisor = crate::SupervisorRef::new(move || {
        SupervisorSpec::new(Strategy::OneForOne)
            .child(child.spec().when_needed())
            .child(fails.spec())
    });
    Root::start(supervisor, crate::Lifecycle::new()).await.unwrap_err();
    assert_eq!(late.address.cast(PartMsg::Note(1)), Err(AddressError::Down));
}
