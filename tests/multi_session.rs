//! Several tabs are one visit: a user's tree runs as long as any of their sessions, and a little longer.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use stagedoor_inspect::PendingTimer;
use stagedoor_supervision::{Change, ChildStatus, ExitClass, LifecycleEvent};
use stagedoor_testkit::{ChannelClient, Harness, wait_until};
use tokio::{sync::Semaphore, time::Instant};

use crate::support::{Prop, in_words, next_change};

/// Long enough that whoever comes back is in time on a busy machine, too.
const GRACE: Duration = Duration::from_millis(1500);

/// The users whose trees nobody needs.
async fn waiting(daemon: &Harness) -> Vec<PendingTimer> {
    daemon.ask(async |client| client.timers().await).await.unwrap()
}

/// The number of leaves that `PresenceManager` has dealt with.
async fn leaves(daemon: &Harness, number: usize) {
    let line = format!("stagedoor_presence_leaves_total {number}\n");
    let metrics = async || daemon.admin("/metrics").await.body.as_str().unwrap().to_owned();
    wait_until("leaves are counted", metrics, |text| text.contains(&line)).await;
}

/// Nothing happened to ada's tree since, and now it is stopped in good order.
fn is_the_stop(event: &LifecycleEvent) {
    let Change::Exited { class, .. } = event.change else { panic!("{}", in_words(event)) };
    assert_eq!(class, ExitClass::Shutdown);
}

async fn close(tabs: Vec<ChannelClient>) {
    for tab in tabs {
        tab.close().await.unwrap();
    }
}

#[tokio::test]
async fn several_tabs_of_a_user_are_one_tree_that_stays_running() {
    let daemon = Harness::start().await;
    let mut tabs = vec![daemon.open_dashboard("ada", "home").await];
    daemon.runs("users/ada", 0).await;
    let mut watch = daemon.watch().await;
    for page in ["stream", "analytics", "widgets", "settings", "home"] {
        tabs.push(daemon.open_dashboard("ada", page).await);
    }
    let sessions = daemon.presence().await.body["users"]["ada"]["metas"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 6, "{sessions}");
    assert_eq!(daemon.supervisor("users").count_children().specs, 1);

    close(tabs).await;
    is_the_stop(&next_change(&mut watch, "users/ada").await);
}

#[tokio::test]
async fn one_closed_tab_of_two_interrupts_nothing() {
    let daemon = Harness::start().await;
    let first = daemon.open_dashboard("ada", "home").await;
    let mut second = daemon.open_dashboard("ada", "stream").await;
    let before = daemon.runs("users/ada/stream_state", 0).await;
    let mut watch = daemon.watch().await;

    first.close().await.unwrap();
    let is_leave = |leaves: &serde_json::Value| leaves["ada"]["metas"][0]["page"] == "home";
    let left = second.expect_that("leave", |frame| is_leave(&frame.payload["leaves"])).await;
    assert_eq!(left.unwrap().payload["joins"], json!({}));
    leaves(&daemon, 1).await;
    assert_eq!(waiting(&daemon).await, [], "no timer runs for who is here");
    assert_eq!(daemon.runs("users/ada/stream_state", 0).await.restarts, before.restarts);

    second.close().await.unwrap();
    is_the_stop(&next_change(&mut watch, "users/ada").await);
}

#[tokio::test]
async fn the_last_tab_starts_the_timer_and_the_timer_stops_the_tree() {
    let daemon = Harness::builder().cleanup_timeout(GRACE).start().await;
    let tabs = vec![
        daemon.open_dashboard("ada", "home").await,
        daemon.open_dashboard("ada", "home").await,
    ];
    daemon.runs("users/ada", 0).await;

    let left_at = Instant::now();
    close(tabs).await;
    let timers = wait_until("timer", async || waiting(&daemon).await, |all| !all.is_empty()).await;
    assert_eq!(timers.len(), 1);
    assert_eq!(timers[0].user.as_str(), "ada");
    assert!(timers[0].remaining_ms <= 1500, "{timers:?}");
    assert!(daemon.running("users/ada").is_some(), "the tree runs on until then");
    assert!(!daemon.is_present("ada"));

    daemon.gone("users/ada").await;
    assert!(left_at.elapsed() >= GRACE, "{:?}", left_at.elapsed());
    assert_eq!(waiting(&daemon).await, []);
}

#[tokio::test]
async fn who_returns_in_time_resets_the_timer_and_the_tree_never_noticed() {
    let daemon = Harness::builder().cleanup_timeout(GRACE).start().await;
    daemon.open_dashboard("ada", "home").await.close().await.unwrap();
    wait_until("timer", async || waiting(&daemon).await, |all| !all.is_empty()).await;
    daemon.runs("users/ada", 0).await;
    let mut watch = daemon.watch().await;

    let tab = daemon.open_dashboard("ada", "home").await;
    wait_until("no timer", async || waiting(&daemon).await, Vec::is_empty).await;

    let left_again = Instant::now();
    tab.close().await.unwrap();
    is_the_stop(&next_change(&mut watch, "users/ada").await);
    assert!(left_again.elapsed() >= GRACE, "the timer began anew: {:?}", left_again.elapsed());
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn however_a_session_ends_it_is_a_leave() {
    let daemon = Harness::start().await;
    let [mut leaves, closes, breaks] = [
        daemon.open_dashboard("ada", "home").await,
        daemon.open_dashboard("bob", "home").await,
        daemon.open_dashboard("cyd", "home").await,
    ];
    for user in ["ada", "bob", "cyd"] {
        daemon.runs(&format!("users/{user}"), 0).await;
    }
    assert!(leaves.leave("dashboard:home").await.unwrap().is_ok());
    closes.close().await.unwrap();
    drop(breaks);
    for user in ["ada", "bob", "cyd"] {
        daemon.gone(&format!("users/{user}")).await;
    }
    leaves.heartbeat().await.expect("the connection is still good");
    assert!(leaves.join("dashboard:home").await.unwrap().is_ok());
    daemon.runs("users/ada", 0).await;
}

#[tokio::test]
async fn without_a_grace_period_the_tree_goes_with_the_last_session() {
    let daemon = Harness::builder().cleanup_timeout(Duration::ZERO).start().await;
    for _ in 0..3 {
        let tab = daemon.open_dashboard("ada", "home").await;
        daemon.runs("users/ada", 0).await;
        tab.close().await.unwrap();
        daemon.gone("users/ada").await;
    }
}

#[tokio::test]
async fn users_come_and_go_without_each_other() {
    let daemon = Harness::start().await;
    let ada = daemon.open_dashboard("ada", "home").await;
    let mut bob = daemon.open_dashboard("bob", "home").await;
    daemon.runs("users/ada", 0).await;
    daemon.runs("users/bob", 0).await;
    let mut watch = daemon.watch().await;
    ada.close().await.unwrap();
    daemon.gone("users/ada").await;
    assert_eq!(daemon.running("users/bob"), Some(0));
    let told = bob.drain(Duration::ZERO).await.unwrap();
    assert!(told.iter().all(|frame| frame.payload.get("leaves").is_none()), "{told:?}");
    bob.close().await.unwrap();
    is_the_stop(&next_change(&mut watch, "users/bob").await);
}

#[tokio::test]
async fn a_tab_that_falls_silent_is_a_leave() {
    let daemon = Harness::builder().configure(|config| {
        config.gateway.idle_timeout = Duration::from_millis(300);
    });
    let daemon = daemon.start().await;
    let mut silent = daemon.open_dashboard("ada", "home").await;
    let mut alive = daemon.open_dashboard("bob", "home").await;
    daemon.runs("users/ada", 0).await;
    let closed = tokio::select! {
        closed = silent.closed() => closed.unwrap(),
        () = async {
            loop {
                alive.heartbeat().await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        } => unreachable!("it beats for ever"),
    };
    assert!(closed.is_some(), "it is told why");
    alive.heartbeat().await.expect("who gives a sign of life stays");
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn a_start_that_takes_long_keeps_nobody_else_waiting() {
    let gate = Arc::new(Semaphore::new(0));
    let closed = Arc::clone(&gate);
    let slow = Prop::new("slow").on_start(move |user| {
        let gate = Arc::clone(&closed);
        async move {
            if user.as_str() == "ada" {
                drop(gate.acquire().await);
            }
        }
    });
    let daemon = Harness::builder().component(slow.component()).start().await;
    let _ada = daemon.open_dashboard("ada", "home").await;
    let bob = daemon.open_dashboard("bob", "home").await;
    daemon.runs("users/bob", 0).await;
    bob.close().await.unwrap();
    daemon.gone("users/bob").await;
    assert_eq!(daemon.find("users/ada").unwrap().status, ChildStatus::Starting);
    gate.add_permits(1);
    daemon.runs("users/ada", 0).await;
}
