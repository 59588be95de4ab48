//! The table of the protocol, row by row.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{Reason, gateway, refusal};

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_answered() {
    let mut client = gateway().user("ada").await;
    let answer = client.ask(json!([null, "7", "phoenix", "heartbeat", {}])).await;
    let ok = json!({"status": "ok", "response": {}});
    assert_eq!(answer, json!([null, "7", "phoenix", "phx_reply", ok]));
}

#[tokio::test(start_paused = true)]
async fn leaving_is_answered_and_the_channel_closed() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    let reply = client.ask(json!(["1", "2", "dashboard:home", "phx_leave", {}])).await;
    let ok = json!({"status": "ok", "response": {}});
    assert_eq!(reply, json!(["1", "2", "dashboard:home", "phx_reply", ok]));
    assert_eq!(client.receive().await, json!(["1", "1", "dashboard:home", "phx_close", {}]));
    assert_eq!(gateway.tracker.total_sessions(), 0);
    client.gets_nothing_more().await;

    // The same topic may be joined again, with a new join_ref.
    let [_, state] = client.join("3", "dashboard:home").await;
    assert_eq!(state[0], "3");
    assert_eq!(gateway.pages("ada"), ["home"]);
}

#[tokio::test(start_paused = true)]
async fn leaving_what_is_not_joined_is_fine() {
    let mut client = gateway().user("ada").await;
    let reply = client.ask(json!(["1", "2", "dashboard:home", "phx_leave", {}])).await;
    let ok = json!({"status": "ok", "response": {}});
    assert_eq!(reply, json!(["1", "2", "dashboard:home", "phx_reply", ok]));
    client.gets_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn joining_twice_closes_the_old_channel_with_its_own_join_ref() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    let [first, _] = client.join("1", "dashboard:home").await;
    let closed = client.ask(json!(["5", "5", "dashboard:home", "phx_join", {}])).await;
    assert_eq!(closed, json!(["1", "1", "dashboard:home", "phx_close", {}]));
    let reply = client.receive().await;
    assert_eq!(
        (&reply[0], &reply[1], &reply[4]["status"]),
        (&json!("5"), &json!("5"), &json!("ok"))
    );
    assert_ne!(reply[4]["response"], first[4]["response"]);
    let state = client.receive().await;
    assert_eq!((&state[0], &state[3]), (&json!("5"), &json!("presence_state")));
    assert_eq!(gateway.pages("ada"), ["home"]);
    client.gets_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn messages_of_an_earlier_join_are_ignored() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    client.ask(json!(["5", "5", "dashboard:home", "phx_join", {}])).await;
    client.receive().await;
    client.receive().await;
    client.send(json!(["1", "6", "dashboard:home", "phx_leave", {}])).await;
    client.send(json!(["1", "7", "dashboard:home", "update", {}])).await;
    client.gets_nothing_more().await;
    assert_eq!(gateway.pages("ada"), ["home"]);

    let reply = client.ask(json!([null, "8", "dashboard:home", "update", {}])).await;
    assert_eq!(reply[4]["response"]["reason"], "unknown event", "null is of the current join");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_event_on_a_joined_topic_is_an_error() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    let reply = client.ask(json!(["1", "2", "dashboard:home", "update", {"page": "x"}])).await;
    let error = json!({"status": "error", "response": {"reason": "unknown event"}});
    assert_eq!(reply, json!(["1", "2", "dashboard:home", "phx_reply", error]));
    assert_eq!(gateway.refused(Reason::UnknownEvent), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_on_a_topic_that_is_not_joined_is_unmatched() {
    let mut client = gateway().user("ada").await;
    for topic in ["dashboard:home", "phoenix", "room:\"ü\"\u{2028}"] {
        let reply = client.ask(json!(["1", "1", topic, "update", {}])).await;
        assert_eq!(reply, refusal("1", topic, "unmatched topic"));
    }
}

#[tokio::test(start_paused = true)]
async fn joins_that_make_no_sense_are_refused_with_a_reason() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    let reply = client.ask(json!(["1", "1", "room:1", "phx_join", {}])).await;
    assert_eq!(reply, refusal("1", "room:1", "unmatched topic"));
    let reply = client.ask(json!(["1", "1", "dashboard:Home", "phx_join", {}])).await;
    assert_eq!(reply[4]["response"]["reason"], "bad page");
    let message = reply[4]["response"]["message"].as_str().unwrap();
    assert!(message.contains("'H' at byte 0"), "{message}");
    assert_eq!((gateway.refused(Reason::UnmatchedTopic), gateway.refused(Reason::BadPage)), (1, 1));
    assert_eq!(gateway.tracker.total_sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn malformed_messages_close_the_connection_and_end_its_presence() {
    for (text, code) in [
        ("no json", 1007),
        ("[\"1\",\"1\",\"dashboard:home\",\"phx_join\"", 1007),
        ("{}", 1002),
        ("[1,1,\"dashboard:home\",\"phx_join\",{}]", 1002),
        ("[\"1\",\"1\",\"dashboard:home\",\"phx_join\",7]", 1002),
    ] {
        let gateway = gateway();
        let mut client = gateway.user("ada").await;
        client.join("1", "dashboard:home").await;
        client.socket.send(Message::text(text)).await.unwrap();
        assert_eq!(client.close_code().await, code, "{text}");
        assert_eq!(gateway.tracker.total_sessions(), 0);
        gateway.sessions.closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn binary_messages_are_refused_where_they_belong() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    client.join("1", "dashboard:home").await;
    let push = |join_ref: char, topic: &str| {
        let topic_bytes = u8::try_from(topic.len()).unwrap();
        let header = [0, 1, 1, topic_bytes, 4];
        [&header[..], format!("{join_ref}9{topic}data\u{7f}rest").as_bytes()].concat()
    };
    client.socket.send(Message::binary(push('1', "dashboard:home"))).await.unwrap();
    let error = json!({
        "status": "error",
        "response": {"reason": "binary messages are not supported"},
    });
    let reply = client.receive().await;
    assert_eq!(reply, json!(["1", "9", "dashboard:home", "phx_reply", error]));
    client.socket.send(Message::binary(push('1', "dashboard:x"))).await.unwrap();
    assert_eq!(client.receive().await[4]["response"]["reason"], "unmatched topic");
    client.socket.send(Message::binary(push('0', "dashboard:home"))).await.unwrap();
    client.gets_nothing_more().await;
    client.socket.send(Message::binary(b"\x07?".to_vec())).await.unwrap();
    assert_eq!(client.close_code().await, 1003);
}
