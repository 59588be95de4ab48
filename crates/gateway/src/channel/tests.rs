//! Whole sessions over pipes in paused time: what a client sends, and what it gets.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_presence::{Tracker, TrackerLimits};
use tokio::{
    io::{DuplexStream, duplex},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role as Side},
};

use super::{Reason, Sessions, SocketConfig};
use crate::{
    identity::{Identity, Role},
    websocket::CloseFrame,
};

struct Gateway {
    tracker: Tracker,
    sessions: Sessions,
}

fn gateway() -> Gateway {
    gateway_with(&SocketConfig::default(), TrackerLimits { sessions_per_user: 100, users: 100 })
}

fn gateway_with(config: &SocketConfig, limits: TrackerLimits) -> Gateway {
    let tracker = Tracker::new(limits);
    let sessions = Sessions::new(config, tracker.clone());
    tokio::spawn(sessions.clone().sweep());
    Gateway { tracker, sessions }
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

impl Gateway {
    async fn connect(&self, name: &str, role: Role) -> Client {
        let (client, server) = duplex(4096);
        tokio::spawn(self.sessions.serve(server, &[], Identity { user: user(name), role }));
        Client { socket: WebSocketStream::from_raw_socket(client, Side::Client, None).await }
    }

    async fn user(&self, name: &str) -> Client {
        self.connect(name, Role::User).await
    }

    fn pages(&self, name: &str) -> Vec<String> {
        self.tracker.metas(&user(name)).iter().map(|meta| meta.page.to_string()).collect()
    }

    fn refused(&self, reason: Reason) -> u64 {
        let mut refused = self.sessions.channel_counters().refused();
        refused.find(|(of, _)| *of == reason).unwrap().1
    }
}

struct Client {
    socket: WebSocketStream<DuplexStream>,
}

impl Client {
    async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let message = timeout(Duration::from_secs(10), self.socket.next()).await;
        let message = message.expect("a message comes").expect("it is open").unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Sends, and takes the first answer.
    async fn ask(&mut self, message: Value) -> Value {
        self.send(message).await;
        self.receive().await
    }

    /// Joins, and takes the reply and the state.
    async fn join(&mut self, join_ref: &str, topic: &str) -> [Value; 2] {
        let reply = self.ask(json!([join_ref, join_ref, topic, "phx_join", {}])).await;
        assert_eq!(reply[4]["status"], "ok", "{reply}");
        [reply, self.receive().await]
    }

    async fn gets_nothing_more(&mut self) {
        let message = timeout(Duration::from_secs(5), self.socket.next()).await;
        assert!(message.is_err(), "{message:?}");
    }

    async fn close_code(mut self) -> u16 {
        loop {
            match self.socket.next().await.expect("a close frame comes").unwrap() {
                Message::Close(Some(frame)) => return frame.code.into(),
                Message::Close(None) => panic!("a close frame without a code"),
                _ => {}
            }
        }
    }
}

fn refusal(join_ref: &str, topic: &str, reason: &str) -> Value {
    let response = json!({"status": "error", "response": {"reason": reason}});
    json!([join_ref, join_ref, topic, "phx_reply", response])
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_answered() {
    let mut client = gateway().user("ada").await;
    let answer = client.ask(json!([null, "7", "phoenix", "heartbeat", {}])).await;
    let ok = json!({"status": "ok", "response": {}});
    assert_eq!(answer, json!([null, "7", "phoenix", "phx_reply", ok]));
}

#[tokio::test(start_paused = true)]
async fn joining_a_dashboard_tracks_a_session_and_tells_the_state() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    let [reply, state] = client.join("3", "dashboard:settings/alerts").await;

    let meta = gateway.tracker.metas(&user("ada")).remove(0);
    assert_eq!(meta.page.as_str(), "settings/alerts");
    let response = json!({"session_id": meta.session});
    let ok = json!({"status": "ok", "response": response});
    assert_eq!(reply, json!(["3", "3", "dashboard:settings/alerts", "phx_reply", ok]));
    let users = json!({"ada": {"metas": [meta]}});
    assert_eq!(state, json!(["3", null, "dashboard:settings/alerts", "presence_state", users]));
    client.gets_nothing_more().await;
    assert_eq!(gateway.sessions.channel_counters().joins.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_hears_of_the_other_pages_of_its_user_only() {
    let gateway = gateway();
    let mut home = gateway.user("ada").await;
    home.join("1", "dashboard:home").await;
    let _bob = gateway.user("bob").await.join("1", "dashboard:home").await;

    let mut stream = gateway.user("ada").await;
    let [reply, state] = stream.join("1", "dashboard:stream").await;
    assert_eq!(state[4]["ada"]["metas"].as_array().unwrap().len(), 2);
    assert_eq!(state[4].as_object().unwrap().len(), 1);
    let join = home.receive().await;
    assert_eq!(
        join.as_array().unwrap()[..4],
        [json!(null), json!(null), json!("dashboard:home"), json!("presence_diff")]
    );
    let joined = &join[4]["joins"]["ada"]["metas"];
    assert_eq!(joined[0]["session_id"], reply[4]["response"]["session_id"]);
    assert_eq!(join[4]["leaves"], json!({}));

    drop(stream);
    let leave = home.receive().await;
    assert_eq!(leave[4], json!({"joins": {}, "leaves": {"ada": {"metas": joined}}}));
    assert_eq!(gateway.pages("ada"), ["home"]);
    home.gets_nothing_more().await;
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
async fn what_a_role_may_not_join_is_unauthorized() {
    let gateway = gateway();
    for (role, topic) in [
        (Role::User, "users_presence"),
        (Role::Service, "users_presence"),
        (Role::Service, "dashboard:home"),
    ] {
        let mut client = gateway.connect("ada", role).await;
        let reply = client.ask(json!(["1", "1", topic, "phx_join", {}])).await;
        assert_eq!(reply, refusal("1", topic, "unauthorized"), "{role:?}");
    }
    assert_eq!(gateway.refused(Reason::Unauthorized), 3);
    gateway.connect("root", Role::Admin).await.join("1", "dashboard:home").await;
}

#[tokio::test(start_paused = true)]
async fn an_admin_sees_everybody() {
    let gateway = gateway();
    let mut ada = gateway.user("ada").await;
    ada.join("1", "dashboard:home").await;
    let mut admin = gateway.connect("root", Role::Admin).await;
    let [reply, state] = admin.join("1", "users_presence").await;
    assert_eq!(reply[4], json!({"status": "ok", "response": {}}));
    assert_eq!(state[3], "presence_state");
    assert_eq!(state[4].as_object().unwrap().keys().collect::<Vec<_>>(), ["ada"]);

    let mut bob = gateway.user("__proto__").await;
    bob.join("1", "dashboard:home").await;
    let diff = admin.receive().await;
    assert_eq!(diff[2], "users_presence");
    assert!(diff[4]["joins"]["__proto__"]["metas"][0]["phx_ref"].is_string());
    drop(ada);
    assert!(admin.receive().await[4]["leaves"]["ada"].is_object());
    assert_eq!(gateway.tracker.total_sessions(), 1, "an admin's overview is no session");
}

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
