//! Kick's webhooks, as Kick delivers them.

use stagedoor_fakes::kick::{Mischief, Viewer};

use super::{
    stage::{ADA, Stage},
    *,
};

impl Stage {
    async fn webhooks(&self, outcome: &str) -> u64 {
        let metrics = self.running.ask_admin("/metrics").await.text().await.unwrap();
        let line = format!(r#"stagedoor_webhooks_total{{source="kick",outcome="{outcome}"}} "#);
        metrics.lines().find_map(|text| text.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
    }

    async fn delivered(&self) {
        wait_until("all is acknowledged", || self.kick.pending() == 0).await;
    }

    async fn kinds(&self) -> Vec<String> {
        let path = "/api/v1/users/ada/events?platforms=kick&kinds=follow,chat.message";
        let (_, page) = answer(self.running.ask(Method::GET, path)).await;
        let events = page["events"].as_array().unwrap().iter();
        events.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn what_is_delivered_is_an_event_once_with_a_tree_or_without() {
    let stage = Stage::connected().await;
    let bob = Viewer::new(7, "bob");
    let mut page = stage.running.open_page("ada").await;
    stage.kick.chat(ADA, &bob, "hi");
    page.hears("event", |event| event["kind"] == "chat.message").await;
    stage.kick.script(Mischief::Duplicate, 1);
    stage.kick.follow(ADA, &bob);
    stage.delivered().await;
    assert_eq!(stage.kinds().await, ["follow", "chat.message"]);
    assert_eq!((stage.webhooks("stored").await, stage.webhooks("duplicate").await), (2, 1));
    let (_, alerts) = answer(stage.running.ask(Method::GET, "/api/v1/users/ada/alerts")).await;
    assert_eq!(alerts["showing"]["alert"]["kind"], "follow", "{alerts}");

    stage.running.house.stop_tree("ada").await;
    stage.kick.chat(ADA, &bob, "is anybody there?");
    stage.delivered().await;
    assert_eq!(stage.kinds().await.len(), 3);
}

#[tokio::test]
async fn what_is_not_signed_by_kick_is_refused_and_what_is_comes_through() {
    let stage = Stage::connected().await;
    for mischief in [Mischief::BadSignature, Mischief::ChangedByte, Mischief::WrongKey] {
        stage.kick.script(mischief, 1);
        stage.kick.follow(ADA, &Viewer::new(7, "bob"));
        stage.delivered().await;
    }
    assert_eq!(stage.webhooks("webhook_unauthorized").await, 3);
    assert!(!stage.kinds().await.is_empty());

    let nothing = stage.running.request(Method::POST, "/webhooks/kick").body("{}");
    let (status, refused) = answer(nothing).await;
    assert_eq!((status, &refused["error"]["code"]), (401, &json!("webhook_unauthorized")));
    let huge = stage.running.request(Method::POST, "/webhooks/kick").body("x".repeat(70_000));
    assert_eq!(self::status(huge).await, 413);
}

#[tokio::test]
async fn what_cannot_be_stored_comes_again_later() {
    let stage = Stage::connected().await;
    stage.delivered().await;
    stage.running.house.close_store().await;
    stage.kick.follow(ADA, &Viewer::new(7, "bob"));
    let refused = async || {
        let metrics = stage.running.ask_admin("/metrics").await.text().await.unwrap();
        metrics.lines().any(|line| {
            line.starts_with("stagedoor_webhooks_total{source=\"kick\"")
                && ["closing", "store_closed", "overloaded"].iter().any(|code| line.contains(code))
        })
    };
    wait_until_async("it is refused", refused).await;
    assert_eq!(stage.webhooks("stored").await, 0);
    assert!(stage.kick.pending() > 0, "Kick goes on");
}

#[tokio::test]
async fn what_is_about_nobodys_account_is_acknowledged_and_forgotten() {
    let stage = Stage::connected().await;
    let ada = UserId::new("ada").unwrap();
    let kick = stagedoor_domain::Platform::Kick;
    stage.running.house.services.store.delete_account(&ada, &kick).await.unwrap();
    stage.kick.follow(ADA, &Viewer::new(7, "bob"));
    stage.delivered().await;
    assert_eq!(stage.webhooks("unknown_account").await, 1);
    assert_eq!(stage.kinds().await, [""; 0]);
}

#[tokio::test]
async fn while_the_key_cannot_be_had_deliveries_wait() {
    let running = start().await;
    let request = running.request(Method::POST, "/webhooks/kick").body("{}");
    let request = [("id", "x"), ("timestamp", "2026-11-22T15:00:00Z")]
        .into_iter()
        .fold(request, |request, (name, value)| {
            request.header(format!("Kick-Event-Message-{name}"), value)
        });
    let request = request.header("Kick-Event-Signature", "eA==").header("Kick-Event-Type", "x");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
}
