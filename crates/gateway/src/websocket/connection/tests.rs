use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::*;

const IDLE: Duration = Duration::from_mins(1);
const MESSAGE_LIMIT: usize = 64 * 1024;
const OUTBOX_LIMIT: usize = 32 * 1024;

/// Sends back what it gets; `big` is answered with `BIG` bytes.
#[derive(Default)]
struct Echo {
    heard: Arc<Mutex<Vec<String>>>,
    closing: Arc<AtomicBool>,
}

const BIG: usize = 10 * 1024;

impl Handler for Echo {
    fn text(&mut self, socket: &Arc<Socket>, text: &str) -> Result<(), CloseFrame> {
        self.heard.lock().unwrap().push(text.to_owned());
        match text {
            "big" => socket.send_text(&[&[b'x'; BIG]]),
            "bad" => return Err(CloseFrame::bad_data("bad")),
            text => socket.send_text(&[text.as_bytes()]),
        }
        Ok(())
    }

    fn binary(&mut self, _: &Arc<Socket>, _: &[u8]) -> Result<(), CloseFrame> {
        Err(CloseFrame::BINARY)
    }

    fn closing(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

struct Server {
    sockets: Arc<Sockets>,
    socket: Arc<Socket>,
    heard: Arc<Mutex<Vec<String>>>,
    closing: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

/// A connection, served; the pipe has room for `room` bytes each way.
fn serve(room: usize, read_ahead: &[u8]) -> (DuplexStream, Server) {
    let sockets = Arc::new(Sockets {
        live: Live::new(IDLE),
        counters: SocketCounters::default(),
        message_limit: MESSAGE_LIMIT,
        outbox_limit: OUTBOX_LIMIT,
    });
    let (client, server) = duplex(room);
    let echo = Echo::default();
    let (heard, closing) = (Arc::clone(&echo.heard), Arc::clone(&echo.closing));
    let connection = Connection::new(server, read_ahead, echo, Arc::clone(&sockets));
    let socket = Arc::clone(&connection.socket);
    let sweeper = Arc::clone(&sockets);
    tokio::spawn(async move { sweeper.live.sweep(&sweeper.counters).await });
    let task = tokio::spawn(connection);
    (client, Server { sockets, socket, heard, closing, task })
}

impl Server {
    async fn ended(self) -> Arc<Sockets> {
        timeout(Duration::from_hours(1), self.task).await.expect("it ends").unwrap();
        assert_eq!(self.sockets.live.len(), 0);
        assert!(self.closing.load(Ordering::Relaxed), "the handler was told");
        self.sockets
    }
}

type Client = WebSocketStream<DuplexStream>;

async fn client(stream: DuplexStream) -> Client {
    WebSocketStream::from_raw_socket(stream, Role::Client, None).await
}

async fn next_close(client: &mut Client) -> (u16, String) {
    while let Some(message) = client.next().await {
        if let Message::Close(Some(frame)) = message.unwrap() {
            return (frame.code.into(), frame.reason.to_string());
        }
    }
    panic!("the connection ended without a close frame");
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn messages_are_answered_and_pings_are_ponged() {
    let (stream, server) = serve(1024, b"");
    let mut client = client(stream).await;
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("hello"));
    client.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong("p".into()));
    let big = "x".repeat(MESSAGE_LIMIT);
    client.send(Message::text(big.clone())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text(big));
    drop(client);
    let sockets = server.ended().await;
    assert_eq!(load(&sockets.counters.frames_in), 3);
    assert_eq!(load(&sockets.counters.frames_out), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_behind_the_handshake_comes_first() {
    let first = masked(0x81, b"first");
    let (stream, server) = serve(1024, &[&first, &masked(0x81, b"second")[..4]].concat());
    let mut stream = stream;
    stream.write_all(&masked(0x81, b"second")[4..]).await.unwrap();
    let mut answers = [0; 15];
    stream.read_exact(&mut answers).await.unwrap();
    assert_eq!(&answers, b"\x81\x05first\x81\x06second");
    assert_eq!(*server.heard.lock().unwrap(), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_clients_close_is_answered_and_the_server_hangs_up() {
    let (mut stream, server) = serve(1024, b"");
    let bytes = [masked(0x81, b"last"), masked(0x88, b"\x0f\xa1bye"), masked(0x81, b"late")];
    stream.write_all(&bytes.concat()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"\x81\x04last\x88\x02\x0f\xa1");
    assert_eq!(*server.heard.lock().unwrap(), ["last"]);
    server.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_close_carries_code_and_reason_and_awaits_the_answer() {
    let (stream, server) = serve(1024, b"");
    let mut client = client(stream).await;
    server.sockets.live.close_all(CloseFrame::SERVICE_RESTART);
    let started = Instant::now();
    assert_eq!(next_close(&mut client).await, (1012, "service restart".to_owned()));
    // Reading on sends the client's answer.
    assert!(client.next().await.is_none());
    server.ended().await;
    assert!(started.elapsed() < CLOSE_TIMEOUT, "it did not wait for the timeout");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_a_close_is_dropped_after_five_seconds() {
    let (_stream, server) = serve(1024, b"");
    let started = Instant::now();
    assert!(server.socket.close(CloseFrame::NORMAL));
    assert!(!server.socket.close(CloseFrame::IDLE), "only the first close counts");
    server.ended().await;
    assert_eq!(started.elapsed(), CLOSE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn each_broken_rule_closes_with_its_code() {
    let too_big = [&[0x81, 0xFF][..], &(MESSAGE_LIMIT as u64 + 1).to_be_bytes()].concat();
    let cases: [(Vec<u8>, u16); 6] = [
        (vec![0x81, 0x00], 1002),
        ([too_big, vec![0; 4]].concat(), 1009),
        (masked(0x81, b"\xFF"), 1007),
        (masked(0x81, b"bad"), 1007),
        (masked(0x82, b"data"), 1003),
        (masked(0x88, b"\x03"), 1002),
    ];
    for (bytes, code) in cases {
        let (mut stream, server) = serve(1024, b"");
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!((answer[0], &answer[2..4]), (0x88, &code.to_be_bytes()[..]), "{bytes:?}");
        drop(stream);
        server.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_after_the_idle_timeout() {
    let (stream, server) = serve(1024, b"");
    let mut client = client(stream).await;
    for _ in 0..10 {
        sleep(Duration::from_secs(30)).await;
        client.send(Message::text("beat")).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("beat"));
    }
    let heard = Instant::now();
    assert_eq!(next_close(&mut client).await.0, 1001);
    let silent = heard.elapsed();
    assert!(silent >= IDLE && silent <= IDLE + IDLE / 60, "{silent:?}");
    drop(client);
    assert_eq!(load(&server.ended().await.counters.idle_closed), 1);
}

#[tokio::test(start_paused = true)]
async fn among_many_each_is_closed_by_its_own_silence() {
    const PROBE: Duration = Duration::from_millis(200);
    let live = Arc::new(Live::new(IDLE));
    let sweeper = Arc::clone(&live);
    tokio::spawn(async move { sweeper.sweep(&SocketCounters::default()).await });
    let mut sockets = tokio::task::JoinSet::new();
    for n in 0..200_u64 {
        let live = Arc::clone(&live);
        sockets.spawn(async move {
            sleep(Duration::from_millis(n * 1237 % 50_000)).await;
            let (socket, _) = live.enter(OUTBOX_LIMIT);
            for beat in 0..n % 5 {
                sleep(Duration::from_millis((n * 7919 + beat * 104_729) % 59_999)).await;
                socket.seen(live.now());
            }
            let silent = Instant::now();
            while socket.take_close().is_none() {
                sleep(PROBE).await;
            }
            silent.elapsed()
        });
    }
    while let Some(silent) = sockets.join_next().await {
        let silent = silent.unwrap();
        assert!(silent >= IDLE && silent <= IDLE + IDLE / 60 + PROBE, "{silent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_never_become_a_frame_are_silence() {
    let (mut stream, server) = serve(1024, b"");
    let trickle = tokio::spawn(async move {
        let started = Instant::now();
        while stream.write_all(&[0x81]).await.is_ok() {
            // The header of a frame of 64 KiB, and then one byte every ten seconds.
            stream.write_all(&[0xFE, 0xFF, 0xFF, 0, 0, 0, 0]).await.unwrap();
            while stream.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(10)).await;
            }
        }
        started.elapsed()
    });
    assert_eq!(load(&server.ended().await.counters.idle_closed), 1);
    assert!(trickle.await.unwrap() <= IDLE + IDLE / 60 + CLOSE_TIMEOUT + Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_slow_is_dropped() {
    let (mut stream, server) = serve(64, b"");
    for _ in 0..OUTBOX_LIMIT / 1024 {
        server.socket.send_text(&[&[b'x'; 1024]]);
        tokio::task::yield_now().await;
    }
    let full = server.socket.backlog();
    assert!(full > OUTBOX_LIMIT && full < OUTBOX_LIMIT + 2048, "{full}");
    assert_eq!(server.socket.take_close(), None);
    server.socket.send_text(&[b"one more"]);
    assert_eq!(server.socket.take_close(), Some(CloseFrame::SLOW_CONSUMER));
    // What was begun is finished, then comes the close frame.
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.len() - 2 - 2 - CloseFrame::SLOW_CONSUMER.reason.len();
    assert_eq!(end % 1028, 0, "whole frames");
    assert_eq!((bytes[end], &bytes[end + 2..end + 4]), (0x88, &1008_u16.to_be_bytes()[..]));
    drop(stream);
    assert_eq!(load(&server.ended().await.counters.slow_consumers), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_reads_nothing_at_all_is_dropped_too() {
    let (_stream, server) = serve(64, b"");
    for _ in 0..2 + OUTBOX_LIMIT / 1024 {
        server.socket.send_text(&[&[b'x'; 1024]]);
    }
    let started = Instant::now();
    server.ended().await;
    assert_eq!(started.elapsed(), CLOSE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_larger_than_the_outbox_is_no_sign_of_a_slow_reader() {
    let (stream, server) = serve(1024, b"");
    let snapshot = "s".repeat(10 * OUTBOX_LIMIT);
    server.socket.send_snapshot(&[snapshot.as_bytes()]);
    for _ in 0..100 {
        server.socket.send_text(&[b"diff"]);
        tokio::task::yield_now().await;
    }
    let mut client = client(stream).await;
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text(snapshot));
    for _ in 0..100 {
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("diff"));
    }
    assert_eq!(load(&server.sockets.counters.slow_consumers), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_never_overflow_their_own_outbox() {
    let requests = OUTBOX_LIMIT / BIG * 10;
    let (stream, server) = serve(1024, b"");
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = tokio::spawn(async move {
        let all = masked(0x81, b"big").repeat(requests);
        writer.write_all(&all).await.unwrap();
        writer
    });
    sleep(Duration::from_secs(1)).await;
    assert!(server.heard.lock().unwrap().len() <= 3, "no more is taken than answered");
    let mut answers = vec![0; requests * (BIG + 4)];
    reader.read_exact(&mut answers).await.unwrap();
    assert_eq!(server.heard.lock().unwrap().len(), requests);
    assert_eq!(load(&server.sockets.counters.slow_consumers), 0);
    drop((reader, writing.await.unwrap()));
    server.ended().await;
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_leaves_nothing_behind() {
    let (_stream, server) = serve(1024, b"");
    assert_eq!(server.sockets.live.len(), 1);
    server.task.abort();
    assert!(server.task.await.unwrap_err().is_cancelled());
    server.sockets.live.emptied().await;
    assert!(server.closing.load(Ordering::Relaxed));
    server.socket.send_text(&[b"to nobody"]);
    assert_eq!(server.socket.backlog(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_wheel_holds_each_slot_once_however_many_come_and_go() {
    let live = Live::new(IDLE);
    let mut slots = Vec::new();
    for _ in 0..1000 {
        slots.extend((0..10).map(|_| live.enter(OUTBOX_LIMIT).1));
        slots.drain(..).for_each(|slot| live.leave(slot));
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((live.len(), live.queued()), (0, 10));
}

#[tokio::test]
async fn an_idle_connection_is_small() {
    assert!(size_of::<Socket>() <= 120, "{}", size_of::<Socket>());
    let own = size_of::<Connection<(), Echo>>() - size_of::<Echo>();
    assert!(own <= 80, "{own}");
}
