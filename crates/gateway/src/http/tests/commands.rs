//! Commands and news on real channels, with a real tree behind them.

use super::*;

/// A page's channel.
pub(super) struct Page {
    socket: tokio_tungstenite::WebSocketStream<
        tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>,
    >,
    references: u32,
    /// What came while something else was waited for.
    news: Vec<Value>,
}

impl Running {
    pub(super) async fn open_page(&self, user: &str) -> Page {
        let token = token_for(user, Role::User);
        let url = format!("ws://{}/socket/websocket?vsn=2.0.0&token={token}", self.public);
        let request = url.into_client_request().unwrap();
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut page = Page { socket, references: 0, news: Vec::new() };
        let joined = page.push("phx_join", &json!({})).await;
        assert_eq!(joined["status"], "ok", "{joined}");
        page
    }
}

impl Page {
    async fn next(&mut self) -> Value {
        let message = tokio::time::timeout(Duration::from_secs(10), self.socket.next()).await;
        let message = message.expect("a message comes").expect("it is open").unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// Pushes, and gives the payload of the reply.
    pub(super) async fn push(&mut self, event: &str, payload: &Value) -> Value {
        self.references += 1;
        let reference = self.references.to_string();
        let message = json!(["1", reference, "dashboard:stream", event, payload]).to_string();
        self.socket.send(tokio_tungstenite::tungstenite::Message::text(message)).await.unwrap();
        loop {
            let message = self.next().await;
            if message[1] == *reference {
                return message[4].clone();
            }
            self.news.push(message);
        }
    }

    async fn command(&mut self, event: &str, payload: Value) -> Value {
        let reply = self.push(event, &payload).await;
        assert_eq!(reply["status"], "ok", "{event} {reply}");
        reply["response"].clone()
    }

    /// The payload of the next news of this name for which `right` holds.
    pub(super) async fn hears(&mut self, event: &str, right: impl Fn(&Value) -> bool) -> Value {
        loop {
            let known = |news: &Value| news[3] == *event && right(&news[4]);
            if let Some(at) = self.news.iter().position(known) {
                return self.news.drain(..=at).next_back().unwrap()[4].clone();
            }
            let message = self.next().await;
            self.news.push(message);
        }
    }
}

#[tokio::test]
async fn a_page_hears_and_commands_the_stream() {
    let running = start().await;
    running.house.start_tree("ada").await;
    let mut page = running.open_page("ada").await;
    page.hears("stream_state", |state| state["status"] == "offline").await;
    let put = json!({
        "id": "twitch", "platform": "twitch", "url": "rtmps://live.twitch.tv/app", "stream_key": "k",
    });
    assert_eq!(page.command("destinations:put", put).await["id"], "twitch");
    page.command("metadata:update", json!({ "title": "Late" })).await;
    page.hears("stream_state", |state| state["metadata"]["title"] == "Late").await;

    let refused = page.push("stream:start", &json!({})).await;
    assert_eq!(
        (&refused["status"], &refused["response"]["code"]),
        (&json!("error"), &json!("encoder_not_connected"))
    );
    running.connect_encoder("ada").await;
    page.hears("event", |event| event["kind"] == "input.connected").await;
    page.hears("stream_state", |state| state["status"] == "ready").await;
    let started = page.command("stream:start", json!({ "destinations": ["twitch"] })).await;
    assert_eq!(started["status"], "starting");
    page.hears("stream_state", |state| state["status"] == "starting").await;
    page.command("stream:stop", json!({})).await;
}

#[tokio::test]
async fn a_donation_is_an_event_and_an_alert_on_the_page() {
    let running = start().await;
    let mut page = running.open_page("ada").await;
    running.house.start_tree("ada").await;
    let body = json!({ "id": "t", "name": "Grace", "amount": "5", "currency": "EUR" });
    let donate = running.ask(Method::POST, "/api/v1/users/ada/donations").json(&body);
    assert_eq!(answer(donate).await.0, 201);
    page.hears("event", |event| event["kind"] == "donation").await;
    let shown = page.hears("alert", |alert| alert["change"] == "show").await;
    assert_eq!(shown["alert"]["name"], "Grace");

    // Who comes later is shown the same.
    let mut late = running.open_page("ada").await;
    let again = late.hears("alert", |alert| alert["change"] == "show").await;
    assert_eq!(
        (&again["alert"]["id"], &again["ends_at"]),
        (&shown["alert"]["id"], &shown["ends_at"])
    );
}

#[tokio::test]
async fn every_command_reads_its_payload_and_answers() {
    let running = start().await;
    running.house.start_tree("ada").await;
    let mut page = running.open_page("ada").await;
    for event in crate::api::commands::Command::ALL {
        let reply = page.push(event, &json!({ "nonsense": 1 })).await;
        let response = &reply["response"];
        let takes_nothing = matches!(
            *event,
            "stream:get"
                | "stream:stop"
                | "metadata:get"
                | "destinations:list"
                | "alerts:pause"
                | "alerts:resume"
                | "alerts:skip"
                | "alerts:clear"
                | "alerts:mute"
                | "alerts:unmute"
                | "alert_settings:get"
                | "accounts:list"
                | "platforms:list"
        );
        if !takes_nothing {
            assert_eq!(
                (&reply["status"], &response["code"]),
                (&json!("error"), &json!("invalid")),
                "{event} {reply}"
            );
            assert!(response["field"].is_string(), "{event} {reply}");
        } else if reply["status"] == "error" {
            assert_ne!(response["code"], "invalid", "{event} {reply}");
        }
    }
}

#[tokio::test]
async fn without_a_tree_a_command_says_what_to_do() {
    let running = start().await;
    let mut page = running.open_page("ada").await;
    let refused = page.push("alerts:pause", &json!({})).await;
    assert_eq!(refused["response"]["code"], "tree_not_running");
    assert_eq!(page.command("stream:get", json!({})).await["running"], false);
}
