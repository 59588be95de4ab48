//! Over real connections, with time limits short enough to wait for.

use std::{net::SocketAddr, sync::Arc};

use axum::{body::Bytes, extract::State, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    task::JoinHandle,
};

use super::*;

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(10);

struct Running {
    address: SocketAddr,
    counters: Counters,
    shutdown: CancellationToken,
    /// Lets a `GET /held` go on.
    release: Arc<Notify>,
    task: JoinHandle<()>,
}

fn settings() -> ListenerSettings {
    ListenerSettings {
        label: ListenerLabel::public,
        connections: 10,
        connections_per_address: 10,
        header_timeout: PATIENCE,
        request_timeout: PATIENCE,
        drain_timeout: PATIENCE,
        demo: false,
    }
}

async fn start(settings: ListenerSettings) -> Running {
    let counters = Counters::default();
    let listener = Listener::new(&settings, counters.clone());
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let release = Arc::new(Notify::new());
    let held = |State(release): State<Arc<Notify>>| async move {
        release.notified().await;
        "held"
    };
    let router = Router::new()
        .route("/", get(|| async { "hello" }).put(|body: Bytes| async move { body }))
        .route("/held", get(held))
        .with_state(Arc::clone(&release));
    let shutdown = CancellationToken::new();
    let ending = shutdown.clone();
    let task = tokio::spawn(async move { listener.run(&socket, router, &ending).await });
    Running { address, counters, shutdown, release, task }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn open(&self) -> i64 {
        let public = ListenerLabels { listener: ListenerLabel::public };
        self.counters.connections.get_or_create(&public).get()
    }

    fn refused(&self, limit: &'static str) -> u64 {
        let labels = RefusalLabels { listener: ListenerLabel::public, limit };
        self.counters.refused.get_or_create(&labels).get()
    }

    async fn wait_until_open(&self, connections: i64) {
        let waiting = async {
            while self.open() != connections {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{} connections, never {connections}", self.open());
    }
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Whatever comes until `end`, or until the server closes.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while stream.read_buf(&mut bytes).await.unwrap() > 0 {
            if !end.is_empty() && bytes.ends_with(end.as_bytes()) {
                break;
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("the server answers or closes in time");
    String::from_utf8(bytes).unwrap()
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    read_until(stream, "").await
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let running = start(settings()).await;
    let mut stream = running.connect().await;
    for _ in 0..3 {
        send(&mut stream, REQUEST).await;
        assert!(read_until(&mut stream, "hello").await.starts_with("HTTP/1.1 200 OK"));
    }
    assert_eq!(running.open(), 1);
    drop(stream);
    running.wait_until_open(0).await;
}

#[tokio::test]
async fn who_is_over_a_limit_is_told_and_closed() {
    for (settings, limit) in [
        (ListenerSettings { connections_per_address: 2, ..settings() }, "per_address"),
        (ListenerSettings { connections: 2, ..settings() }, "total"),
    ] {
        let running = start(settings).await;
        let first = running.connect().await;
        let _second = running.connect().await;
        running.wait_until_open(2).await;

        let mut third = running.connect().await;
        send(&mut third, REQUEST).await;
        let answer = read_to_end(&mut third).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains("too_many_connections"));
        assert_eq!(running.refused(limit), 1);

        drop(first);
        running.wait_until_open(1).await;
        let mut fourth = running.connect().await;
        send(&mut fourth, REQUEST).await;
        assert!(read_until(&mut fourth, "hello").await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_closes_the_connection() {
    let header_timeout = Duration::from_millis(100);
    let running = start(ListenerSettings { header_timeout, ..settings() }).await;
    let mut silent = running.connect().await;
    let mut slow = running.connect().await;
    send(&mut slow, "GET / HTTP/1.1\r\nhost: te").await;
    let mut idle = running.connect().await;
    send(&mut idle, REQUEST).await;
    for stream in [&mut silent, &mut slow, &mut idle] {
        read_to_end(stream).await;
    }
    running.wait_until_open(0).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let request_timeout = Duration::from_millis(100);
    let running = start(ListenerSettings { request_timeout, ..settings() }).await;
    let mut stream = running.connect().await;
    send(&mut stream, "PUT / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf").await;
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    running.wait_until_open(0).await;
}

#[tokio::test]
async fn a_head_has_a_limit_in_bytes_and_in_headers() {
    let running = start(settings()).await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(40 * 1024));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(65));
    for head in [long, many] {
        let mut stream = running.connect().await;
        // The server may hang up before all is sent.
        drop(stream.write_all(head.as_bytes()).await);
        let mut answer = [0; 12];
        let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap();
        assert!(read.is_err() || answer == *b"HTTP/1.1 431", "{answer:?}");
        drop(stream);
        running.wait_until_open(0).await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_answered_and_closed() {
    let running = start(settings()).await;
    let mut stream = running.connect().await;
    send(&mut stream, "\u{16}\u{3}\u{1} hello?\r\n\r\n").await;
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_under_way_and_takes_nothing_new() {
    let running = start(settings()).await;
    let mut idle = running.connect().await;
    send(&mut idle, REQUEST).await;
    read_until(&mut idle, "hello").await;
    let mut busy = running.connect().await;
    send(&mut busy, "GET /held HTTP/1.1\r\nhost: test\r\n\r\n").await;
    running.wait_until_open(2).await;

    running.shutdown.cancel();
    assert_eq!(read_to_end(&mut idle).await, "", "an idle connection is closed at once");
    running.wait_until_open(1).await;
    assert!(!running.task.is_finished(), "the busy one is waited for");

    running.release.notify_one();
    let answer = read_to_end(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("held"), "{answer}");
    timeout(PATIENCE, running.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_longer_than_its_limit() {
    let drain_timeout = Duration::from_millis(100);
    let running = start(ListenerSettings { drain_timeout, ..settings() }).await;
    let mut busy = running.connect().await;
    send(&mut busy, "GET /held HTTP/1.1\r\nhost: test\r\n\r\n").await;
    running.wait_until_open(1).await;

    running.shutdown.cancel();
    assert_eq!(read_to_end(&mut busy).await, "");
    timeout(PATIENCE, running.task).await.unwrap().unwrap();
}
