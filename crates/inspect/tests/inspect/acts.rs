//! Restart, stop, crash.

use stagedoor_inspect::{Action, Failure, InspectError};
use stagedoor_supervision::{Change, ChildStatus, ExitClass};

use super::house::{House, until};

fn status(house: &House, user: &str, child: &str) -> Option<ChildStatus> {
    let tree = house.users.child(user)?.supervisor()?;
    Some(tree.child(child)?.info().status.clone())
}

fn is_running(status: Option<&ChildStatus>) -> bool {
    matches!(status, Some(ChildStatus::Running { .. }))
}

#[tokio::test]
async fn a_restart_is_graceful_and_over_when_it_is_answered() {
    let house = House::with(&["ada"]).await;
    let client = house.outside().await;
    for path in ["users/ada/state", "users/ada"] {
        let acted = client.act(Action::Restart, path).await.unwrap();
        assert!(is_running(acted.status.as_ref()), "{acted:?}");
    }
    let history = client.history("users/ada").await.unwrap();
    let classes: Vec<_> = history
        .iter()
        .filter_map(|record| match &record.change {
            Change::Exited { class, .. } => Some(*class),
            _ => None,
        })
        .collect();
    assert!(classes.iter().all(|class| *class == ExitClass::Shutdown), "{history:?}");
}

#[tokio::test]
async fn a_stopped_worker_stays_so_and_a_stopped_user_is_gone() {
    let house = House::with(&["ada"]).await;
    let client = house.outside().await;
    let acted = client.act(Action::Stop, "users/ada/state").await.unwrap();
    assert_eq!(acted.status, Some(ChildStatus::Terminated));
    let snapshot = client.snapshot("users/ada/state").await.unwrap_err();
    let (path, failure) = ("users/ada/state".into(), Failure::Down);
    assert_eq!(snapshot, InspectError::Actor { path, failure });
    let acted = client.act(Action::Stop, "users/ada").await.unwrap();
    assert_eq!(acted.status, None);
    assert_eq!(house.users.count_children().specs, 0);
}

#[tokio::test]
async fn a_crash_is_one_that_the_supervisor_repairs() {
    let house = House::with(&["ada"]).await;
    let client = house.outside().await;
    client.act(Action::Crash, "users/ada/state").await.unwrap();
    let restarted = || {
        let tree = house.users.child("ada").unwrap().supervisor().unwrap();
        let child = tree.child("state").unwrap();
        child.info().restarts == 1 && is_running(Some(&child.info().status))
    };
    until("it runs again", restarted).await;
    let history = client.history("users/ada/state").await.unwrap();
    let killed =
        |change: &Change| matches!(change, Change::Exited { class: ExitClass::Killed, .. });
    assert!(history.iter().any(|record| killed(&record.change)), "{history:?}");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_reason() {
    let house = House::with(&["ada"]).await;
    let client = house.outside().await;
    assert_eq!(client.act(Action::Stop, "").await, Err(InspectError::Root));
    assert_eq!(client.act(Action::Stop, "//").await, Err(InspectError::Root));
    let bob = client.act(Action::Restart, "users/bob/state").await.unwrap_err();
    let (path, nearest) = ("users/bob/state".into(), "users".into());
    assert_eq!(bob, InspectError::NotFound { path, nearest });
    let metrics = client.act(Action::Crash, "users/ada/metrics").await.unwrap_err();
    let (path, failure) = ("users/ada/metrics".into(), Failure::Down);
    assert_eq!(metrics, InspectError::Actor { path, failure }, "nobody is there to be killed");
    let passing = client.act(Action::Restart, "passing").await.unwrap_err();
    assert!(matches!(passing, InspectError::NotDone { .. }), "a temporary child: {passing:?}");
    assert!(is_running(status(&house, "ada", "state").as_ref()));
}

#[tokio::test]
async fn the_inspector_can_restart_itself() {
    let house = House::open().await;
    // Over the wire, which stays open meanwhile.
    let client = house.outside().await;
    // The answer may be lost with the inspector's first life, the restart may not.
    let _ = client.act(Action::Restart, "inspector").await;
    let up = || house.inspector.current().is_some();
    until("it runs again", up).await;
    client.count("").await.unwrap();
}
