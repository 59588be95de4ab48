//! Events and donations by HTTP.

use stagedoor_store::{LiveInputRecord, WriterConfig};

use super::{house::WEBHOOK_SECRET, *};

const EVENTS: &str = "/api/v1/users/ada/events";
const DONATIONS: &str = "/api/v1/users/ada/donations";

fn chat(key: &str) -> Value {
    json!({
        "platform": "twitch",
        "kind": "chat.message",
        "occurred_at": "2026-11-22T15:00:00Z",
        "dedupe_key": key,
        "message": { "text": "hi" },
        "raw": { "as": "sent" },
    })
}

impl Running {
    async fn report(&self, event: &Value) -> (u16, Value) {
        answer(self.ask(Method::POST, EVENTS).json(event)).await
    }

    async fn page(&self, query: &str) -> Value {
        let (status, page) = answer(self.ask(Method::GET, &format!("{EVENTS}?{query}"))).await;
        assert_eq!(status, 200, "{page}");
        page
    }
}

fn keys(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().unwrap().iter();
    events.map(|event| event["dedupe_key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_is_stored_once() {
    let running = start().await;
    let (status, first) = running.report(&chat("m1")).await;
    assert_eq!((status, &first["duplicate"]), (201, &json!(false)), "{first}");
    let (status, again) = running.report(&chat("m1")).await;
    assert_eq!((status, &again["duplicate"]), (200, &json!(true)));
    assert_eq!(again["id"], first["id"]);
    running.house.start_tree("ada").await;
    let (status, again) = running.report(&chat("m1")).await;
    assert_eq!((status, &again["id"]), (200, &first["id"]), "through the tree too");

    let page = running.page("").await;
    assert_eq!(keys(&page), ["m1"]);
    assert_eq!(page["next"], Value::Null);
    assert!(page["events"][0].get("raw").is_none());
    assert_eq!(running.page("raw=true").await["events"][0]["raw"], json!({ "as": "sent" }));
}

#[tokio::test]
async fn events_come_in_pages_newest_first_and_on_from_where_one_has_stopped() {
    let running = start().await;
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(running.report(&chat(key)).await.0, 201);
    }
    let first = running.page("limit=2").await;
    assert_eq!(keys(&first), ["e", "d"]);
    let cursor = first["next"].as_str().unwrap();
    let second = running.page(&format!("limit=2&before={cursor}")).await;
    assert_eq!(keys(&second), ["c", "b"]);
    let cursor = second["next"].as_str().unwrap();
    let last = running.page(&format!("limit=2&before={cursor}")).await;
    assert_eq!((keys(&last), &last["next"]), (vec!["a"], &Value::Null));

    let seen = last["events"][0]["id"].as_str().unwrap();
    let news = running.page(&format!("limit=3&after={seen}")).await;
    assert_eq!(keys(&news), ["b", "c", "d"], "oldest first");
    let cursor = news["next"].as_str().unwrap();
    let rest = running.page(&format!("limit=3&after={cursor}")).await;
    assert_eq!((keys(&rest), &rest["next"]), (vec!["e"], &Value::Null));
}

#[tokio::test]
async fn events_are_picked_by_kind_and_platform() {
    let running = start().await;
    running.report(&chat("m")).await;
    let mut follow = chat("f");
    follow["kind"] = "follow".into();
    follow["platform"] = "kick".into();
    running.report(&follow).await;
    assert_eq!(keys(&running.page("kinds=follow,raid").await), ["f"]);
    assert_eq!(keys(&running.page("platforms=twitch").await), ["m"]);
    assert_eq!(keys(&running.page("platforms=twitch&kinds=follow").await), [""; 0]);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("before=7", "before"),
        ("livestream=x", "livestream"),
        ("kind=follow", "kind"),
    ] {
        let (status, answer) = answer(running.ask(Method::GET, &format!("{EVENTS}?{query}"))).await;
        let error = &answer["error"];
        assert_eq!(
            (status, &error["at"], &error["field"]),
            (400, &json!("query"), &json!(field)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_told_with_its_field() {
    let running = start().await;
    let with = |field: &str, value: Value| {
        let mut event = chat("x");
        event[field] = value;
        event
    };
    for (event, field) in [
        (with("dedupe_key", "".into()), "dedupe_key"),
        (with("dedupe_key", "x".repeat(300).into()), "dedupe_key"),
        (with("occurred_at", "yesterday".into()), "occurred_at"),
        (with("occurred_at", "2126-01-01T00:00:00Z".into()), "occurred_at"),
        (with("message", json!({ "text": "x".repeat(20_000) })), "message.text"),
        (with("message", json!({ "txt": "x" })), "message.text"),
        (with("message", json!({ "text": "x", "txt": "x" })), "message.txt"),
        (with("money", json!({ "micros": -1, "currency": "EUR" })), "money.micros"),
        (with("colour", "red".into()), "colour"),
    ] {
        let (status, answer) = running.report(&event).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
    let nul = running.ask(Method::POST, EVENTS).body(r#"{"dedupe_key": "a\u0000b"}"#);
    assert_eq!(answer(nul).await.0, 400);
    let huge = with("raw", json!({ "x": "x".repeat(200_000) }));
    assert_eq!(running.report(&huge).await.0, 413);
}

#[tokio::test]
async fn a_donation_sent_twice_is_one_donation() {
    let running = start().await;
    let body = json!({ "id": "tip-1", "name": "Grace", "message": "Hi", "amount": "12.50", "currency": "EUR" });
    let (status, first) = answer(running.ask(Method::POST, DONATIONS).json(&body)).await;
    assert_eq!(status, 201, "{first}");
    let header = json!({ "amount": "99", "currency": "EUR" });
    let again =
        running.ask(Method::POST, DONATIONS).header("Idempotency-Key", "tip-1").json(&header);
    let (status, again) = answer(again).await;
    assert_eq!((status, &again["id"], &again["duplicate"]), (200, &first["id"], &json!(true)));

    let page = running.page("kinds=donation").await;
    let [event] = page["events"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!(event["money"], json!({ "micros": 12_500_000, "currency": "EUR" }));
    assert_eq!(event["actor"]["name"], "Grace");
    assert_eq!(event["platform"], "stagedoor");
    let (_, alerts) = answer(running.ask(Method::GET, "/api/v1/users/ada/alerts")).await;
    let waiting = alerts["waiting"].as_array().unwrap();
    assert_eq!((waiting.len(), &waiting[0]["name"]), (1, &json!("Grace")), "and one alert");
}

#[tokio::test]
async fn a_store_that_has_ended_is_told_as_such() {
    let running = start().await;
    running.house.close_store().await;
    let response = running.ask(Method::POST, EVENTS).json(&chat("x")).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["code"], "closing");
}

#[tokio::test]
async fn who_sends_more_than_can_be_stored_is_told_to_slow_down() {
    let writer = WriterConfig { buffer_events: 1, ..WriterConfig::default() };
    let running = start_in(House::open_with(writer, false).await, GatewayConfig::default()).await;
    let store = running.house.services.store.clone();
    let record = LiveInputRecord {
        uid: Some("input-1".into()),
        ingest_url: "rtmps://x".into(),
        stream_key: "k".to_owned().into(),
        playback: None,
    };
    store.record_live_input(&UserId::new("ada").unwrap(), &record).await.unwrap();
    let waiting = tokio::spawn(running.ask(Method::POST, EVENTS).json(&chat("1")).send());
    wait_until("the buffer is full", || store.health().buffered == 1).await;

    let webhook = json!({
        "data": {
            "notification_name": "Stream Live Input", "input_id": "input-1",
            "event_type": "live_input.connected", "updated_at": "2026-11-22T15:00:00Z",
        },
    });
    let donation = json!({ "id": "t", "amount": "1", "currency": "EUR" });
    for request in [
        running.ask(Method::POST, EVENTS).json(&chat("2")),
        running.ask(Method::POST, DONATIONS).json(&donation),
        running
            .request(Method::POST, "/webhooks/cloudflare")
            .header("cf-webhook-auth", WEBHOOK_SECRET)
            .json(&webhook),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], "store_full");
    }
    waiting.abort();
}
