//! What is too much, too slow, too silent or too late.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use stagedoor_domain::{Page, SessionId};
use stagedoor_presence::TrackerLimits;
use tokio::io::{DuplexStream, duplex};

use super::{Identity, Reason, Role, SocketConfig, gateway, gateway_with, refusal, user};
use crate::websocket::CloseFrame;

#[tokio::test(start_paused = true)]
async fn a_connection_has_so_many_channels_and_no_more() {
    let config = SocketConfig { channels_per_connection: 2, ..SocketConfig::default() };
    let gateway = gateway_with(&config, TrackerLimits { sessions_per_user: 9, users: 9 });
    let mut client = gateway.connect("root", Role::Admin).await;
    client.join("1", "dashboard:home").await;
    client.join("2", "users_presence").await;
    let reply = client.ask(json!(["4", "4", "dashboard:stream", "phx_join", {}])).await;
    assert_eq!(reply, refusal("4", "dashboard:stream", "too many channels joined"));
    assert_eq!(gateway.refused(Reason::TooManyChannels), 1);

    // To join one of them anew is no third.
    let reply = client.ask(json!(["5", "5", "users_presence", "phx_join", {}])).await;
    assert_eq!(reply, json!(["2", "2", "users_presence", "phx_close", {}]));
    assert_eq!(client.receive().await[4]["status"], "ok");
}

#[tokio::test(start_paused = true)]
async fn the_trackers_limits_are_told_with_their_reason() {
    let limits = TrackerLimits { sessions_per_user: 1, users: 1 };
    let gateway = gateway_with(&SocketConfig::default(), limits);
    let mut ada = gateway.user("ada").await;
    ada.join("1", "dashboard:home").await;
    let reply = ada.ask(json!(["2", "2", "dashboard:stream", "phx_join", {}])).await;
    assert_eq!(reply[4]["status"], "error");
    assert_eq!(reply[4]["response"]["reason"], "too many sessions");
    assert!(reply[4]["response"]["message"].as_str().unwrap().contains('1'));
    let mut bob = gateway.user("bob").await;
    let reply = bob.ask(json!(["1", "1", "dashboard:home", "phx_join", {}])).await;
    assert_eq!(reply[4]["response"]["reason"], "too many users");
    assert_eq!(gateway.refused(Reason::TooManySessions), 1);
    assert_eq!(gateway.refused(Reason::TooManyUsers), 1);

    drop(ada);
    tokio::task::yield_now().await;
    bob.join("2", "dashboard:home").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_without_heartbeats_is_closed_and_gone() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    assert_eq!(client.close_code().await, 1001);
    gateway.sessions.closed().await;
    assert!(!gateway.tracker.is_present(&user("ada")));
    assert_eq!(gateway.sessions.socket_counters().idle_closed.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn draining_refuses_joins_and_new_sessions_and_keeps_what_is_there() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    gateway.sessions.drain();
    let reply = client.ask(json!(["2", "2", "dashboard:stream", "phx_join", {}])).await;
    assert_eq!(reply, refusal("2", "dashboard:stream", "shutting down"));
    assert_eq!(gateway.refused(Reason::ShuttingDown), 1);
    assert_eq!(gateway.user("bob").await.close_code().await, 1012);
    assert_eq!(gateway.pages("ada"), ["home"]);

    gateway.sessions.close_all(CloseFrame::SERVICE_RESTART);
    assert_eq!(client.close_code().await, 1012);
    gateway.sessions.closed().await;
    assert!(gateway.sessions.is_empty());
    assert_eq!(gateway.tracker.total_sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_read_is_dropped_and_the_others_live_on() {
    let config = SocketConfig { outbox_limit: 16 * 1024, ..SocketConfig::default() };
    let gateway = gateway_with(&config, TrackerLimits { sessions_per_user: 9, users: 9 });
    let mut deaf = gateway.user("ada").await;
    deaf.join("1", "dashboard:home").await;
    let mut other = gateway.user("ada").await;
    other.join("1", "dashboard:home").await;

    for n in 0..200 {
        let session = SessionId::new(format!("s-{n}")).unwrap();
        let page = Page::new("stream").unwrap();
        drop(gateway.tracker.track(&user("ada"), session, page).unwrap());
        let name = format!("s-{n}");
        while other.receive().await[4]["leaves"]["ada"]["metas"][0]["session_id"] != *name {}
    }
    assert_eq!(gateway.sessions.socket_counters().slow_consumers.load(Ordering::Relaxed), 1);
    assert_eq!(gateway.sessions.len(), 2, "it has five seconds to take the close frame");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!((gateway.sessions.len(), gateway.tracker.total_sessions()), (1, 1));
    drop(deaf);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_small() {
    let gateway = gateway();
    let identity = Identity { user: user("ada"), role: Role::User };
    let (_, stream) = duplex(1);
    let session = gateway.sessions.serve(stream, &[], identity);
    let own = size_of_val(&session) - size_of::<DuplexStream>();
    assert!(own <= 136, "{own} bytes besides the stream");
}
