//! As many users and sessions as configured, and not one more: refused with a reason, on every way in.

use stagedoor_gateway::Role;
use stagedoor_testkit::{ChannelClient, Harness, Reply};

/// Tries to open a page; the answer to the join.
async fn join(daemon: &Harness, user: &str) -> (ChannelClient, Reply) {
    let mut tab = daemon.connect(user, Role::User).connect().await.unwrap();
    let reply = tab.join("dashboard:home").await.unwrap();
    (tab, reply)
}

#[tokio::test]
async fn one_user_too_many_is_told_so_and_gets_in_when_another_has_left() {
    let daemon = Harness::builder().configure(|config| config.presence.max_users = 2);
    let daemon = daemon.start().await;
    let ada = daemon.open_dashboard("ada", "home").await;
    let _bob = daemon.open_dashboard("bob", "home").await;

    let (mut cyd, refusal) = join(&daemon, "cyd").await;
    assert_eq!((refusal.status.as_str(), refusal.reason()), ("error", Some("too many users")));
    let leased = daemon.put_lease("cyd", "laptop", "home", "30s").await;
    assert_eq!((leased.status, &leased.body["error"]["code"]), (503, &"too_many_users".into()));
    assert!(daemon.find("users/cyd").is_none() && !daemon.is_present("cyd"), "no trace of it");

    let _another_tab = daemon.open_dashboard("bob", "stream").await;
    ada.close().await.unwrap();
    assert!(cyd.join("dashboard:home").await.unwrap().is_ok(), "the same connection gets in");
    daemon.runs("users/cyd", 0).await;
}

#[tokio::test]
async fn one_session_too_many_is_told_so_and_the_others_stay() {
    let limit = 3;
    let daemon = Harness::builder().configure(|config| {
        config.presence.max_sessions_per_user = limit;
    });
    let daemon = daemon.start().await;
    let mut tabs = Vec::new();
    for _ in 0..limit {
        tabs.push(daemon.open_dashboard("ada", "home").await);
    }
    let (mut refused, refusal) = join(&daemon, "ada").await;
    assert_eq!((refusal.status.as_str(), refusal.reason()), ("error", Some("too many sessions")));
    let leased = daemon.put_lease("ada", "laptop", "home", "30s").await;
    assert_eq!((leased.status, &leased.body["error"]["code"]), (429, &"too_many_sessions".into()));
    let _bob = daemon.open_dashboard("bob", "home").await;

    for tab in &mut tabs {
        tab.heartbeat().await.expect("who was here stays here");
    }
    tabs.pop().unwrap().close().await.unwrap();
    assert!(refused.join("dashboard:home").await.unwrap().is_ok());
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_before_anything_is_started() {
    let daemon = Harness::start().await;
    let long = "a".repeat(129);
    for (user, session) in
        [(&*long, "laptop"), ("ada", &*long), ("a%20b", "laptop"), ("ada", "a%2Fb")]
    {
        let refused = daemon.put_lease(user, session, "home", "30s").await;
        assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &"invalid".into()));
    }
    let mut tab = daemon.connect("ada", Role::User).connect().await.unwrap();
    for page in ["", "a b", &"a".repeat(65)] {
        let refused = tab.join(&format!("dashboard:{page}")).await.unwrap();
        assert_eq!(refused.reason(), Some("bad page"), "{page:?}");
    }
    assert_eq!(daemon.supervisor("users").count_children().specs, 0);
}
