//! `PresenceManager` crashes, in every phase of a visit: nothing is lost, nobody's tree runs for nobody.

use std::{sync::Arc, time::Duration};

use stagedoor_supervision::ChildStatus;
use stagedoor_testkit::{Harness, wait_until};
use tokio::sync::Semaphore;

use crate::support::{Prop, next_change, what_happened};

/// A grace period that is not over before the test has had its turn.
const GRACE: Duration = Duration::from_millis(1500);

/// Kills it, and waits until it runs again.
async fn crash_presence(daemon: &Harness) {
    let restarts = daemon.running("presence").expect("it runs");
    daemon.crash("presence").await;
    daemon.runs("presence", restarts + 1).await;
}

/// Whose grace timer runs.
async fn waiting(daemon: &Harness) -> Vec<String> {
    let timers = daemon.ask(async |client| client.timers().await).await.unwrap();
    timers.into_iter().map(|timer| timer.user.to_string()).collect()
}

async fn stands(daemon: &Harness, what: &str, status: impl Fn(&ChildStatus) -> bool) {
    let ada = async || daemon.find("users/ada");
    wait_until(what, ada, |seen| seen.as_ref().is_some_and(|info| status(&info.status))).await;
}

#[tokio::test]
async fn while_a_tree_starts() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let slow = Prop::new("slow").on_start(move |_| {
        let gate = Arc::clone(&opened);
        async move { drop(gate.acquire().await) }
    });
    let daemon = Harness::builder().component(slow.component()).start().await;
    let watch = daemon.watch().await;
    let tab = daemon.open_dashboard("ada", "home").await;
    stands(&daemon, "starting", |status| *status == ChildStatus::Starting).await;
    crash_presence(&daemon).await;
    gate.add_permits(100);
    daemon.runs("users/ada", 0).await;

    let story = what_happened(&daemon, watch).await;
    let starts = story.iter().filter(|line| *line == "users/ada started").count();
    assert_eq!(starts, 1, "{story:#?}");
    assert!(!story.iter().any(|line| line.starts_with("users/ada exited")), "{story:#?}");
    tab.close().await.unwrap();
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn while_a_user_is_here() {
    let daemon = Harness::start().await;
    let tab = daemon.open_dashboard("ada", "home").await;
    daemon.runs("users/ada", 0).await;
    let watch = daemon.watch().await;
    crash_presence(&daemon).await;
    let second = daemon.open_dashboard("ada", "stream").await;
    tab.close().await.unwrap();
    let story = what_happened(&daemon, watch).await;
    assert_eq!(story, ["presence exited: killed", "presence restarted: 1"]);
    second.close().await.unwrap();
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn while_the_grace_timer_runs() {
    let daemon = Harness::builder().cleanup_timeout(GRACE).start().await;
    daemon.open_dashboard("ada", "home").await.close().await.unwrap();
    wait_until("timer", async || waiting(&daemon).await, |users| users == &["ada"]).await;
    crash_presence(&daemon).await;
    assert_eq!(waiting(&daemon).await, ["ada"], "nobody needs the tree, so a timer runs again");
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn while_the_grace_timer_runs_and_then_the_user_returns() {
    let daemon = Harness::builder().cleanup_timeout(GRACE).start().await;
    daemon.open_dashboard("ada", "home").await.close().await.unwrap();
    wait_until("timer", async || waiting(&daemon).await, |users| users == &["ada"]).await;
    daemon.runs("users/ada", 0).await;
    let mut watch = daemon.watch().await;
    daemon.crash("presence").await;
    let tab = daemon.open_dashboard("ada", "home").await;
    daemon.runs("presence", 1).await;
    wait_until("no timer", async || waiting(&daemon).await, Vec::is_empty).await;
    // The next thing that happens to the tree is its end, after this leave and a whole grace period.
    let left_at = tokio::time::Instant::now();
    tab.close().await.unwrap();
    next_change(&mut watch, "users/ada").await;
    assert!(left_at.elapsed() >= GRACE);
}

#[tokio::test]
async fn while_a_tree_stops_and_then_the_user_returns() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let slow = Prop::new("slow").on_stop(move |_| {
        let gate = Arc::clone(&opened);
        async move { drop(gate.acquire().await) }
    });
    let daemon = Harness::builder().component(slow.component()).start().await;
    daemon.open_dashboard("ada", "home").await.close().await.unwrap();
    stands(&daemon, "stopping", |status| *status == ChildStatus::Stopping).await;
    crash_presence(&daemon).await;
    let watch = daemon.watch().await;
    let tab = daemon.open_dashboard("ada", "home").await;
    crash_presence(&daemon).await;
    stands(&daemon, "still stopping", |status| *status == ChildStatus::Stopping).await;
    gate.add_permits(100);
    daemon.runs("users/ada", 0).await;

    let story = what_happened(&daemon, watch).await;
    let of_tree: Vec<_> = story.iter().filter(|line| line.starts_with("users/ada ")).collect();
    assert_eq!(of_tree, ["users/ada exited: shutdown", "users/ada started"], "one after the other");
    tab.close().await.unwrap();
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn while_users_come_and_go_in_the_same_moment() {
    let daemon = Harness::start().await;
    let mut staying = Vec::new();
    for round in 0..4 {
        let names: Vec<_> = (0..5).map(|n| format!("user-{round}-{n}")).collect();
        let mut leaving = Vec::new();
        for name in &names {
            leaving.push(daemon.open_dashboard(name, "home").await);
        }
        let stays = format!("stays-{round}");
        let ((), tab) = tokio::join!(
            async {
                daemon.crash("presence").await;
                drop(leaving);
            },
            daemon.open_dashboard(&stays, "home")
        );
        staying.push((stays, tab));
        daemon.runs("presence", round + 1).await;
    }
    for (name, _) in &staying {
        daemon.runs(&format!("users/{name}"), 0).await;
    }
    let ids = async || {
        let mut ids: Vec<_> =
            daemon.supervisor("users").which_children().into_iter().map(|tree| tree.id).collect();
        ids.sort();
        ids
    };
    let here: Vec<_> = staying.iter().map(|(name, _)| name.clone()).collect();
    wait_until("trees of those who are here, and no others", ids, |ids| *ids == here).await;
}
