//! Sockets: opened, refused, counted.

use super::*;

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
