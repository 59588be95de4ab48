//! Destinations and the live input by HTTP: their keys go in and do not come out.

use stagedoor_store::LiveInputRecord;

use super::*;

const TWITCH: &str = "/api/v1/users/ada/destinations/twitch";

fn twitch() -> Value {
    json!({ "platform": "twitch", "url": "rtmps://live.twitch.tv/app", "stream_key": "live_4711" })
}

#[tokio::test]
async fn a_destination_is_added_changed_and_removed() {
    let running = start().await;
    let (status, added) = answer(running.ask(Method::PUT, TWITCH).json(&twitch())).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!((&added["id"], &added["name"]), (&json!("twitch"), &json!("twitch")));
    let rename =
        json!({ "name": "Main", "platform": "twitch", "url": "rtmps://live.twitch.tv/app" });
    let (status, changed) = answer(running.ask(Method::PUT, TWITCH).json(&rename)).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Main")), "it keeps its key");
    let ada = UserId::new("ada").unwrap();
    let stored = running.house.services.store.destination(&ada, &"twitch".parse().unwrap()).await;
    let (_, key) = stored.unwrap().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&key), "live_4711");

    let list = running.ask(Method::GET, "/api/v1/users/ada/destinations").send().await.unwrap();
    assert_eq!(list.headers()[header::CACHE_CONTROL], "no-store");
    let list = list.text().await.unwrap();
    assert!(list.contains("Main") && !list.contains("4711"), "{list}");
    assert_eq!(answer(running.ask(Method::GET, TWITCH)).await.1, changed);
    assert_eq!(status_of(&running, Method::DELETE).await, 204);
    assert_eq!(status_of(&running, Method::DELETE).await, 404);
    assert_eq!(status_of(&running, Method::GET).await, 404);
}

async fn status_of(running: &Running, method: Method) -> StatusCode {
    status(running.ask(method, TWITCH)).await
}

#[tokio::test]
async fn what_is_wrong_with_a_destination_is_told_with_its_field() {
    let running = start().await;
    let with = |field: &str, value: Value| {
        let mut body = twitch();
        body[field] = value;
        body
    };
    let mut keyless = twitch();
    keyless.as_object_mut().unwrap().remove("stream_key");
    for (body, field) in [
        (keyless, "stream_key"),
        (with("stream_key", "a b".into()), "stream_key"),
        (with("url", "https://x.example".into()), "url"),
        (with("url", 7.into()), "url"),
        (with("platform", "My TV".into()), "platform"),
        (with("name", " ".into()), "name"),
        (with("key", "x".into()), "key"),
    ] {
        let (status, answer) = answer(running.ask(Method::PUT, TWITCH).json(&body)).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
        assert!(!answer.to_string().contains("4711"), "{answer}");
    }
}

#[tokio::test]
async fn the_live_inputs_key_is_told_when_asked_for() {
    let running = start().await;
    let path = "/api/v1/users/ada/live_input";
    assert_eq!(status(running.ask(Method::GET, path)).await, 404);
    let (store, ada) = (&running.house.services.store, UserId::new("ada").unwrap());
    store.intend_live_input(&ada).await.unwrap();
    assert_eq!(status(running.ask(Method::GET, path)).await, 404, "it is only about to be");
    let record = LiveInputRecord {
        uid: Some("u1".into()),
        ingest_url: "rtmps://live.cloudflare.com:443/live/".into(),
        stream_key: "k-4711".to_owned().into(),
        playback: None,
    };
    store.record_live_input(&ada, &record).await.unwrap();
    let (_, input) = answer(running.ask(Method::GET, path)).await;
    assert_eq!(input, json!({ "ingest_url": "rtmps://live.cloudflare.com:443/live/" }));
    let (_, input) = answer(running.ask(Method::GET, &format!("{path}?reveal=true"))).await;
    assert_eq!(input["stream_key"], "k-4711");
    assert_eq!(status(running.ask(Method::GET, &format!("{path}?reveal=yes"))).await, 400);
}
