//! The wire, as a client that is not ours sees it.

use futures_util::{SinkExt, StreamExt};
use http::StatusCode;
use reqwest::Client;
use serde_json::{Value, json};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use super::*;

const ADA: &str = "1337";

async fn start() -> (FakeTwitch, Client, String) {
    let fake = FakeTwitch::start(FakeConfig::default()).await.unwrap();
    fake.add_channel(ADA, "Ada");
    let token = fake.grant(ADA).access;
    (fake, Client::builder().no_proxy().build().unwrap(), token)
}

async fn next(
    socket: &mut (impl StreamExt<Item = Result<Message, impl std::fmt::Debug>> + Unpin),
) -> Message {
    let next = tokio::time::timeout(Duration::from_secs(10), socket.next());
    next.await.expect("within the limit").expect("a message").unwrap()
}

fn json_of(message: &Message) -> Value {
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn who_sends_anything_by_a_socket_loses_it() {
    for frame in [Message::Text("hi".into()), Message::Ping("hi".into())] {
        let (fake, _, _) = start().await;
        let (mut socket, _) = connect_async(fake.eventsub_url()).await.unwrap();
        assert_eq!(
            json_of(&next(&mut socket).await)["metadata"]["message_type"],
            "session_welcome"
        );
        socket.send(frame).await.unwrap();
        let close = loop {
            if let Message::Close(close) = next(&mut socket).await {
                break close.unwrap();
            }
        };
        assert_eq!(u16::from(close.code), 4001);
        assert_eq!(fake.client_frames(), 1);
    }
}

#[tokio::test]
async fn a_socket_without_subscriptions_is_closed_in_time() {
    let config =
        FakeConfig { welcome_deadline: Duration::from_millis(50), ..FakeConfig::default() };
    let fake = FakeTwitch::start(config).await.unwrap();
    let (mut socket, _) = connect_async(fake.eventsub_url()).await.unwrap();
    next(&mut socket).await;
    let Message::Close(Some(close)) = next(&mut socket).await else { panic!("a close") };
    assert_eq!(u16::from(close.code), 4003);
}

#[tokio::test]
async fn an_old_socket_is_cut_when_its_session_has_not_moved() {
    let config = FakeConfig { reconnect_grace: Duration::from_millis(50), ..FakeConfig::default() };
    let fake = FakeTwitch::start(config).await.unwrap();
    let (mut socket, _) = connect_async(fake.eventsub_url()).await.unwrap();
    next(&mut socket).await;
    assert_eq!(fake.reconnect(None), 1);
    let message = json_of(&next(&mut socket).await);
    assert_eq!(message["metadata"]["message_type"], "session_reconnect");
    let Message::Close(Some(close)) = next(&mut socket).await else { panic!("a close") };
    assert_eq!(u16::from(close.code), 4004);
    let url = message["payload"]["session"]["reconnect_url"].as_str().unwrap();
    let (mut late, _) = connect_async(url).await.unwrap();
    let Message::Close(Some(close)) = next(&mut late).await else { panic!("a close") };
    assert_eq!(u16::from(close.code), 4007);
}

#[tokio::test]
async fn subscriptions_want_a_session_a_scope_and_their_own_condition() {
    let (fake, http, token) = start().await;
    let (mut socket, _) = connect_async(fake.eventsub_url()).await.unwrap();
    let session = json_of(&next(&mut socket).await)["payload"]["session"]["id"].clone();
    let subscribe = async |kind: &str, version: &str, condition: Value, session: &Value| {
        let transport = json!({ "method": "websocket", "session_id": session });
        let body = json!({ "type": kind, "version": version, "condition": condition, "transport": transport });
        let url = format!("{}/eventsub/subscriptions", fake.helix_url());
        let request = http.post(url).bearer_auth(&token).header("Client-Id", "fakeclientid");
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    let channel = || json!({ "broadcaster_user_id": ADA });
    assert_eq!(subscribe("stream.online", "1", channel(), &session).await, 202);
    assert_eq!(subscribe("stream.online", "1", channel(), &session).await, 409);
    assert_eq!(subscribe("stream.online", "7", channel(), &session).await, 400);
    assert_eq!(subscribe("channel.follow", "2", channel(), &session).await, 400);
    assert_eq!(subscribe("stream.offline", "1", channel(), &json!("none")).await, 400);
    assert_eq!(fake.subscriptions(ADA), ["stream.online".into()]);
    fake.online(ADA, 3);
    let event = json_of(&next(&mut socket).await);
    assert_eq!(event["metadata"]["subscription_type"], "stream.online");
    assert_eq!(event["payload"]["event"]["broadcaster_user_login"], "ada");
}

#[tokio::test]
async fn strangers_are_refused_and_too_many_calls_are_counted() {
    let config = FakeConfig { rate_limit: 2, ..FakeConfig::default() };
    let fake = FakeTwitch::start(config).await.unwrap();
    fake.add_channel(ADA, "Ada");
    let http = Client::builder().no_proxy().build().unwrap();
    let ask = async |token: &str| {
        let request = http.get(format!("{}/users", fake.helix_url())).bearer_auth(token);
        request.header("Client-Id", "fakeclientid").send().await.unwrap()
    };
    assert_eq!(ask("guessed").await.status(), StatusCode::UNAUTHORIZED);
    let token = fake.grant(ADA).access;
    assert_eq!(ask(&token).await.headers()["ratelimit-remaining"], "1");
    assert_eq!(ask(&token).await.status(), StatusCode::OK);
    let refused = ask(&token).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("ratelimit-reset"));
    assert_eq!(fake.refused(), 1);
}

#[tokio::test]
async fn a_lively_channel_is_the_same_one_each_time() {
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let (fake, http, token) = start().await;
        let (mut socket, _) = connect_async(fake.eventsub_url()).await.unwrap();
        let session = json_of(&next(&mut socket).await)["payload"]["session"]["id"].clone();
        let condition = json!({ "broadcaster_user_id": ADA, "user_id": ADA });
        let body = json!({ "type": "channel.chat.message", "version": "1", "condition": condition,
            "transport": { "method": "websocket", "session_id": session } });
        let url = format!("{}/eventsub/subscriptions", fake.helix_url());
        let request = http.post(url).bearer_auth(&token).header("Client-Id", "fakeclientid");
        assert_eq!(request.json(&body).send().await.unwrap().status(), StatusCode::ACCEPTED);
        fake.enliven(ADA, Duration::from_millis(1));
        let mut said = Vec::new();
        for _ in 0..20 {
            let event = json_of(&next(&mut socket).await);
            said.push(event["payload"]["event"]["message"]["text"].clone());
        }
        kinds.push(said);
    }
    assert_eq!(kinds[0], kinds[1]);
}
