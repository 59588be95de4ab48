//! The client process: `stagedoor-bench socket-client address=127.0.0.1:4000 n=18000`.
//!
//! ```text
//! stdin: connect | join | beat <beats> | big | hang_up ──▶ lanes, each with its share of the sockets
//! stdout: one JSON line when all have done it
//! ```

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, stdin},
    net::{TcpSocket, TcpStream},
    runtime,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    HEARTBEAT,
    frames::{self, TEXT, frame_length, is_answer, text_frame},
};
use crate::{
    options::Options,
    system::{distribution, float},
    users::user,
};

/// How many are busy at a time.
const LANES: usize = 64;

/// From how many addresses they come.
const SOURCES: usize = 16;

/// The example of RFC 6455: nobody checks that keys differ.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub(crate) fn run(mut options: Options) -> Result<()> {
    let address: SocketAddr = options.take("address", SocketAddr::from(([127, 0, 0, 1], 4000)))?;
    let n = options.take("n", 1)?;
    options.finish()?;
    crate::system::raise_descriptor_limit()?;
    // One thread: the server is to have a core of its own.
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(obey(address, n))
}

async fn obey(address: SocketAddr, n: usize) -> Result<()> {
    let mut lanes: Vec<Lane> = (0..LANES).map(|number| Lane::new(address, number, n)).collect();
    let mut commands = BufReader::new(stdin()).lines();
    while let Some(command) = commands.next_line().await? {
        let (word, count) = command.split_once(' ').unwrap_or((&command, "0"));
        let command = match word {
            "connect" => Command::Connect,
            "join" => Command::Join,
            "beat" => Command::Beat { all: n, beats: count.parse()?, epoch: Instant::now() },
            "big" => Command::Big,
            "hang_up" => Command::HangUp,
            _ => bail!("{word}: no such command"),
        };
        let mut working = JoinSet::new();
        for lane in lanes.drain(..) {
            working.spawn(lane.obey(command));
        }
        let mut times = Vec::with_capacity(n);
        while let Some(done) = working.join_next().await {
            let (lane, mut own) = done??;
            lanes.push(lane);
            times.append(&mut own);
        }
        println!("{}", json!({ "latency_us": distribution(times) }));
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Command {
    Connect,
    Join,
    /// The first `beats` of `all` sockets send a heartbeat, at the pace of all.
    Beat {
        all: usize,
        beats: usize,
        epoch: Instant,
    },
    Big,
    HangUp,
}

/// Some of the sockets, busy one after the other.
struct Lane {
    address: SocketAddr,
    users: Vec<usize>,
    sockets: Vec<TcpStream>,
}

impl Lane {
    fn new(address: SocketAddr, number: usize, n: usize) -> Self {
        let users: Vec<_> = (number..n).step_by(LANES).collect();
        Self { address, sockets: Vec::with_capacity(users.len()), users }
    }

    /// Gives itself back, with the time that each socket took.
    async fn obey(mut self, command: Command) -> Result<(Self, Vec<Duration>)> {
        let mut times = Vec::with_capacity(self.users.len());
        if let Command::HangUp = command {
            self.sockets.clear();
            return Ok((self, times));
        }
        let big = text_frame(&frames::big_event());
        for (at, &number) in self.users.iter().enumerate() {
            let began = match command {
                Command::Beat { all, epoch, .. } => {
                    let due = epoch + HEARTBEAT.mul_f64(float(number) / float(all));
                    sleep_until(due).await;
                    due
                }
                _ => Instant::now(),
            };
            match command {
                Command::Connect => self.sockets.push(connect(self.address, number).await?),
                Command::Join => {
                    let join = text_frame(frames::JOIN);
                    ask(&mut self.sockets[at], &join, frames::JOIN_ANSWERS).await?;
                }
                Command::Beat { beats, .. } if number >= beats => break,
                Command::Beat { .. } => {
                    ask(&mut self.sockets[at], &text_frame(frames::HEARTBEAT), 1).await?;
                }
                Command::Big => ask(&mut self.sockets[at], &big, 1).await?,
                Command::HangUp => {}
            }
            times.push(began.elapsed());
        }
        Ok((self, times))
    }
}

/// From one of several addresses of this host: with one alone the kernel would search ever longer for a free port.
async fn dial(address: SocketAddr, number: usize) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let host = u8::try_from(number % SOURCES).expect("few") + 1;
    socket.bind(SocketAddr::from(([127, 0, 0, host], 0)))?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn connect(address: SocketAddr, number: usize) -> Result<TcpStream> {
    let mut stream = dial(address, number).await?;
    let request = format!(
        "GET /socket/websocket?vsn=2.0.0&user={} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n",
        user(number)
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_buf(&mut answer).await? > 0, "the server hung up on a handshake");
    }
    let answer = String::from_utf8_lossy(&answer);
    ensure!(answer.starts_with("HTTP/1.1 101"), "a handshake was refused: {answer}");
    Ok(stream)
}

/// Sends a frame and reads so many answers, each whole, with what comes by itself before and between them.
async fn ask(stream: &mut TcpStream, frame: &[u8], answers: usize) -> Result<()> {
    stream.write_all(frame).await?;
    let mut received = Vec::with_capacity(512);
    let (mut answered, mut at) = (0, 0);
    while answered < answers || at < received.len() {
        match frame_length(&received[at..]) {
            Some(length) => {
                let frame = &received[at..at + length];
                ensure!(frame[0] == TEXT, "not a text: {:?}", String::from_utf8_lossy(frame));
                answered += usize::from(is_answer(frame));
                at += length;
            }
            None => ensure!(stream.read_buf(&mut received).await? > 0, "the server hung up"),
        }
    }
    ensure!(answered == answers, "more was answered than was asked");
    Ok(())
}

/// What the client answers to a command.
pub(super) fn read_answer(line: Option<String>) -> Result<Value> {
    let line = line.context("the client process has ended")?;
    Ok(serde_json::from_str(&line)?)
}
