use stagedoor_platforms::{Batch, Disconnect};
use stagedoor_supervision::{ChildStatus, SupervisorHandle};

use super::{scripted::lost, *};
use crate::test_house::settle;

fn batch(keys: &[&str], cursor: &str) -> Batch {
    let reports = keys.iter().map(|key| follow(key)).collect();
    Batch { reports, cursor: Some(cursor.into()), link: None }
}

#[tokio::test]
async fn what_comes_is_stored_and_reading_goes_on_where_it_stopped() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    assert!(world.twitch.say(batch(&["a", "b"], "after b")));
    world.twitch.cut(lost("the line went dead"));
    let again = || async { world.twitch.connects() };
    until("it is read again", again, |connects| *connects == 2).await;
    assert_eq!(world.twitch.said().resumed[1].cursor.as_deref(), Some("after b"));
    until(
        "somebody listens",
        || async { world.twitch.say(batch(&["b", "c"], "after c")) },
        |up| *up,
    )
    .await;
    assert_eq!(world.keys(EventKind::Follow, 3).await, ["a".into(), "b".into(), "c".into()]);
}

#[tokio::test]
async fn a_gap_is_marked_once_however_long_it_takes_to_close() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    world.twitch.said().no_connection.extend((0..5).map(|_| lost("still down")));
    world.twitch.cut(lost("the line went dead"));
    let again = || async { world.twitch.connects() };
    until("it is connected again", again, |connects| *connects == 7).await;
    world.connected(&Platform::Twitch).await;
    let kinds = [EventKind::LinkConnected, EventKind::LinkLost, EventKind::LinkDegraded];
    let told = || async {
        let events = world.events(&kinds).await;
        events.into_iter().map(|event| (event.report.kind, event.report.reason)).collect::<Vec<_>>()
    };
    let told = until("it is told", told, |told| told.len() == 3).await;
    let lost = (EventKind::LinkLost, Some("the line went dead".into()));
    assert_eq!(told, [(EventKind::LinkConnected, None), lost, (EventKind::LinkConnected, None)]);
}

#[tokio::test]
async fn a_crashed_manager_goes_on_where_it_was_and_leaves_the_others_alone() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    world.twitch.say(batch(&["a"], "after a"));
    let kept = || async {
        let store = &world.house.services.store;
        store.cursor(world.cx.user(), &Platform::Twitch, "").await.unwrap()
    };
    until("the place is kept", kept, |kept| kept.as_deref() == Some("after a")).await;
    let youtube = world.cx.platform(&Platform::YouTube).unwrap();
    let other = youtube.current().unwrap().get_id();
    world.crash(&Platform::Twitch).await;
    world.connected(&Platform::Twitch).await;
    assert_eq!(world.twitch.said().resumed[1].cursor.as_deref(), Some("after a"));
    assert_eq!(youtube.current().unwrap().get_id(), other);
}

#[tokio::test]
async fn without_authorisation_nothing_is_tried_until_the_account_is_connected_anew() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    world
        .twitch
        .cut(Disconnect::NeedsReauth { reason: "the user has changed the password".into() });
    let refused = |seen: &PlatformSnapshot| matches!(seen.link, LinkState::NeedsReauth { .. });
    world.manager(&Platform::Twitch, "it says so", refused).await;
    world.keys(EventKind::LinkNeedsReauth, 1).await;
    // Longer than the longest wait for another attempt.
    tokio::time::sleep(3 * world.settings.platforms.retry_max).await;
    assert_eq!(world.twitch.connects(), 1);

    let (account, tokens) = account(&Platform::Twitch);
    let store = &world.house.services.store;
    store.put_account(world.cx.user(), &account, &tokens).await.unwrap();
    world.accounts_changed();
    world.connected(&Platform::Twitch).await;
}

#[tokio::test]
async fn a_disconnected_account_has_no_manager_and_a_connected_one_has() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let store = &world.house.services.store;
    store.delete_account(world.cx.user(), &Platform::Twitch).await.unwrap();
    world.accounts_changed();
    let twitch = world.cx.platform(&Platform::Twitch).unwrap();
    let runs = || async { twitch.current().is_some() };
    until("it is gone", runs, |runs| !*runs).await;
    assert!(world.cx.platform(&Platform::YouTube).unwrap().current().is_some());

    let (account, tokens) = account(&Platform::Twitch);
    store.put_account(world.cx.user(), &account, &tokens).await.unwrap();
    world.accounts_changed();
    world.connected(&Platform::Twitch).await;
}

#[tokio::test]
async fn killed_supervisors_and_account_managers_are_made_up_for() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    world.house.crash("ada", "platforms").await;
    world.connected(&Platform::Twitch).await;
    world.house.crash("ada", "accounts").await;
    settle().await;
    world.connected(&Platform::Twitch).await;
}

#[tokio::test]
async fn one_that_is_needed_by_nobody_does_not_run() {
    let world = World::new().await;
    let other = world.house.start("bob", Components::standard()).await;
    let loaded = || other.stream_state().call(StreamStateMsg::GetSnapshot, PATIENCE);
    let read =
        |seen: &Result<StreamStateSnapshot, _>| seen.as_ref().is_ok_and(|seen| !seen.loading);
    until("bob's state is read", loaded, read).await.unwrap();
    assert!(other.accounts().current().is_none());
    assert!(other.connected_platforms().is_empty());
    let platforms = world.house.child("bob", "platforms");
    assert_eq!(platforms.info().status, ChildStatus::NotStarted);
}

/// A thousand users whose platform was away for an hour do not come back together.
#[tokio::test(start_paused = true)]
async fn after_an_hour_of_outage_the_connections_come_back_spread_and_soon() {
    let pace = PlatformPace::default();
    let hour = Duration::from_hours(1);
    let mut seconds = [0_u32; 61];
    for _ in 0..1000 {
        let mut link = crate::platforms::link::Link::new();
        let mut elapsed = Duration::ZERO;
        while elapsed <= hour {
            elapsed += link.wait(&pace, None);
        }
        seconds[usize::try_from((elapsed - hour).as_secs()).unwrap()] += 1;
    }
    let most = *seconds.iter().max().unwrap();
    // Full jitter over a minute: 33 in the first seconds, on average, and fewer from second to second.
    assert!(most < 70, "{most} of a thousand came back in the same second");
    assert_eq!(seconds.iter().sum::<u32>(), 1000, "all are back within a minute");
}

#[tokio::test]
async fn what_nobody_takes_now_is_handed_over_again() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let Some(SupervisorHandle::Static(tree)) =
        world.house.users.child("ada").and_then(|tree| tree.supervisor())
    else {
        panic!("a tree is a supervisor")
    };
    tree.terminate_child("events").await.unwrap();
    world.twitch.say(batch(&["a"], "after a"));
    let received = |seen: &PlatformSnapshot| seen.received == 1;
    world.manager(&Platform::Twitch, "it has come", received).await;
    tree.restart_child("events").await.unwrap();
    assert_eq!(world.keys(EventKind::Follow, 1).await, ["a".into()]);
}

#[tokio::test]
async fn a_gone_authorisation_is_noted_and_told_once() {
    let mut world = World::new().await;
    world.connected(&Platform::Twitch).await;
    world.twitch.cut(Disconnect::NeedsReauth { reason: "revoked".into() });
    let noted = || async {
        let store = &world.house.services.store;
        store.account(world.cx.user(), &Platform::Twitch).await.unwrap().unwrap().0.needs_reauth
    };
    until("it is noted", noted, |noted| *noted).await;
    // Another visit.
    world.restart().await;
    let refused = |seen: &PlatformSnapshot| matches!(seen.link, LinkState::NeedsReauth { .. });
    world.manager(&Platform::Twitch, "it says so", refused).await;
    assert_eq!(world.events(&[EventKind::LinkNeedsReauth]).await.len(), 1);
    assert_eq!(world.twitch.connects(), 1);
}

#[tokio::test]
async fn nobody_hurries_a_platform_that_has_said_when() {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    let retry_after = Some(NEVER);
    world.twitch.cut(Disconnect::Lost { reason: "too many".into(), retry_after });
    let waits = |seen: &PlatformSnapshot| matches!(seen.link, LinkState::BackingOff { .. });
    world.manager(&Platform::Twitch, "it waits", waits).await;
    let address = world.cx.platform(&Platform::Twitch).unwrap();
    address.cast(PlatformMsg::Reconnect).unwrap();
    world.manager(&Platform::Twitch, "it still waits", waits).await;
    assert_eq!(world.twitch.connects(), 1);
}
