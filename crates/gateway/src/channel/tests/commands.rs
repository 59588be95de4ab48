//! Commands on a channel: answered when they are done, and the connection reads on.

use serde_json::json;
use stagedoor_stream::News;

use super::{Reason, Role, gateway, refusal};
use crate::{api::commands::Command, channel::requests::MAX_UNDER_WAY};

#[tokio::test(start_paused = true)]
async fn a_command_is_answered_with_its_own_reference() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:stream").await;
    let payload = json!({ "destinations": ["twitch"] });
    let reply = client.ask(json!(["1", "7", "dashboard:stream", "stream:start", payload])).await;
    let answer = json!({ "status": "ok", "response": { "given": payload } });
    assert_eq!(reply, json!(["1", "7", "dashboard:stream", "phx_reply", answer]));
    let done = gateway.stage.done.lock().unwrap().clone();
    assert_eq!(done, [("ada".to_owned(), Command::StreamStart)], "for the user of the connection");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_refused_says_why() {
    let mut client = gateway().user("ada").await;
    client.join("1", "dashboard:home").await;
    let reply =
        client.ask(json!([null, "2", "dashboard:home", "alerts:skip", {"fail": true}])).await;
    let response = json!({
        "code": "not_today", "message": "it rains", "field": "weather", "help": "wait for the sun",
    });
    let answer = json!({ "status": "error", "response": response });
    assert_eq!(reply, json!([null, "2", "dashboard:home", "phx_reply", answer]));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_takes_long_holds_nothing_up() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    client.send(json!(["1", "2", "dashboard:home", "stream:stop", {"wait": true}])).await;
    let beat = client.ask(json!([null, "3", "phoenix", "heartbeat", {}])).await;
    assert_eq!(beat[1], "3");
    let quick = client.ask(json!(["1", "4", "dashboard:home", "alerts:pause", {}])).await;
    assert_eq!(quick[1], "4");
    gateway.stage.permits.add_permits(1);
    assert_eq!(client.receive().await[1], "2");
}

#[tokio::test(start_paused = true)]
async fn so_many_commands_are_under_way_and_no_more() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    client.join_too("2", "dashboard:stream").await;
    let slow = |reference: u32, topic: &str| json!([null, reference.to_string(), topic, "stream:stop", {"wait": true}]);
    for reference in 0..MAX_UNDER_WAY {
        let topic = if reference % 2 == 0 { "dashboard:home" } else { "dashboard:stream" };
        client.send(slow(reference, topic)).await;
    }
    let refused = client.ask(slow(99, "dashboard:home")).await;
    assert_eq!((&refused[1], &refused[4]["status"]), (&json!("99"), &json!("error")));
    assert_eq!(refused[4]["response"]["code"], "too_many_commands");

    gateway.stage.permits.add_permits(1);
    assert_eq!(client.receive().await[4]["status"], "ok");
    gateway.stage.permits.add_permits(1);
    client.send(slow(100, "dashboard:home")).await;
    assert_eq!(client.receive().await[4]["status"], "ok", "there is room again");
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_is_not_answered_and_what_was_begun_is_done() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    client.send(json!(["1", "2", "dashboard:home", "stream:stop", {"wait": true}])).await;
    client.ask(json!([null, "3", "phoenix", "heartbeat", {}])).await;
    drop(client);
    gateway.sessions.closed().await;
    gateway.stage.permits.add_permits(1);
    tokio::task::yield_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(gateway.stage.done.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn commands_are_for_dashboards_that_are_joined() {
    let gateway = gateway();
    let mut root = gateway.connect("root", Role::Admin).await;
    root.join("1", "users_presence").await;
    let reply = root.ask(json!(["1", "1", "users_presence", "stream:start", {}])).await;
    assert_eq!(reply, refusal("1", "users_presence", "unknown event"));
    let reply = root.ask(json!(["2", "2", "dashboard:home", "stream:start", {}])).await;
    assert_eq!(reply, refusal("2", "dashboard:home", "unmatched topic"));
    assert_eq!(gateway.refused(Reason::UnknownEvent), 1);
    assert!(gateway.stage.done.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn news_overtake_a_command_that_takes_long() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    client.send(json!(["1", "2", "dashboard:home", "stream:start", {"wait": true}])).await;
    client.ask(json!([null, "3", "phoenix", "heartbeat", {}])).await;
    gateway
        .stage
        .pubsub
        .publish(&super::user("ada"), || News::StreamState(std::sync::Arc::default()));
    assert_eq!(client.receive().await[3], "stream_state");
    gateway.stage.permits.add_permits(1);
    assert_eq!(client.receive().await[1], "2");
}
