use std::future;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::accept_async;

use super::*;

/// A server that sends `script` after the first message, and then nothing.
async fn client_of(script: Vec<Message>) -> ChannelClient<DuplexStream> {
    let (client, server) = duplex(4096);
    tokio::spawn(async move {
        let mut socket = accept_async(server).await.unwrap();
        socket.next().await;
        for message in script {
            socket.send(message).await.unwrap();
        }
        // Alive, but silent.
        future::pending::<()>().await;
    });
    ChannelClient::to("localhost").over(client).await.unwrap()
}

fn text(value: &Value) -> Message {
    Message::text(value.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_told_from_what_comes_before_it() {
    let ok = json!({"status": "ok", "response": {"session_id": "s"}});
    let mut client = client_of(vec![
        text(&json!([null, null, "t", "presence_diff", {}])),
        text(&json!(["9", "9", "t", "phx_reply", {"status": "error", "response": {}}])),
        text(&json!(["1", "1", "t", "phx_reply", ok])),
    ])
    .await;
    let reply = client.join("t").await.unwrap();
    assert!(reply.is_ok());
    assert_eq!(reply.response["session_id"], "s");
    let other = client.expect("phx_reply").await.unwrap();
    assert_eq!(other.reference.as_deref(), Some("9"));
    assert_eq!(client.next().await.unwrap().event, "presence_diff");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_an_error_that_shows_what_came() {
    let mut client = client_of(vec![text(&json!([null, null, "t", "other", {}]))]).await;
    let error = client.heartbeat().await.unwrap_err().to_string();
    assert!(error.starts_with("no reply to heartbeat of phoenix within 10s"), "{error}");
    assert!(error.contains("\"other\""), "{error}");
    assert_eq!(client.drain(Duration::from_secs(1)).await.unwrap().len(), 1);
    assert_eq!(client.drain(Duration::from_secs(1)).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_has_no_code() {
    let (client, server) = duplex(4096);
    let mut client = ChannelClient::on(client).await;
    drop(server);
    assert_eq!(client.closed().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_handshake_shows_status_and_body() {
    let (client, mut server) = duplex(4096);
    let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 7\r\n\r\nexpired";
    let requested = tokio::spawn(async move {
        let mut request = vec![0; 4096];
        let bytes = server.read(&mut request).await.unwrap();
        server.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..bytes]).into_owned()
    });
    let connect = ChannelClient::to("127.0.0.1:4000").param("user", "ada").auth_token("t");
    match connect.over(client).await.unwrap_err() {
        ClientError::Refused { status, .. } => assert_eq!(status, 401),
        error => panic!("{error}"),
    }
    let request = requested.await.unwrap();
    assert!(request.starts_with("GET /socket/websocket?vsn=2.0.0&user=ada HTTP/1.1"), "{request}");
    assert!(request.contains("phoenix, base64url.bearer.phx.dA"), "{request}");
}
