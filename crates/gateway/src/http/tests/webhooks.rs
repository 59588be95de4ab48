//! Cloudflare's webhooks.

use stagedoor_store::LiveInputRecord;

use super::{house::WEBHOOK_SECRET, *};

const WEBHOOK: &str = "/webhooks/cloudflare";

fn connected(input: &str) -> Value {
    json!({
        "name": "Live Webhook Test",
        "text": "Notification type: Stream Live Input",
        "data": {
            "notification_name": "Stream Live Input",
            "input_id": input,
            "event_type": "live_input.connected",
            "updated_at": "2026-11-22T15:00:00.000000Z",
        },
        "ts": 1_795_359_600,
    })
}

impl Running {
    fn webhook(&self, secret: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, WEBHOOK).header("cf-webhook-auth", secret).json(body)
    }

    async fn webhooks(&self, outcome: &str) -> u64 {
        let metrics = self.ask_admin("/metrics").await.text().await.unwrap();
        let line =
            format!(r#"stagedoor_webhooks_total{{source="cloudflare",outcome="{outcome}"}} "#);
        metrics.lines().find_map(|text| text.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
    }
}

#[tokio::test]
async fn a_webhook_becomes_an_event_once() {
    let running = start().await;
    let ada = UserId::new("ada").unwrap();
    let record = LiveInputRecord {
        uid: Some("input-1".into()),
        ingest_url: "rtmps://x".into(),
        stream_key: "k".to_owned().into(),
        playback: None,
    };
    running.house.services.store.record_live_input(&ada, &record).await.unwrap();

    let first = answer(running.webhook(WEBHOOK_SECRET, &connected("input-1"))).await;
    assert_eq!(first, (200, json!({ "outcome": "stored" })));
    let again = answer(running.webhook(WEBHOOK_SECRET, &connected("input-1"))).await;
    assert_eq!(again, (200, json!({ "outcome": "duplicate" })));
    let other = answer(running.webhook(WEBHOOK_SECRET, &connected("input-2"))).await;
    assert_eq!(other, (200, json!({ "outcome": "unknown_input" })));
    let (_, page) = answer(running.ask(Method::GET, "/api/v1/users/ada/events")).await;
    let events = page["events"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["kind"]), (1, &json!("input.connected")));
    for outcome in ["stored", "duplicate", "unknown_input"] {
        assert_eq!(running.webhooks(outcome).await, 1, "{outcome}");
    }
}

#[tokio::test]
async fn a_webhook_without_the_secret_is_not_read() {
    let running = start().await;
    for secret in ["", "x", &WEBHOOK_SECRET[1..], &format!("{WEBHOOK_SECRET}x")] {
        let (status, answer) = answer(running.webhook(secret, &json!("nonsense"))).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("webhook_unauthorized")));
    }
    let silent = running.request(Method::POST, WEBHOOK).json(&connected("input-1"));
    assert_eq!(status(silent).await, 401);
    assert_eq!(running.webhooks("webhook_unauthorized").await, 5);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_read_is_refused() {
    let running = start().await;
    let nonsense = running.request(Method::POST, WEBHOOK).body("nonsense");
    let (status, answer) = answer(nonsense.header("cf-webhook-auth", WEBHOOK_SECRET)).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("malformed")), "{answer}");
    let huge = json!({ "text": "x".repeat(70_000) });
    assert_eq!(self::status(running.webhook(WEBHOOK_SECRET, &huge)).await, 413);
    let test =
        json!({ "text": "Hello World! This is a test message sent from https://cloudflare.com." });
    let (status, _) = self::answer(running.webhook(WEBHOOK_SECRET, &test)).await;
    assert_eq!(status, 200);
}
