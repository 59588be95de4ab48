//! The stream by HTTP.

use super::*;

const STREAM: &str = "/api/v1/users/ada/stream";

impl Running {
    /// The encoder connects, as a trusted service may report.
    pub(super) async fn connect_encoder(&self, user: &str) {
        let event = json!({
            "platform": "cloudflare",
            "kind": "input.connected",
            "occurred_at": jiff::Timestamp::now(),
            "dedupe_key": "encoder",
        });
        let path = format!("/api/v1/users/{user}/events");
        let (status, receipt) = answer(self.ask(Method::POST, &path).json(&event)).await;
        assert_eq!(status, 201, "{receipt}");
    }

    pub(super) async fn put_destination(&self, user: &str, id: &str) {
        let path = format!("/api/v1/users/{user}/destinations/{id}");
        let body = json!({
            "platform": "twitch", "url": "rtmps://live.example.com/app", "stream_key": "live_1",
        });
        let (status, answer) = answer(self.ask(Method::PUT, &path).json(&body)).await;
        assert_eq!(status, 201, "{answer}");
    }

    async fn stream_is(&self, status: &str) {
        let what = format!("the stream is {status}");
        wait_until_async(&what, async || {
            answer(self.ask(Method::GET, STREAM)).await.1["status"] == *status
        })
        .await;
    }
}

#[tokio::test]
async fn without_a_tree_the_state_is_what_is_stored() {
    let running = start().await;
    let (status, state) = answer(running.ask(Method::GET, STREAM)).await;
    assert_eq!(status, 200);
    assert_eq!((&state["running"], &state["status"]), (&json!(false), &json!("offline")));
    let body = json!({ "title": "Late night" });
    let path = format!("{STREAM}/metadata");
    assert_eq!(answer(running.ask(Method::PUT, &path).json(&body)).await.0, 200);
    let (_, state) = answer(running.ask(Method::GET, STREAM)).await;
    assert_eq!(state["metadata"]["title"], "Late night");
}

#[tokio::test]
async fn commands_without_a_tree_say_what_to_do() {
    let running = start().await;
    for path in ["stream/start", "stream/stop", "alerts/pause", "alerts/skip", "alerts/clear"] {
        let path = format!("/api/v1/users/ada/{path}");
        let (status, answer) = answer(running.ask(Method::POST, &path)).await;
        let error = &answer["error"];
        assert_eq!((status, &error["code"]), (409, &json!("tree_not_running")), "{path}");
        assert!(error["help"].as_str().unwrap().contains("lease"), "{error}");
    }
}

#[tokio::test]
async fn a_stream_is_started_and_stopped() {
    let running = start().await;
    running.house.start_tree("ada").await;
    running.put_destination("ada", "twitch").await;
    running.stream_is("offline").await;
    let start_path = format!("{STREAM}/start");
    let (status, refused) = answer(running.ask(Method::POST, &start_path)).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("encoder_not_connected")));

    running.connect_encoder("ada").await;
    running.stream_is("ready").await;
    let body = json!({ "destinations": ["nowhere"] });
    let (status, refused) = answer(running.ask(Method::POST, &start_path).json(&body)).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("unknown_destination")));
    assert_eq!(refused["error"]["field"], "destinations");

    let (status, accepted) = answer(running.ask(Method::POST, &start_path)).await;
    assert_eq!((status, &accepted["status"]), (202, &json!("starting")), "{accepted}");
    let (_, state) = answer(running.ask(Method::GET, STREAM)).await;
    assert_eq!(state["running"], true);
    assert_eq!(state["destinations"][0]["id"], "twitch");

    let used = running.ask(Method::DELETE, "/api/v1/users/ada/destinations/twitch");
    let (status, refused) = answer(used).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("destination_in_use")));

    let (status, _) = answer(running.ask(Method::POST, &format!("{STREAM}/stop"))).await;
    assert_eq!(status, 202);
    let (_, page) = answer(running.ask(Method::GET, "/api/v1/users/ada/livestreams")).await;
    let id = page["livestreams"][0]["id"].as_str().unwrap();
    let (status, summary) =
        answer(running.ask(Method::GET, &format!("/api/v1/users/ada/livestreams/{id}"))).await;
    assert_eq!((status, &summary["livestream"]["id"]), (200, &json!(id)));
}

#[tokio::test]
async fn metadata_are_set_whole_or_in_part() {
    let running = start().await;
    running.house.start_tree("ada").await;
    let path = format!("{STREAM}/metadata");
    let body = json!({ "title": "One", "tags": ["a"], "thumbnail_url": "https://x.example/a.png" });
    let (status, set) = answer(running.ask(Method::PUT, &path).json(&body)).await;
    assert_eq!((status, &set["title"]), (200, &json!("One")), "{set}");
    let change = json!({ "title": "Two", "thumbnail_url": null });
    let (_, changed) = answer(running.ask(Method::PATCH, &path).json(&change)).await;
    assert_eq!(changed["tags"], json!(["a"]));
    assert_eq!((&changed["title"], &changed["thumbnail_url"]), (&json!("Two"), &Value::Null));
    assert_eq!(answer(running.ask(Method::GET, &path)).await.1, changed);

    for (body, field) in [
        (json!({ "title": "x".repeat(2000) }), "title"),
        (json!({ "titel": "x" }), "titel"),
        (json!({ "tags": [7] }), "tags.0"),
        (json!({ "thumbnail_url": "javascript:alert(1)" }), "thumbnail_url"),
    ] {
        let (status, answer) = answer(running.ask(Method::PUT, &path).json(&body)).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
}

#[tokio::test]
async fn who_may_do_what() {
    let running = start().await;
    let own = [
        (Method::GET, "stream"),
        (Method::GET, "destinations"),
        (Method::GET, "events"),
        (Method::GET, "alerts"),
        (Method::GET, "livestreams"),
        (Method::GET, "analytics/series"),
        (Method::GET, "accounts"),
        (Method::GET, "alerts/settings"),
        (Method::GET, "widgets/chat/settings"),
    ];
    for (method, path) in own {
        let path = format!("/api/v1/users/ada/{path}");
        for (user, role, expected) in [
            ("ada", Role::User, 200),
            ("bob", Role::User, 403),
            ("backend", Role::Service, 200),
            ("root", Role::Admin, 200),
        ] {
            let status = status(running.call(method.clone(), &path, user, role)).await;
            assert_eq!(status, expected, "{user} {role:?} {path}");
        }
        assert_eq!(status(running.request(method, &path)).await, 401, "{path}");
    }
    for (method, path) in
        [(Method::POST, "events"), (Method::POST, "donations"), (Method::PUT, "accounts/twitch")]
    {
        let path = format!("/api/v1/users/ada/{path}");
        for (user, role, expected) in
            [("ada", Role::User, 403), ("backend", Role::Service, 400), ("root", Role::Admin, 400)]
        {
            let status = status(running.call(method.clone(), &path, user, role)).await;
            assert_eq!(status, expected, "{user} {role:?} {path}");
        }
    }
}

#[tokio::test]
async fn pages_of_foreign_origins_command_nothing() {
    let running = start().await;
    let path = "/api/v1/users/ada/stream/stop";
    let foreign = running.ask(Method::POST, path).header(header::ORIGIN, "https://evil.example");
    let (status, answer) = answer(foreign).await;
    assert_eq!((status, &answer["error"]["code"]), (403, &json!("origin_refused")));
}

#[tokio::test]
async fn a_path_that_cannot_be_names_its_part() {
    let running = start().await;
    for (path, field) in [
        ("/api/v1/users/a%20b/stream", "user"),
        ("/api/v1/users/ada/destinations/No", "id"),
        ("/api/v1/users/ada/livestreams/7", "id"),
        ("/api/v1/users/ada/widgets/clock/settings", "widget"),
    ] {
        let (status, answer) = answer(running.ask(Method::GET, path)).await;
        let error = &answer["error"];
        assert_eq!(
            (status, &error["at"], &error["field"]),
            (400, &json!("path"), &json!(field)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_demonstration_says_so_on_every_answer_and_nothing_else_does() {
    let running = start_with(GatewayConfig { demo: true, ..GatewayConfig::default() }).await;
    for path in ["/api/v1/users/ada/stream", "/nowhere", "/api/openapi.json"] {
        let response = running.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.headers()["x-stagedoor-demo"], "true", "{path}");
    }
    assert_eq!(running.ask_admin("/live").await.headers()["x-stagedoor-demo"], "true");
    let real = start().await;
    assert!(!real.ask_admin("/live").await.headers().contains_key("x-stagedoor-demo"));
}
