//! Accounts and numbers by HTTP.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stagedoor_domain::{Platform, SeriesPoint};

use super::*;

#[tokio::test]
async fn an_account_is_connected_with_tokens_that_are_never_told() {
    let running = start().await;
    let path = "/api/v1/users/ada/accounts/twitch";
    let body = json!({
        "external_id": "4711", "name": "ada_live", "scopes": ["chat:read"],
        "access_token": "secret-a", "refresh_token": "secret-r", "expires_at": "2030-01-01T00:00:00Z",
    });
    let (status, account) = answer(running.ask(Method::PUT, path).json(&body)).await;
    assert_eq!((status, &account["version"]), (201, &json!(1)), "{account}");
    let (status, account) = answer(running.ask(Method::PUT, path).json(&body)).await;
    assert_eq!((status, &account["version"]), (200, &json!(2)));
    let list = running.ask(Method::GET, "/api/v1/users/ada/accounts").send().await.unwrap();
    let list = list.text().await.unwrap();
    assert!(list.contains("ada_live") && !list.contains("secret"), "{list}");

    let mut wrong = body.clone();
    wrong["access_token"] = "with space".into();
    let (status, refused) = answer(running.ask(Method::PUT, path).json(&wrong)).await;
    assert_eq!((status, &refused["error"]["field"]), (400, &json!("access_token")));
    assert!(!refused.to_string().contains("with space"), "{refused}");

    let own = running.call(Method::DELETE, path, "ada", Role::User);
    assert_eq!(self::status(own).await, 204);
    assert_eq!(self::status(running.ask(Method::DELETE, path)).await, 404);
}

#[tokio::test]
async fn a_series_is_told_by_the_minute_or_the_hour() {
    let running = start().await;
    let point = |time: &str, follows| SeriesPoint {
        at: time.parse::<Timestamp>().unwrap(),
        length_s: 60,
        platform: Platform::Kick,
        livestream: None,
        viewers: None,
        chat_messages: 0,
        follows,
        subscriptions: 0,
        donated: BTreeMap::new(),
    };
    let points = [point("2026-11-22T15:00:00Z", 1), point("2026-11-22T15:59:00Z", 2)];
    let ada = UserId::new("ada").unwrap();
    running.house.services.store.put_series(&ada, &points).await.unwrap();
    let get = |query: &str| {
        let path = format!("/api/v1/users/ada/analytics/series?from=2026-11-22T00:00:00Z&{query}");
        answer(running.ask(Method::GET, &path))
    };
    let (status, minutes) = get("").await;
    assert_eq!(status, 200, "{minutes}");
    assert_eq!((minutes["points"].as_array().unwrap().len(), &minutes["next"]), (2, &Value::Null));
    let (_, hours) = get("resolution=hour").await;
    assert_eq!(hours["points"][0]["follows"], 3, "{hours}");
    assert_eq!(hours["points"][0]["length_s"], 3600);
    assert_eq!(get("to=2026-11-22T15:30:00Z").await.1["points"].as_array().unwrap().len(), 1);
    assert_eq!(get("platform=twitch").await.1["points"], json!([]));
    for (query, field) in [("to=2026-11-21T00:00:00Z", "to"), ("resolution=day", "resolution")] {
        let (status, answer) = get(query).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
}
