//! Connections in use, and misuse.

use std::time::Duration;

use serde_json::json;
use stagedoor_inspect::{
    Endpoint, InspectClient, InspectError, InspectMsg, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES,
    ServeConfig,
};
use tokio::io::AsyncWriteExt;

use super::{
    house::{House, LIMIT, until},
    raw::Raw,
};

const SILENT: &str = r#"{"id":7,"ask":"snapshot","path":"silent","limit_ms":10000}"#;

#[tokio::test]
async fn answers_overtake_a_question_that_waits() {
    let house = House::open().await;
    let mut raw = Raw::welcome(&house.serve_unix(house.config()).await).await;
    raw.say(SILENT).await;
    raw.say(r#"{"id":8,"ask":"count","path":""}"#).await;
    let answer = raw.hear().await.unwrap();
    assert_eq!((&answer["id"], &answer["ok"]["specs"]), (&json!(8), &json!(5)));
}

#[tokio::test]
async fn nonsense_is_answered_and_the_connection_goes_on() {
    let house = House::open().await;
    let mut raw = Raw::welcome(&house.serve_unix(house.config()).await).await;
    for (nonsense, id) in [
        ("", None),
        ("null", None),
        ("\u{1b}[2J", None),
        (r#"{"id":3,"ask":"password"}"#, Some(3)),
        (r#"{"id":4,"ask":"count"}"#, Some(4)),
        (r#"{"id":5,"ask":"act","action":"explode","path":"users"}"#, Some(5)),
        (r#"{"id":-1,"ask":"overview"}"#, None),
    ] {
        raw.say(nonsense).await;
        let answer = raw.hear().await.unwrap();
        assert_eq!(answer["error"]["error"], "bad_request", "{nonsense:?}: {answer}");
        assert_eq!(answer.get("id"), id.map(|id| json!(id)).as_ref(), "{nonsense:?}");
    }
    raw.say(r#"{"id":9,"ask":"count","path":""}"#).await;
    assert_eq!(raw.hear().await.unwrap()["id"], 9);
}

#[tokio::test]
async fn a_frame_that_is_too_long_ends_the_connection_before_it_is_read() {
    let house = House::open().await;
    let mut raw = Raw::welcome(&house.serve_unix(house.config()).await).await;
    raw.0.write_u32(u32::try_from(MAX_REQUEST_BYTES + 1).unwrap()).await.unwrap();
    assert_eq!(raw.hear().await, None);
    until("the connection is gone", || house.connections.open() == 0).await;
}

#[tokio::test]
async fn more_questions_at_a_time_than_allowed_are_refused_one_by_one() {
    let house = House::open().await;
    let config = ServeConfig { requests_per_connection: 2, ..house.config() };
    let mut raw = Raw::welcome(&house.serve_unix(config).await).await;
    raw.say(SILENT).await;
    raw.say(r#"{"id":8,"ask":"watch"}"#).await;
    assert_eq!(raw.hear().await, Some(json!({ "id": 8, "ok": "done" })));
    raw.say(r#"{"id":9,"ask":"overview"}"#).await;
    let busy = json!({ "id": 9, "error": { "error": "busy", "limit": 2 } });
    assert_eq!(raw.hear().await, Some(busy));
    raw.say(r#"{"id":10,"ask":"unwatch","watch":8}"#).await;
    assert_eq!(raw.hear().await, Some(json!({ "id": 10, "ok": "done" })));
    // The watch is over a moment after its end is answered.
    let counted = async {
        loop {
            raw.say(r#"{"id":11,"ask":"count","path":""}"#).await;
            if raw.hear().await.unwrap().get("ok").is_some() {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, counted).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_fits_into_no_frame_is_an_error_that_says_so() {
    let house = House::open().await;
    let client = house.outside().await;
    let error = client.snapshot("large").await.unwrap_err();
    assert!(
        matches!(error, InspectError::TooLarge { bytes, limit: MAX_ANSWER_BYTES } if bytes > 5_000_000),
        "{error:?}"
    );
    client.count("").await.expect("the connection goes on");
}

#[tokio::test]
async fn a_lost_connection_fails_what_is_under_way_and_what_follows() {
    let house = House::open().await;
    let client = house.outside().await;
    let mut watch = client.watch().await.unwrap();
    let snapshot = |reply| InspectMsg::Snapshot { path: "silent".into(), limit_ms: 10_000, reply };
    let (under_way, ()) = tokio::join!(client.inspector().call(snapshot, LIMIT), async {
        // The daemon has the question when the one after it is answered.
        client.count("").await.unwrap();
        house.close();
    });
    assert!(matches!(under_way, Ok(Err(InspectError::Disconnected { .. }))), "{under_way:?}");
    let follows = client.count("").await;
    assert!(matches!(follows, Err(InspectError::Disconnected { .. })), "{follows:?}");
    let watched = watch.next().await;
    assert!(matches!(watched, Err(InspectError::Disconnected { .. })), "{watched:?}");
}

#[tokio::test]
async fn a_client_that_is_dropped_or_closed_leaves() {
    let house = House::open().await;
    let client = house.outside().await;
    client.count("").await.unwrap();
    let inspector = client.inspector().clone();
    drop(client);
    until("the connection is gone", || house.connections.open() == 0).await;
    assert!(inspector.current().is_none(), "and so is the client's own actor");
    let endpoint = Endpoint::Unix(house.socket());
    InspectClient::connect(&endpoint, LIMIT).await.unwrap().close().await;
    until("the connection is gone", || house.connections.open() == 0).await;
    assert_eq!(house.connections.served(), 2);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let house = House::open().await;
    let config = ServeConfig { write_limit: Duration::from_millis(50), ..house.config() };
    let mut raw = Raw::welcome(&house.serve_unix(config).await).await;
    // Refused in time or not at all: the daemon stops reading what it cannot answer.
    let ask = async {
        loop {
            if raw.0.write_all(b"\0\0\0\x18{\"id\":1,\"ask\":\"metrics\"}").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, ask).await.expect("the daemon closes the connection");
    until("it is gone", || house.connections.open() == 0).await;
}
