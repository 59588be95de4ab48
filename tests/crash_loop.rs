//! One user's crash loop, while 100 others are served.

use std::time::Duration;

use stagedoor_inspect::ManagedUser;
use stagedoor_supervision::{Change, ChildStatus};
use stagedoor_testkit::{Harness, wait_until};

use crate::support::{Prop, next_change, what_happened};

const UNLUCKY: &str = "unlucky";
const OTHERS: usize = 100;

/// Where the unlucky user's tree stands, as the debug client is told.
async fn unlucky(daemon: &Harness) -> Option<ChildStatus> {
    let users = daemon.ask(async |client| client.users().await).await.unwrap();
    users.into_iter().find(|ManagedUser { user, .. }| user == UNLUCKY).map(|found| found.status)
}

#[tokio::test]
async fn one_users_crash_loop_stays_that_users() {
    let fails = Prop::new("fails").fails(|user| user.as_str() == UNLUCKY);
    let daemon = Harness::builder().component(fails.component()).start().await;
    let mut others = Vec::new();
    for n in 0..OTHERS {
        others.push(daemon.open_dashboard(&format!("user-{n}"), "home").await);
    }
    for n in 0..OTHERS {
        daemon.runs(&format!("users/user-{n}"), 0).await;
    }
    let watch = daemon.watch().await;
    let mut loop_watch = daemon.watch().await;
    let mut tab = daemon.open_dashboard(UNLUCKY, "home").await;

    // It gives up, waits, and tries again, and all the while the others get their answers.
    let backs_off =
        |status: &Option<ChildStatus>| matches!(status, Some(ChildStatus::BackingOff { .. }));
    let seen = wait_until("backing off", async || unlucky(&daemon).await, backs_off).await;
    let Some(ChildStatus::BackingOff { remaining_ms, reason }) = seen else { unreachable!() };
    assert!(remaining_ms <= 1000, "{remaining_ms}");
    assert!(reason.contains("fails"), "the reason names the component: {reason}");
    let path = format!("users/{UNLUCKY}");
    let mut lives = 0;
    while lives < 2 {
        for other in &mut others {
            other.set_patience(Duration::from_secs(5));
            other.heartbeat().await.expect("others are answered");
        }
        let event = next_change(&mut loop_watch, &path).await;
        let is_restart = matches!(event.change, Change::Restarted { .. });
        lives += usize::from(event.path == path && is_restart);
    }
    tab.heartbeat().await.expect("the unlucky user's socket is open, too");

    let story = what_happened(&daemon, watch).await;
    assert!(story.iter().all(|line| line.starts_with(&path)), "only theirs: {story:#?}");
    assert!(story.contains(&format!("{path} backs off: 1000 ms")), "{story:#?}");
    assert!(story.contains(&format!("{path} backs off: 2000 ms")), "{story:#?}");
    assert_eq!(daemon.running("users"), Some(0), "it counts against nobody");
    assert_eq!(daemon.running("presence"), Some(0));
    assert_eq!(daemon.admin("/ready").await.status, 200);

    // It ends with the visit, wherever it stands.
    tab.close().await.unwrap();
    daemon.gone(&path).await;
    assert_eq!(daemon.running("users/user-7"), Some(0));
}
