//! What a user's tree tells reaches that user's pages, and nobody else's.

use std::sync::{Arc, atomic::Ordering};

use serde_json::json;
use stagedoor_presence::TrackerLimits;
use stagedoor_stream::{MetricsSnapshot, News};

use super::{Client, Gateway, Role, SocketConfig, gateway, gateway_with, user};

impl Gateway {
    fn publish(&self, name: &str) {
        self.stage.pubsub.publish(&user(name), || News::StreamState(Arc::default()));
    }
}

async fn news(client: &mut Client) -> (String, String) {
    let message = client.receive().await;
    assert!(message[1].is_null(), "a push has no reference: {message}");
    (message[0].as_str().unwrap().to_owned(), message[3].as_str().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_page_is_told_the_present_state_after_its_join() {
    let gateway = gateway();
    gateway.stage.runs.store(true, Ordering::Relaxed);
    let mut client = gateway.user("ada").await;
    let [reply, state] = client.join("1", "dashboard:home").await;
    assert_eq!((&reply[3], &state[3]), (&json!("phx_reply"), &json!("presence_state")));
    assert_eq!(news(&mut client).await, ("1".into(), "stream_state".into()));
}

#[tokio::test(start_paused = true)]
async fn every_page_of_the_user_hears_the_news_with_its_own_join() {
    let gateway = gateway();
    let mut ada = gateway.user("ada").await;
    ada.join("1", "dashboard:home").await;
    ada.join_too("2", "dashboard:stream").await;
    let mut bob = gateway.user("bob").await;
    bob.join("1", "dashboard:home").await;
    let mut root = gateway.connect("root", Role::Admin).await;
    root.join("1", "users_presence").await;

    gateway.publish("ada");
    gateway
        .stage
        .pubsub
        .publish(&user("ada"), || News::Metrics(Arc::new(MetricsSnapshot::default())));

    let heard =
        [news(&mut ada).await, news(&mut ada).await, news(&mut ada).await, news(&mut ada).await];
    let heard = heard.each_ref().map(|(join, event)| (join.as_str(), event.as_str()));
    assert_eq!(
        heard,
        [("1", "stream_state"), ("2", "stream_state"), ("1", "metrics"), ("2", "metrics")]
    );
    bob.gets_nothing_more().await;
    root.gets_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn who_leaves_hears_no_more() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    client.ask(json!(["1", "2", "dashboard:home", "phx_leave", {}])).await;
    client.receive().await;
    assert!(!gateway.stage.pubsub.has_subscribers(&user("ada")));
    client.join("3", "dashboard:home").await;
    gateway.publish("ada");
    assert_eq!(news(&mut client).await.0, "3");
    drop(client);
    gateway.sessions.closed().await;
    assert!(!gateway.stage.pubsub.has_subscribers(&user("ada")));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_read_the_news_is_dropped() {
    let config = SocketConfig { outbox_limit: 16 * 1024, ..SocketConfig::default() };
    let gateway = gateway_with(&config, TrackerLimits { sessions_per_user: 9, users: 9 });
    let mut deaf = gateway.user("ada").await;
    deaf.join("1", "dashboard:home").await;
    for _ in 0..200 {
        gateway.publish("ada");
        tokio::task::yield_now().await;
    }
    assert_eq!(gateway.sessions.socket_counters().slow_consumers.load(Ordering::Relaxed), 1);
    drop(deaf);
    gateway.sessions.closed().await;
    assert!(!gateway.stage.pubsub.has_subscribers(&user("ada")));
}
