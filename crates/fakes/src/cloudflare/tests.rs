//! The wire, as a client that is not ours sees it.

use axum::{Router, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::*;

async fn start() -> (FakeCloudflare, Client) {
    let fake = FakeCloudflare::start(FakeConfig::default()).await.unwrap();
    (fake, Client::builder().no_proxy().build().unwrap())
}

fn inputs(fake: &FakeCloudflare) -> String {
    let account = &fake.config().account_id;
    format!("{}/accounts/{account}/stream/live_inputs", fake.base_url())
}

async fn send(fake: &FakeCloudflare, request: RequestBuilder) -> (u16, Value) {
    let answer = request.bearer_auth(&fake.config().token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn keys_are_answered_by_id_and_never_in_a_list() {
    let (fake, http) = start().await;
    let body = json!({ "meta": { "name": "x:ada" } });
    let (status, created) = send(&fake, http.post(inputs(&fake)).json(&body)).await;
    assert_eq!((status, &created["success"]), (200, &json!(true)));
    let uid = created["result"]["uid"].as_str().unwrap();
    let (_, read) = send(&fake, http.get(format!("{}/{uid}", inputs(&fake)))).await;
    assert!(read["result"]["rtmps"]["streamKey"].is_string());
    assert_eq!(read["result"]["status"], Value::Null);
    let (_, list) = send(&fake, http.get(inputs(&fake))).await;
    let entry = &list["result"]["liveInputs"][0];
    assert_eq!(entry["uid"], uid);
    assert!(entry.get("rtmps").is_none() && entry.get("status").is_none());
}

#[tokio::test]
async fn of_an_output_only_enabled_can_be_changed() {
    let (fake, http) = start().await;
    let (_, input) = send(&fake, http.post(inputs(&fake)).json(&json!({}))).await;
    let outputs = format!("{}/{}/outputs", inputs(&fake), input["result"]["uid"].as_str().unwrap());
    let body = json!({ "url": "rtmp://x/app", "streamKey": "k" });
    let (_, output) = send(&fake, http.post(&outputs).json(&body)).await;
    assert_eq!(output["result"]["enabled"], true);
    let output = format!("{outputs}/{}", output["result"]["uid"].as_str().unwrap());
    let (status, _) = send(&fake, http.put(&output).json(&json!({ "url": "rtmp://y/app" }))).await;
    assert_eq!(status, 400);
    let (status, changed) = send(&fake, http.put(&output).json(&json!({ "enabled": false }))).await;
    assert_eq!((status, &changed["result"]["enabled"]), (200, &json!(false)));
    for _ in 0..world::MAX_OUTPUTS - 1 {
        assert_eq!(send(&fake, http.post(&outputs).json(&body)).await.0, 200);
    }
    assert_eq!(send(&fake, http.post(&outputs).json(&body)).await.0, 400);
}

#[tokio::test]
async fn strangers_are_not_let_in() {
    let (fake, http) = start().await;
    let stranger = http.get(inputs(&fake)).bearer_auth("guessed").send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    let elsewhere = format!("{}/accounts/another/stream/live_inputs", fake.base_url());
    assert_eq!(send(&fake, http.get(elsewhere)).await.0, 403);
}

#[tokio::test]
async fn one_call_too_many_blocks_all() {
    let config = FakeConfig {
        limit: 3,
        window: Duration::from_mins(1),
        block: Duration::from_mins(1),
        ..FakeConfig::default()
    };
    let fake = FakeCloudflare::start(config).await.unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    for left in ["2", "1", "0"] {
        let call = http.get(inputs(&fake)).bearer_auth(&fake.config().token);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.headers()["x-ratelimit-remaining"], left);
    }
    for _ in 0..2 {
        let call = http.get(inputs(&fake)).bearer_auth(&fake.config().token);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()["retry-after"], "60");
    }
    assert_eq!((fake.refused(), fake.calls()), (2, 5));
}

#[tokio::test]
async fn notifications_come_in_order_with_the_secret_and_again_when_refused() {
    let (fake, http) = start().await;
    let (sender, mut received) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let hook =
        async |State((sender, refuse)): State<(mpsc::UnboundedSender<_>, Arc<Mutex<u32>>)>,
               headers: HeaderMap,
               body: String| {
            let mut left = lock(&refuse);
            if *left > 0 {
                *left -= 1;
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            let body: Value = serde_json::from_str(&body).unwrap();
            sender.send((headers["cf-webhook-auth"].clone(), body)).unwrap();
            StatusCode::OK
        };
    let router = Router::new().route("/hook", post(hook));
    let router = router.with_state((sender, Arc::new(Mutex::new(1))));
    let _server = JoinSet::from_iter([async move { axum::serve(listener, router).await }]);
    fake.set_webhook(Some(WebhookTarget { url, secret: "hush".into() }));
    let body = json!({ "meta": { "name": "x:ada" } });
    send(&fake, http.post(inputs(&fake)).json(&body)).await;
    let uid = fake.input_of("ada").unwrap().uid;
    let events = [
        (Encoder::Connected, "live_input.connected"),
        (Encoder::Errored("ERR_GOP_OUT_OF_RANGE".into()), "live_input.errored"),
        (Encoder::Disconnected, "live_input.disconnected"),
    ];
    for (encoder, _) in &events {
        assert!(fake.encoder(&uid, encoder.clone()));
    }
    for (_, event_type) in events {
        let (secret, body) = received.recv().await.unwrap();
        assert_eq!(secret, "hush");
        assert_eq!(body["data"]["event_type"], event_type);
        assert_eq!(body["data"]["input_id"], *uid);
    }
}

#[tokio::test]
async fn people_command_encoders_by_the_users_name() {
    let (fake, http) = start().await;
    let body = json!({ "meta": { "name": "x:ada" } });
    send(&fake, http.post(inputs(&fake)).json(&body)).await;
    let control = format!("http://{}/control", fake.address());
    let connect = |user: &str| http.post(format!("{control}/users/{user}/encoder/connect")).send();
    assert_eq!(connect("ada").await.unwrap().status(), StatusCode::OK);
    assert_eq!(connect("bob").await.unwrap().status(), StatusCode::NOT_FOUND);
    let list: Value =
        http.get(format!("{control}/inputs")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&list[0]["name"], &list[0]["encoder"]), (&json!("x:ada"), &json!("connected")));
    assert!(!list.to_string().contains("streamKey"));
}

#[tokio::test]
async fn an_encoder_connects_by_itself_where_it_is_told_to() {
    let config = FakeConfig {
        encoder_connects_after: Some(Duration::from_millis(20)),
        ..FakeConfig::default()
    };
    let fake = FakeCloudflare::start(config).await.unwrap();
    let http = Client::builder().no_proxy().build().unwrap();
    send(&fake, http.post(inputs(&fake)).json(&json!({ "meta": { "name": "ada" } }))).await;
    let connected = async {
        while fake.input_of("ada").unwrap().encoder != Encoder::Connected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), connected).await.unwrap();
}
