//! The fake itself, without the client it is made for.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::{Router, extract::State, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::timeout};

use super::*;

const ADA: u64 = 1;

type Arrived = mpsc::UnboundedReceiver<(HeaderMap, Bytes)>;

struct Scene {
    fake: FakeKick,
    http: reqwest::Client,
    token: String,
    arrived: Arrived,
    _webhook: JoinSet<()>,
}

impl Scene {
    async fn new() -> Self {
        let fake = FakeKick::start(FakeConfig::default()).await.unwrap();
        fake.add_channel(ADA, "ada");
        let token = fake.grant(ADA).access;
        let (sender, arrived) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        fake.set_webhook(Some(format!("http://{}/", listener.local_addr().unwrap())));
        let take = async |State(sender): State<Arc<mpsc::UnboundedSender<_>>>,
                          headers: HeaderMap,
                          body: Bytes| {
            sender.send((headers, body)).unwrap();
        };
        let router = Router::new().route("/", post(take)).with_state(Arc::new(sender));
        let mut webhook = JoinSet::new();
        webhook.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { fake, http, token, arrived, _webhook: webhook }
    }

    async fn subscribed() -> Self {
        let scene = Self::new().await;
        let events: Vec<_> = subscriptions::EVENTS
            .iter()
            .map(|name| json!({ "name": name, "version": 1 }))
            .collect();
        let body = json!({ "method": "webhook", "events": events });
        let (status, answer) =
            scene.call(scene.http.post(scene.at("v1/events/subscriptions")).json(&body)).await;
        assert_eq!(status, 200);
        assert!(answer["data"][9]["subscription_id"].is_string());
        scene
    }

    fn at(&self, path: &str) -> String {
        format!("{}/public/{path}", self.fake.api_url())
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn next(&mut self) -> (HeaderMap, Value) {
        let arrived = timeout(Duration::from_secs(10), self.arrived.recv()).await;
        let (headers, body) = arrived.expect("it arrives in time").unwrap();
        let body = serde_json::from_slice(&body).unwrap();
        (headers, body)
    }
}

fn bob() -> Viewer {
    Viewer::new(7, "bob")
}

#[tokio::test]
async fn a_delivery_is_signed_by_the_key_that_is_published() {
    let mut scene = Scene::subscribed().await;
    scene.fake.follow(ADA, &bob());
    let (headers, body) =
        timeout(Duration::from_secs(10), scene.arrived.recv()).await.unwrap().unwrap();
    let (_, key) = scene.call(scene.http.get(scene.at("v1/public-key"))).await;
    let pem = key["data"]["public_key"].as_str().unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, STANDARD.decode(der).unwrap());
    let of = |name: &str| headers[name].to_str().unwrap();
    let (id, at) = (of("kick-event-message-id"), of("kick-event-message-timestamp"));
    assert_eq!((id.len(), at.len(), of("kick-event-type")), (26, 20, "channel.followed"));
    let signature = STANDARD.decode(of("kick-event-signature")).unwrap();
    let signed = [id.as_bytes(), at.as_bytes(), &body].join(&b'.');
    key.verify(&signed, &signature).unwrap();
    assert!(key.verify(&signed[1..], &signature).is_err());
}

#[tokio::test]
async fn what_nobody_subscribed_to_is_not_delivered() {
    let scene = Scene::new().await;
    scene.fake.chat(ADA, &bob(), "hello");
    assert_eq!(scene.fake.pending(), 0);
    assert_eq!(scene.fake.messages(ADA).len(), 1);
}

#[tokio::test]
async fn a_subscription_that_is_refused_does_not_refuse_the_others() {
    let scene = Scene::new().await;
    scene.fake.refuse_event("kicks.gifted", Some("limit reached"));
    let body = json!({ "method": "webhook", "events": [
        { "name": "kicks.gifted", "version": 1 },
        { "name": "channel.followed", "version": 1 },
        { "name": "channel.hosted", "version": 1 },
    ] });
    let (_, answer) =
        scene.call(scene.http.post(scene.at("v1/events/subscriptions")).json(&body)).await;
    assert_eq!(answer["data"][0]["error"], "limit reached");
    assert_eq!(answer["data"][2]["error"], "unknown event");
    assert_eq!(scene.fake.subscriptions(ADA), ["channel.followed".into()]);
}

#[tokio::test]
async fn deliveries_are_reordered_doubled_and_lost_as_told() {
    let mut scene = Scene::subscribed().await;
    for mischief in [Mischief::Reorder, Mischief::Duplicate, Mischief::Lose] {
        scene.fake.script(mischief, 1);
    }
    for text in ["first", "second", "third", "fourth"] {
        scene.fake.chat(ADA, &bob(), text);
    }
    let mut texts = Vec::new();
    for _ in 0..4 {
        texts.push(scene.next().await.1["content"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, ["second", "second", "first", "fourth"]);
}

#[tokio::test]
async fn chaos_is_the_same_each_time() {
    let chaos = Chaos { seed: 7, duplicates: 30, delays: 30, delay: Duration::from_secs(1) };
    let roll = || {
        let mut script = script::Script::default();
        script.set_chaos(Some(chaos));
        (0..100).map(|_| script.next()).collect::<Vec<_>>()
    };
    assert_eq!(roll(), roll());
    let doubled = roll().iter().filter(|next| **next == Some(Mischief::Duplicate)).count();
    assert!((15..45).contains(&doubled), "{doubled}");
}

#[tokio::test]
async fn whoever_lacks_the_scope_or_the_token_is_not_let_in() {
    let mut scene = Scene::new().await;
    let body = json!({ "type": "bot", "content": "hi" });
    let send = |scene: &Scene| scene.http.post(scene.at("v1/chat")).json(&body);
    assert_eq!(scene.call(send(&scene)).await.0, 200);
    scene.token = scene.fake.oauth().app_token();
    assert_eq!(scene.call(send(&scene)).await.0, 403);
    scene.token = "guessed".into();
    assert_eq!(scene.call(send(&scene)).await.0, 401);
}

#[tokio::test]
async fn only_the_streamer_sees_the_stream_key() {
    let mut scene = Scene::new().await;
    let channel =
        |scene: &Scene| scene.http.get(scene.at(&format!("v1/channels?broadcaster_user_id={ADA}")));
    let (_, own) = scene.call(channel(&scene)).await;
    assert!(own["data"][0]["stream"]["key"].as_str().unwrap().starts_with("sk_1_"));
    scene.token = scene.fake.oauth().app_token();
    let (_, others) = scene.call(channel(&scene)).await;
    assert_eq!(others["data"][0]["stream"]["key"], "");
}

#[tokio::test]
async fn a_lively_channel_is_on_air_and_has_a_chat() {
    let mut scene = Scene::subscribed().await;
    scene.fake.enliven(ADA, Duration::from_millis(1));
    assert_eq!(scene.next().await.1["is_live"], true);
    let mut types = std::collections::BTreeSet::new();
    while types.len() < 6 {
        let (headers, body) = scene.next().await;
        assert_eq!(body["broadcaster"]["user_id"], ADA);
        types.insert(headers["kick-event-type"].to_str().unwrap().to_owned());
    }
    assert!(types.contains("chat.message.sent"), "{types:?}");
}
