//! From hyper's hands into a session.

use std::{future, time::Duration};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};

use super::{Gateway, Identity, Role, gateway, user};
use crate::websocket::handshake;

/// Serves one request over a pipe with `server`, and sends a heartbeat right behind the handshake.
async fn upgraded_heartbeat<F>(server: impl FnOnce(DuplexStream, Gateway) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let gateway = gateway();
    let (mut client, stream) = duplex(4096);
    tokio::spawn(server(stream, gateway.clone()));
    let mut request =
        b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            .to_vec();
    let beat = br#"[null,"1","phoenix","heartbeat",{}]"#;
    request.extend([0x81, 0x80 | u8::try_from(beat.len()).unwrap(), 0, 0, 0, 0]);
    request.extend(beat);
    client.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#""phx_reply",{"status":"ok","response":{}}]"#) {
        let read = timeout(Duration::from_secs(10), client.read_buf(&mut answer)).await;
        assert_ne!(read.expect("more comes").unwrap(), 0, "{}", answer.escape_ascii());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    drop(client);
    gateway.sessions.closed().await;
}

impl Gateway {
    fn answer(&self, mut request: Request<Incoming>) -> Response<String> {
        let upgrade = hyper::upgrade::on(&mut request);
        let identity = Identity { user: user("ada"), role: Role::User };
        self.sessions.serve_upgrade::<DuplexStream>(upgrade, identity);
        let (request, _) = request.into_parts();
        handshake(&request).unwrap().response()
    }
}

#[tokio::test]
async fn a_connection_is_taken_over_from_hyper() {
    upgraded_heartbeat(|stream, gateway| async move {
        let service =
            service_fn(move |request| future::ready(Ok::<_, String>(gateway.answer(request))));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connection.with_upgrades().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_taken_over_from_hyper_util() {
    upgraded_heartbeat(|stream, gateway| async move {
        let service =
            service_fn(move |request| future::ready(Ok::<_, String>(gateway.answer(request))));
        let server = auto::Builder::new(TokioExecutor::new());
        server.serve_connection_with_upgrades(TokioIo::new(stream), service).await.unwrap();
    })
    .await;
}
