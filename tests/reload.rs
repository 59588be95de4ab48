//! SIGHUP: what can change in flight does, and an invalid file changes nothing.

use stagedoor_testkit::{Process, Signal};

use crate::support::stagedoord;

async fn visit(daemon: &Process, user: &str) {
    daemon.open_dashboard(user, "home").await.close().await.unwrap();
}

#[tokio::test]
async fn a_new_cleanup_timeout_holds_for_the_next_leave_and_an_invalid_file_for_none() {
    let daemon = stagedoord().config("presence.cleanup_timeout = '1h'").start().await;
    visit(&daemon, "ada").await;
    daemon.said("User ada cleanup scheduled in 3600000ms").await;

    daemon.reconfigure("presence.cleanup_timeout = '150ms'");
    daemon.signal(Signal::HUP);
    daemon.said("configuration changed cleanup_timeout=150ms").await;
    visit(&daemon, "bob").await;
    daemon.said("User bob cleanup scheduled in 150ms").await;
    daemon.said("Stopping for user bob").await;

    daemon.reconfigure("presence.cleanup_timeout = '300ms'\npresence.colour = 'red'");
    daemon.signal(Signal::HUP);
    let complaint = daemon.said("the old one stays").await;
    assert!(complaint.contains("stagedoor.toml: unknown key presence.colour"), "{complaint}");
    visit(&daemon, "cyd").await;
    daemon.said("User cyd cleanup scheduled in 150ms").await;

    let trees = daemon.ask(async |client| client.users().await).await.unwrap();
    let kept: Vec<_> = trees.iter().map(|tree| tree.user.as_str()).collect();
    assert!(kept.contains(&"ada"), "a timer that runs keeps its time: {kept:?}");
}

#[tokio::test]
async fn a_new_log_level_holds_at_once() {
    let daemon = stagedoord().config("log.level = 'info'").start().await;
    visit(&daemon, "ada").await;
    daemon.said("Phoenix.Presence leave: ada").await;
    daemon.reconfigure("log.level = 'debug'");
    daemon.signal(Signal::HUP);
    daemon.said("configuration changed level=debug").await;
    let log = daemon.log();
    let before = log.iter().take_while(|line| !line.contains("configuration changed"));
    assert!(before.into_iter().all(|line| !line.contains(" DEBUG ")), "{log:#?}");
    visit(&daemon, "bob").await;
    daemon.said("DEBUG channel joined user=bob").await;

    daemon.reconfigure("log.level = 'warn'\ngateway.connection_limit = 7");
    daemon.signal(Signal::HUP);
    daemon.said("needs a restart to take effect key=gateway.connection_limit").await;
    visit(&daemon, "cyd").await;
    daemon.signal(Signal::TERM);
    let (code, log) = daemon.ended().await;
    assert_eq!(code, Some(0));
    assert!(!log.iter().any(|line| line.contains("cyd")), "{log:#?}");
}
