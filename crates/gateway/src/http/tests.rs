//! The public and admin routes over real connections on loopback.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_presence::{SessionGuard, Tracker, TrackerLimits};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

use crate::{
    Gateway, GatewayConfig, Metrics, Readiness, Role,
    auth::tests::{authenticator, token_for},
};

/// A gateway on ports of its own.
struct Running {
    gateway: Gateway,
    tracker: Tracker,
    readiness: Readiness,
    public: SocketAddr,
    admin: SocketAddr,
    client: Client,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

const LIMITS: TrackerLimits = TrackerLimits { sessions_per_user: 2, users: 3 };

async fn start() -> Running {
    start_with(GatewayConfig::default()).await
}

async fn start_with(config: GatewayConfig) -> Running {
    let tracker = Tracker::new(LIMITS);
    let readiness = Readiness::new();
    let metrics = Metrics::new();
    let gateway =
        Gateway::new(&config, tracker.clone(), authenticator(), readiness.clone(), metrics);
    let gateway = gateway.unwrap();
    let public = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let admin = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let shutdown = CancellationToken::new();
    let addresses = (public.local_addr().unwrap(), admin.local_addr().unwrap());
    let (running, ending) = (gateway.clone(), shutdown.clone());
    let task = tokio::spawn(async move { running.run(public, admin, ending).await });
    let client = Client::builder().no_proxy().build().unwrap();
    let (public, admin) = addresses;
    Running { gateway, tracker, readiness, public, admin, client, shutdown, task }
}

impl Running {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.public))
    }

    /// As `user` with `role`.
    fn call(&self, method: Method, path: &str, user: &str, role: Role) -> RequestBuilder {
        self.request(method, path).bearer_auth(token_for(user, role))
    }

    fn put_lease(&self, user: &str, session: &str, body: &Value) -> RequestBuilder {
        let path = format!("/api/presence/{user}/sessions/{session}");
        self.call(Method::PUT, &path, "backend", Role::Service).json(body)
    }

    /// A browser's handshake, with a token.
    fn connect(&self, query: &str) -> RequestBuilder {
        self.request(Method::GET, &format!("/socket/websocket?{query}"))
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
    }

    fn connect_as_ada(&self) -> RequestBuilder {
        self.connect(&format!("vsn=2.0.0&token={}", token_for("ada", Role::User)))
    }

    async fn ask_admin(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.admin)).send().await.unwrap()
    }

    fn track(&self, user: &str) -> SessionGuard {
        let (session, page) = (SessionId::new("tab").unwrap(), Page::new("home").unwrap());
        self.tracker.track(&UserId::new(user).unwrap(), session, page).unwrap()
    }
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    wait_until_async(what, async || condition()).await;
}

async fn wait_until_async(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let limit = Duration::from_secs(10);
    assert!(tokio::time::timeout(limit, waiting).await.is_ok(), "never: {what}");
}

#[tokio::test]
async fn who_one_is_must_be_said_and_proven() {
    let running = start().await;
    let path = "/api/presence";
    let response = running.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "token_missing");

    let (status, body) = answer(running.request(Method::GET, path).bearer_auth("a.b.c")).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({ "error": {
            "code": "token_invalid",
            "message": "the token is not valid: it is malformed",
        }})
    );
    let socket = running.connect("vsn=2.0.0&user=ada");
    assert_eq!(self::status(socket).await, 401, "a name alone does not count here");
}

#[tokio::test]
async fn a_lease_is_taken_renewed_changed_and_ended() {
    let running = start().await;
    let ada = UserId::new("ada").unwrap();

    let lease = running.put_lease("ada", "s1", &json!({ "page": "home", "ttl": "1m" }));
    let (status, first) = answer(lease).await;
    assert_eq!(status, 201);
    assert_eq!(
        first,
        json!({
            "user": "ada", "session": "s1", "page": "home", "ttl": "1m",
            "phx_ref": running.tracker.metas(&ada)[0].phx_ref.to_string(),
        })
    );

    let (status, second) = answer(running.put_lease("ada", "s1", &json!({ "page": "home" }))).await;
    assert_eq!((status, &second["ttl"]), (200, &json!("30s")));
    assert_eq!(second["phx_ref"], first["phx_ref"], "a renewal changes nothing for who looks on");

    let (_, third) = answer(running.put_lease("ada", "s1", &json!({ "page": "stream" }))).await;
    assert_ne!(third["phx_ref"], first["phx_ref"]);
    assert_eq!(running.tracker.metas(&ada)[0].page, Page::new("stream").unwrap());
    assert_eq!(running.gateway.lease_count(), 1);

    let path = "/api/presence/ada/sessions/s1";
    for _ in 0..2 {
        let delete = running.call(Method::DELETE, path, "backend", Role::Service);
        assert_eq!(self::status(delete).await, StatusCode::NO_CONTENT);
        assert!(!running.tracker.is_present(&ada));
    }
}

#[tokio::test]
async fn a_user_holds_leases_for_themselves_only() {
    let running = start().await;
    let body = json!({ "page": "home" });
    for (user, role, expected) in [
        ("ada", Role::User, 201),
        ("bob", Role::User, 403),
        ("bob", Role::Service, 200),
        ("bob", Role::Admin, 200),
    ] {
        let path = "/api/presence/ada/sessions/s1";
        let put = running.call(Method::PUT, path, user, role).json(&body);
        assert_eq!(status(put).await, expected, "{user} {role:?}");
    }
    let delete = running.call(Method::DELETE, "/api/presence/ada/sessions/s1", "bob", Role::User);
    assert_eq!(status(delete).await, 403);
    assert!(running.tracker.is_present(&UserId::new("ada").unwrap()));
}

#[tokio::test]
async fn what_is_wrong_with_a_lease_is_told_with_its_place() {
    let running = start().await;
    for (session, body, at, message) in [
        ("s1", json!({}), "body", "missing field `page`"),
        ("s1", json!([1]), "body", "invalid type"),
        ("s1", json!({ "page": "home", "colour": 1 }), "body", "unknown field `colour`"),
        ("s1", json!({ "page": "Home" }), "body", "page has the character 'H' at byte 0"),
        ("s1", json!({ "page": "home", "ttl": 30 }), "body", "invalid type"),
        ("s1", json!({ "page": "home", "ttl": "soon" }), "body", "invalid value"),
        ("s1", json!({ "page": "home", "ttl": "999ms" }), "body, field ttl", "from \"1s\" to"),
        ("s1", json!({ "page": "home", "ttl": "61m" }), "body, field ttl", "from \"1s\" to"),
        ("a%20b", json!({ "page": "home" }), "path", "session id has the character ' '"),
        (&"x".repeat(129), json!({ "page": "home" }), "path", "session id has 129 bytes"),
    ] {
        let (status, answer) = answer(running.put_lease("ada", session, &body)).await;
        let error = &answer["error"];
        assert_eq!((status, &error["code"], &error["at"]), (400, &json!("invalid"), &json!(at)));
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
    let huge = json!({ "page": "x".repeat(5000) });
    let (status, answer) = answer(running.put_lease("ada", "s1", &huge)).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("body_too_large")));
    assert_eq!(running.tracker.total_sessions(), 0);
}

#[tokio::test]
async fn the_trackers_limits_are_told_as_what_they_are() {
    let running = start().await;
    let body = json!({ "page": "home" });
    for session in ["s1", "s2"] {
        assert_eq!(status(running.put_lease("ada", session, &body)).await, 201);
    }
    let (status, error) = answer(running.put_lease("ada", "s3", &body)).await;
    assert_eq!((status, &error["error"]["code"]), (429, &json!("too_many_sessions")));

    let _others = [running.track("bob"), running.track("cy")];
    let response = running.put_lease("dan", "s1", &body).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["error"]["code"], "too_many_users");
}

#[tokio::test]
async fn a_service_sees_everybody_in_pages_and_a_user_themselves() {
    let running = start().await;
    let _guards = ["cy", "ada", "bob"].map(|user| running.track(user));
    let list = |query: &str, role| {
        let call = running.call(Method::GET, &format!("/api/presence{query}"), "ada", role);
        answer(call)
    };
    let users = |page: &Value| -> Vec<String> {
        page["users"].as_object().unwrap().keys().cloned().collect()
    };

    let (_, all) = list("", Role::Service).await;
    assert_eq!(
        (users(&all), &all["next"]),
        (vec!["ada".into(), "bob".into(), "cy".into()], &Value::Null)
    );
    assert_eq!(all["users"]["ada"]["metas"][0]["session_id"], "tab");

    let (_, first) = list("?limit=2", Role::Admin).await;
    assert_eq!((users(&first), &first["next"]), (vec!["ada".into(), "bob".into()], &json!("bob")));
    let (_, second) = list("?limit=2&after=bob", Role::Admin).await;
    assert_eq!((users(&second), &second["next"]), (vec!["cy".into()], &Value::Null));

    let (_, own) = list("", Role::User).await;
    assert_eq!(users(&own), ["ada"]);

    for wrong in ["?limit=0", "?limit=1001", "?limit=x", "?after=a%20b"] {
        assert_eq!(list(wrong, Role::Admin).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_in_the_same_form() {
    let running = start().await;
    let (status, body) = answer(running.request(Method::GET, "/api")).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")));
    let (status, body) = answer(running.request(Method::POST, "/api/presence")).await;
    assert_eq!((status, &body["error"]["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(running.ask_admin("/api/presence").await.status(), 404, "not on this listener");
    assert_eq!(self::status(running.request(Method::GET, "/metrics")).await, 404);
}

#[tokio::test]
async fn a_socket_opens_for_whom_it_should() {
    let running = start_with(GatewayConfig {
        origins: vec!["https://app.example.com".into()],
        ..GatewayConfig::default()
    })
    .await;
    let own_origin = format!("http://{}", running.public);
    for (origin, expected) in [
        (None, 101),
        (Some(own_origin.as_str()), 101),
        (Some("https://app.example.com"), 101),
        (Some("https://evil.example.com"), 403),
        (Some("null"), 403),
    ] {
        let mut request = running.connect_as_ada();
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        assert_eq!(status(request).await, expected, "{origin:?}");
    }
    let token = token_for("ada", Role::User);
    assert_eq!(status(running.connect(&format!("vsn=1.0.0&token={token}"))).await, 403);
    assert_eq!(status(running.connect("vsn=2.0.0")).await, 401);
    let plain = running.request(Method::GET, &format!("/socket/websocket?vsn=2.0.0&token={token}"));
    assert_eq!(status(plain).await, StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test]
async fn a_phoenix_client_connects_joins_and_leaves() {
    let running = start().await;
    let token = BASE64_URL_SAFE_NO_PAD.encode(token_for("ada", Role::User));
    let url = format!("ws://{}/socket/websocket?vsn=2.0.0", running.public);
    let mut request = url.into_client_request().unwrap();
    let protocols = format!("phoenix, base64url.bearer.phx.{token}");
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocols.parse().unwrap());

    let (mut socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(response.headers()[header::SEC_WEBSOCKET_PROTOCOL], "phoenix");
    socket.send(r#"["1","1","dashboard:home","phx_join",{}]"#.into()).await.unwrap();
    let reply = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let reply: Value = serde_json::from_str(&reply).unwrap();
    assert_eq!((&reply[3], &reply[4]["status"]), (&json!("phx_reply"), &json!("ok")));
    let ada = UserId::new("ada").unwrap();
    assert_eq!(running.tracker.metas(&ada)[0].page, Page::new("home").unwrap());

    drop(socket);
    wait_until("ada has left", || !running.tracker.is_present(&ada)).await;
}

#[tokio::test]
async fn a_socket_keeps_its_place_among_the_connections_until_it_ends() {
    let mut config = GatewayConfig::default();
    config.public.connections_per_address = 1;
    let running = start_with(config).await;
    let socket = running.connect_as_ada().send().await.unwrap().upgrade().await.unwrap();
    let (status, body) = answer(running.request(Method::GET, "/api/presence")).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("too_many_connections")));
    drop(socket);
    wait_until("the session has gone", || running.gateway.sessions().is_empty()).await;
    wait_until_async("there is room", async || {
        self::status(running.request(Method::GET, "/api/presence")).await == 401
    })
    .await;
}

#[tokio::test]
async fn a_draining_server_takes_no_sessions_and_says_so() {
    let running = start().await;
    assert_eq!(running.ask_admin("/ready").await.status(), 200);
    let body = json!({ "page": "home" });
    assert_eq!(status(running.put_lease("ada", "s1", &body)).await, 201);

    running.gateway.drain();

    assert_eq!(status(running.put_lease("bob", "s1", &body)).await, 503);
    assert_eq!(status(running.connect_as_ada()).await, 503);
    assert_eq!(running.ask_admin("/live").await.status(), 200);
    let ready = running.ask_admin("/ready").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready, json!({ "ready": false, "draining": true, "conditions": {} }));
    assert!(running.tracker.is_present(&UserId::new("ada").unwrap()), "who is here stays");
}

#[tokio::test]
async fn readiness_names_its_conditions() {
    let running = start().await;
    running.readiness.condition("presence").set(true);
    let users = running.readiness.condition("users");
    let ready = running.ask_admin("/ready").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    let conditions = json!({ "presence": true, "users": false });
    assert_eq!(ready, json!({ "ready": false, "draining": false, "conditions": conditions }));
    users.set(true);
    assert_eq!(running.ask_admin("/ready").await.status(), 200);
}

#[tokio::test]
async fn metrics_tell_what_has_happened() {
    let running = start().await;
    let _guard = running.track("ada");
    let lease = running.put_lease("bob", "s1", &json!({ "page": "home" }));
    assert_eq!(answer(lease).await.0, 201);
    assert_eq!(answer(running.request(Method::GET, "/api/presence")).await.0, 401);
    let foreign = running.connect_as_ada().header(header::ORIGIN, "https://evil.example.com");
    assert_eq!(answer(foreign).await.0, 403);

    let response = running.ask_admin("/metrics").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], crate::METRICS_CONTENT_TYPE);
    let text = response.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"));
    // Label values come in no particular order.
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ")).collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    stagedoor_auth_requests_refused_total{reason="token_missing"} 1
    stagedoor_channel_joins_total 0
    stagedoor_channel_requests_refused_total{reason="bad page"} 0
    stagedoor_channel_requests_refused_total{reason="binary messages are not supported"} 0
    stagedoor_channel_requests_refused_total{reason="refused"} 0
    stagedoor_channel_requests_refused_total{reason="shutting down"} 0
    stagedoor_channel_requests_refused_total{reason="too many channels joined"} 0
    stagedoor_channel_requests_refused_total{reason="too many sessions"} 0
    stagedoor_channel_requests_refused_total{reason="too many users"} 0
    stagedoor_channel_requests_refused_total{reason="unauthorized"} 0
    stagedoor_channel_requests_refused_total{reason="unknown event"} 0
    stagedoor_channel_requests_refused_total{reason="unmatched topic"} 0
    stagedoor_http_responses_total{listener="public",class="2xx"} 1
    stagedoor_http_responses_total{listener="public",class="4xx"} 2
    stagedoor_listener_connections_accepted_total{listener="admin"} 1
    stagedoor_listener_connections_accepted_total{listener="public"} 1
    stagedoor_listener_connections{listener="admin"} 1
    stagedoor_listener_connections{listener="public"} 1
    stagedoor_origin_requests_refused_total 1
    stagedoor_presence_leases 1
    stagedoor_presence_leases_expired_total 0
    stagedoor_presence_sessions 2
    stagedoor_presence_users 2
    stagedoor_socket_frames_total{direction="in"} 0
    stagedoor_socket_frames_total{direction="out"} 0
    stagedoor_socket_sessions 0
    stagedoor_socket_sessions_closed_total{reason="idle"} 0
    stagedoor_socket_sessions_closed_total{reason="protocol_error"} 0
    stagedoor_socket_sessions_closed_total{reason="slow_consumer"} 0
    stagedoor_socket_sessions_opened_total 0
    "#);
    for line in text.lines().filter(|line| line.starts_with("# HELP")) {
        assert!(line.starts_with("# HELP stagedoor_") && line.ends_with('.'), "{line}");
    }
}

#[tokio::test]
async fn a_shutdown_closes_sockets_and_ends_the_run() {
    let running = start().await;
    let socket = running.connect_as_ada().send().await.unwrap();
    assert_eq!(socket.status(), 101);
    let mut socket = socket.upgrade().await.unwrap();
    wait_until("the session is there", || running.gateway.sessions().len() == 1).await;

    running.shutdown.cancel();

    let mut frame = [0; 4];
    tokio::io::AsyncReadExt::read_exact(&mut socket, &mut frame).await.unwrap();
    assert_eq!(frame[0], 0x88, "a close frame");
    assert_eq!(u16::from_be_bytes([frame[2], frame[3]]), 1012, "come back later");
    drop(socket);
    tokio::time::timeout(Duration::from_secs(10), running.task).await.unwrap().unwrap();
    assert!(running.gateway.sessions().is_empty());
}

#[tokio::test]
async fn sessions_and_leases_outlive_a_crash_of_the_gateway() {
    let tracker = Tracker::new(LIMITS);
    let (readiness, metrics) = (Readiness::new(), Metrics::new());
    let config = GatewayConfig::default();
    let gateway =
        Gateway::new(&config, tracker.clone(), authenticator(), readiness.clone(), metrics);
    let gateway = gateway.unwrap();
    let public = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let admin = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let run = || {
        let (gateway, public, admin) = (gateway.clone(), public.clone(), admin.clone());
        tokio::spawn(async move { gateway.run(public, admin, CancellationToken::new()).await })
    };
    let first = run();
    let mut running = Running {
        client: Client::builder().no_proxy().build().unwrap(),
        shutdown: CancellationToken::new(),
        public: public.local_addr().unwrap(),
        admin: admin.local_addr().unwrap(),
        gateway: gateway.clone(),
        tracker,
        readiness,
        task: first,
    };
    assert_eq!(status(running.put_lease("ada", "s1", &json!({ "page": "home" }))).await, 201);
    let socket = running.connect_as_ada().send().await.unwrap().upgrade().await.unwrap();
    wait_until("the session is there", || gateway.sessions().len() == 1).await;

    running.task.abort();
    assert!((&mut running.task).await.unwrap_err().is_cancelled());
    running.task = run();

    let renewed = status(running.put_lease("ada", "s1", &json!({ "page": "home" }))).await;
    assert_eq!(renewed, 200, "on the same port, and the lease is there");
    assert_eq!(gateway.sessions().len(), 1);
    drop(socket);
    wait_until("the session has gone", || gateway.sessions().is_empty()).await;
}
