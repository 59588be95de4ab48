//! Alerts and widgets by HTTP.

use super::*;

const ALERTS: &str = "/api/v1/users/ada/alerts";

impl Running {
    async fn alerts(&self) -> Value {
        answer(self.ask(Method::GET, ALERTS)).await.1
    }

    async fn act(&self, action: &str) -> StatusCode {
        status(self.ask(Method::POST, &format!("{ALERTS}/{action}"))).await
    }
}

#[tokio::test]
async fn the_queue_is_in_the_streamers_hand() {
    let running = start().await;
    running.house.start_tree("ada").await;
    assert_eq!(running.act("skip").await, 409, "nothing is shown");
    assert_eq!(running.act("pause").await, 204);
    let (status, queued) = answer(running.ask(Method::POST, &format!("{ALERTS}/test/raid"))).await;
    assert_eq!(status, 202, "{queued}");
    let alerts = running.alerts().await;
    assert_eq!(
        (&alerts["paused"], &alerts["waiting_total"]),
        (&json!(true), &json!(1)),
        "{alerts}"
    );
    assert_eq!(alerts["waiting"][0]["id"], queued["id"]);
    assert_eq!(running.act("resume").await, 204);
    wait_until_async("it is shown", async || {
        running.alerts().await["showing"]["alert"]["id"] == queued["id"]
    })
    .await;
    assert_eq!(running.act("mute").await, 204);
    assert_eq!(running.act("skip").await, 204);
    wait_until_async("it is over", async || {
        running.alerts().await["recent"][0]["id"] == queued["id"]
    })
    .await;
    assert_eq!(running.alerts().await["muted"], true);
    assert_eq!(running.act("unmute").await, 204);

    let replay = format!("{ALERTS}/replay/{}", queued["id"].as_str().unwrap());
    assert_eq!(status_of(&running, &replay).await, 202);
    assert_eq!(running.act("pause").await, 204);
    let (status, cleared) = answer(running.ask(Method::POST, &format!("{ALERTS}/clear"))).await;
    assert_eq!(status, 200);
    assert!(cleared["cleared"].is_u64(), "{cleared}");
}

async fn status_of(running: &Running, path: &str) -> StatusCode {
    status(running.ask(Method::POST, path)).await
}

#[tokio::test]
async fn alerts_that_there_are_not_are_refused() {
    let running = start().await;
    running.house.start_tree("ada").await;
    let unknown = format!("{ALERTS}/replay/0192f0c1-7d3a-7c4e-9d1b-1f2e3d4c5b6a");
    assert_eq!(status_of(&running, &unknown).await, 404);
    let (status, answer) = answer(running.ask(Method::POST, &format!("{ALERTS}/test/party"))).await;
    assert_eq!((status, &answer["error"]["field"]), (400, &json!("kind")));
}

#[tokio::test]
async fn alert_settings_are_checked_and_kept() {
    let running = start().await;
    let path = format!("{ALERTS}/settings");
    let (_, defaults) = answer(running.ask(Method::GET, &path)).await;
    assert_eq!(defaults["display_ms"], 8000);
    let wanted = json!({ "display_ms": 5000, "kinds": { "follow": { "enabled": false } } });
    let (status, kept) = answer(running.ask(Method::PUT, &path).json(&wanted)).await;
    assert_eq!(status, 200, "{kept}");
    assert_eq!(answer(running.ask(Method::GET, &path)).await.1, kept);
    assert_eq!(kept["kinds"]["follow"]["enabled"], false);
    for (body, field) in [
        (json!({ "display_ms": 0 }), "display_ms"),
        (json!({ "kinds": { "raid": { "min_amont": 3 } } }), "kinds.raid.min_amont"),
    ] {
        let (status, answer) = answer(running.ask(Method::PUT, &path).json(&body)).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
}

#[tokio::test]
async fn a_widgets_token_is_told_once_and_the_one_before_is_void() {
    let running = start().await;
    let path = "/api/v1/users/ada/widgets/alert_box/token";
    let (status, first) = answer(running.ask(Method::POST, path)).await;
    assert_eq!(status, 201);
    let (_, second) = answer(running.ask(Method::POST, path)).await;
    let store = &running.house.services.store;
    let of = async |token: &Value| {
        store.widget_of_token(token["token"].as_str().unwrap()).await.unwrap()
    };
    assert_eq!(of(&first).await, None);
    let (user, widget) = of(&second).await.unwrap();
    assert_eq!((user.as_str(), &*widget), ("ada", "alert_box"));
    assert_eq!(self::status(running.ask(Method::DELETE, path)).await, 204);
    assert_eq!(self::status(running.ask(Method::DELETE, path)).await, 404);
    assert_eq!(of(&second).await, None);
}

#[tokio::test]
async fn a_widgets_settings_are_any_object() {
    let running = start().await;
    let path = "/api/v1/users/ada/widgets/goal-2/settings";
    assert_eq!(answer(running.ask(Method::GET, path)).await, (200, json!({})));
    let settings = json!({ "target": 100, "colours": ["#fff"] });
    assert_eq!(answer(running.ask(Method::PUT, path).json(&settings)).await.0, 200);
    assert_eq!(answer(running.ask(Method::GET, path)).await.1, settings);
    for body in [json!([1]), json!({ "x": "x".repeat(20_000) })] {
        assert_eq!(status(running.ask(Method::PUT, path).json(&body)).await, 400);
    }
}
