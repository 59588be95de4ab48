//! Health and metrics.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::*;

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
    let users = Arc::new(AtomicBool::new(false));
    running.readiness.condition("presence", || true);
    running.readiness.condition("users", {
        let users = Arc::clone(&users);
        move || users.load(Ordering::Relaxed)
    });
    let ready = running.ask_admin("/ready").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    let conditions = json!({ "presence": true, "users": false });
    assert_eq!(ready, json!({ "ready": false, "draining": false, "conditions": conditions }));
    users.store(true, Ordering::Relaxed);
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
    stagedoor_channel_commands_total{outcome="error"} 0
    stagedoor_channel_commands_total{outcome="ok"} 0
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
