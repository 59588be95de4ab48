//! Who comes in, and who does not.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use secrecy::SecretString;
use serde_json::json;
use stagedoor_inspect::{
    ConnectError, Endpoint, InspectClient, ListenError, Listener, Refusal, ServeConfig, serve,
};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::{
    house::{House, LIMIT, TOKEN, until},
    raw::Raw,
};

async fn connect(path: &Path) -> Result<InspectClient, ConnectError> {
    InspectClient::connect(&Endpoint::Unix(path.into()), LIMIT).await
}

#[tokio::test]
async fn another_version_is_refused_and_told_which() {
    let house = House::open().await;
    let mut raw = Raw::connect(&house.serve_unix(house.config()).await).await;
    raw.say(r#"{"stagedoor":2}"#).await;
    let refused = json!({ "refused": { "why": "version", "daemon": 1, "client": 2 } });
    assert_eq!(raw.hear().await, Some(refused));
    assert_eq!(raw.hear().await, None, "and then the connection is closed");
}

#[tokio::test]
async fn a_wrong_or_missing_token_is_refused() {
    let house = House::open().await;
    let address = house.serve_tcp(house.config()).await;
    for token in ["", "a token of the testz", "a token of the tests and more"] {
        let token = SecretString::from(token);
        let endpoint = Endpoint::Tcp { address: address.clone(), token };
        let refused = InspectClient::connect(&endpoint, LIMIT).await.unwrap_err();
        assert!(
            matches!(refused, ConnectError::Refused { refusal: Refusal::Token, .. }),
            "{refused:?}"
        );
        assert!(!format!("{refused:?} {refused}").contains("token of the"), "no secret is told");
    }
    assert_eq!(house.connections.refused(), 3);
    assert_eq!(house.connections.served(), 0);
}

#[tokio::test]
async fn who_says_no_hello_in_time_is_sent_away() {
    let house = House::open().await;
    let config = ServeConfig { hello_limit: Duration::from_millis(30), ..house.config() };
    let mut raw = Raw::connect(&house.serve_unix(config).await).await;
    let late = json!({ "refused": { "why": "late", "limit_ms": 30 } });
    assert_eq!(raw.hear().await, Some(late));
    assert_eq!(raw.hear().await, None);
}

#[tokio::test]
async fn what_is_not_a_hello_is_sent_away() {
    let house = House::open().await;
    let path = house.serve_unix(house.config()).await;
    let not_hello = Some(json!({ "refused": { "why": "not_hello" } }));
    let question = r#"{"id":1,"ask":"overview"}"#;
    for garbage in ["", "GET / HTTP/1.1", "[]", question] {
        let mut raw = Raw::connect(&path).await;
        raw.say(garbage).await;
        assert_eq!(raw.hear().await, not_hello, "{garbage:?}");
    }
    // An HTTP client's first bytes are a length of 1.2 GB.
    let mut raw = Raw::connect(&path).await;
    tokio::io::AsyncWriteExt::write_all(&mut raw.0, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(raw.hear().await, not_hello);
}

#[tokio::test]
async fn one_client_too_many_is_told_so_and_may_come_when_another_has_left() {
    let house = House::open().await;
    let config = ServeConfig { connection_limit: 1, ..house.config() };
    let path = house.serve_unix(config).await;
    let first = connect(&path).await.unwrap();
    let refused = connect(&path).await.unwrap_err();
    let limit = Refusal::Connections { limit: 1 };
    assert!(
        matches!(&refused, ConnectError::Refused { refusal, .. } if *refusal == limit),
        "{refused:?}"
    );
    first.close().await;
    until("the first has left", || house.connections.open() == 0).await;
    let second = tokio::time::timeout(LIMIT, async {
        loop {
            // The place is free a moment after the count.
            if let Ok(client) = connect(&path).await {
                break client;
            }
        }
    });
    second.await.unwrap().count("").await.unwrap();
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_daemon() {
    let house = House::open().await;
    let path = house.serve_unix(house.config()).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    house.close();
    until("the socket is removed", || !path.exists()).await;
    let refused = connect(&path).await.unwrap_err();
    assert!(matches!(refused, ConnectError::NotThere { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_dead_daemons_socket_is_replaced_and_a_living_ones_is_not() {
    let house = House::open().await;
    // A listener of the standard library leaves its file behind.
    drop(std::os::unix::net::UnixListener::bind(house.socket()).unwrap());
    assert!(house.socket().exists());
    let refused = connect(&house.socket()).await.unwrap_err();
    assert!(matches!(refused, ConnectError::NotThere { .. }), "{refused:?}");
    let path = house.serve_unix(house.config()).await;
    let second = Listener::unix(path.clone()).await.unwrap_err();
    assert!(matches!(second, ListenError::InUse { .. }), "{second:?}");
    connect(&path).await.unwrap().count("").await.unwrap();
}

#[tokio::test]
async fn a_listener_outlives_who_serves_it_as_long_as_somebody_holds_it() {
    let house = House::open().await;
    let listener = Listener::unix(house.socket()).await.unwrap();
    for _ in 0..2 {
        let shutdown = CancellationToken::new();
        let (inspector, config) = (house.inspector.clone(), house.config());
        let served = tokio::spawn(serve(listener.clone(), inspector, config, shutdown.clone()));
        connect(&house.socket()).await.unwrap().count("").await.unwrap();
        shutdown.cancel();
        served.await.unwrap();
    }
    assert!(house.socket().exists());
    drop(listener);
    assert!(!house.socket().exists());
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_not_removed() {
    let house = House::open().await;
    std::fs::write(house.socket(), "somebody's diary").unwrap();
    let refused = Listener::unix(house.socket()).await.unwrap_err();
    assert!(matches!(refused, ListenError::NotASocket { .. }), "{refused:?}");
    assert_eq!(std::fs::read_to_string(house.socket()).unwrap(), "somebody's diary");
}

#[tokio::test]
async fn the_unencrypted_wire_stays_on_the_machine_and_wants_a_token() {
    for (address, token) in [("0.0.0.0:0", TOKEN), ("192.0.2.1:4002", TOKEN), ("[::]:0", TOKEN)] {
        let refused = Listener::tcp(address.parse().unwrap(), SecretString::from(token)).await;
        assert!(matches!(refused, Err(ListenError::NotLoopback { .. })), "{refused:?}");
    }
    let refused = Listener::tcp("127.0.0.1:0".parse().unwrap(), SecretString::from("")).await;
    assert!(matches!(refused, Err(ListenError::NoToken { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_daemon_that_is_not_there_does_not_answer_or_is_none_is_told_apart() {
    let house = House::open().await;
    let path = house.socket();
    assert!(matches!(connect(&path).await.unwrap_err(), ConnectError::NotThere { .. }));
    let listener = UnixListener::bind(&path).unwrap();
    let endpoint = Endpoint::Unix(path.clone());
    let hung = InspectClient::connect(&endpoint, Duration::from_millis(30));
    assert!(matches!(hung.await.unwrap_err(), ConnectError::TimedOut { .. }));
    let (stranger, ()) = tokio::join!(connect(&path), async {
        // The hung one's connection, then this one's.
        drop(listener.accept().await.unwrap());
        let (mut stream, _) = listener.accept().await.unwrap();
        let greeting = b"220 mail.example.org ESMTP\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, greeting).await.unwrap();
    });
    assert!(matches!(stranger.unwrap_err(), ConnectError::NotADaemon { .. }));
}
