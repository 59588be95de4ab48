//! Whole sessions over pipes in paused time: what a client sends, and what it gets.

mod commands;
mod limits;
mod news;
mod presence;
mod protocol;
mod random;
mod rehearsal;
mod upgrade;

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stagedoor_domain::UserId;
use stagedoor_presence::{Tracker, TrackerLimits};
use tokio::{
    io::{DuplexStream, duplex},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role as Side},
};

use self::rehearsal::Rehearsal;
use super::{Reason, Sessions, SocketConfig};
use crate::identity::{Identity, Role};

#[derive(Clone)]
struct Gateway {
    tracker: Tracker,
    stage: Arc<Rehearsal>,
    sessions: Sessions,
}

fn gateway() -> Gateway {
    gateway_with(&SocketConfig::default(), TrackerLimits { sessions_per_user: 100, users: 100 })
}

fn gateway_with(config: &SocketConfig, limits: TrackerLimits) -> Gateway {
    let tracker = Tracker::new(limits);
    let stage = Arc::new(Rehearsal::default());
    let sessions = Sessions::new(config, false, tracker.clone(), stage.clone());
    tokio::spawn(sessions.clone().sweep());
    Gateway { tracker, stage, sessions }
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

    /// Joins one more: those that are joined hear of it before the reply comes.
    async fn join_too(&mut self, join_ref: &str, topic: &str) {
        self.send(json!([join_ref, join_ref, topic, "phx_join", {}])).await;
        while self.receive().await[3] != "presence_state" {}
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
