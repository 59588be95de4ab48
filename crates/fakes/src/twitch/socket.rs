//! A socket of EventSub, as the server has it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, Request, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Delivery, Shared, messages::message_id, sessions::Out};
use crate::lock;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How long an old socket may take to send what it has.
const MARK: Duration = Duration::from_secs(5);

/// How long an event is held back for the next one to overtake it.
const HELD: Duration = Duration::from_millis(20);

/// `GET /ws`: becomes a socket.
pub(crate) fn upgrade(shared: &Arc<Shared>, request: Request<Body>) -> Response {
    let headers = request.headers();
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let accept = derive_accept_key(key.as_bytes());
    let query = request.uri().query().unwrap_or_default();
    let of = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    let (token, keepalive): (Option<u64>, Option<u64>) =
        (of("reconnect"), of("keepalive_timeout_seconds"));
    let keepalive = Duration::from_secs(keepalive.unwrap_or(10).clamp(10, 600));
    let socket = Opened {
        shared: Arc::clone(shared),
        token,
        keepalive: shared.config.keepalive.unwrap_or(keepalive),
    };
    let mut tasks = lock(&shared.tasks);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(4096);
        let io = TokioIo::new(upgraded);
        socket.serve(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await).await;
    });
    let headers = HeaderMap::from_iter([
        (header::CONNECTION, header::HeaderValue::from_static("upgrade")),
        (header::UPGRADE, header::HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept.parse().expect("base64 fits into a header")),
    ]);
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

struct Opened {
    shared: Arc<Shared>,
    token: Option<u64>,
    keepalive: Duration,
}

impl Opened {
    async fn serve(self, mut socket: Socket) {
        let (out, inbox) = mpsc::unbounded_channel();
        let (session, number) = match self.token {
            None => lock(&self.shared.sessions).open(out),
            Some(token) => {
                let arrived = lock(&self.shared.sessions).arrive(token, out, Instant::now());
                let Some((session, number, marked)) = arrived else {
                    close(&mut socket, 4007, "invalid reconnect").await;
                    return;
                };
                // What went to the old socket is sent before anything goes to this one.
                let _ = tokio::time::timeout(MARK, marked).await;
                (session, number)
            }
        };
        self.shared.sockets_opened.fetch_add(1, Ordering::Relaxed);
        let mut run = Run {
            unused_at: Some(Instant::now() + self.shared.config.welcome_deadline),
            quiet_at: Instant::now() + self.keepalive,
            cut_at: None,
            held: None,
            frozen: false,
            events: 0,
            session: &session,
            opened: &self,
        };
        if run.welcome(&mut socket).await.is_ok() {
            let _ = run.run(&mut socket, inbox).await;
        }
        lock(&self.shared.sessions).close(&session, number);
    }
}

struct Run<'a> {
    opened: &'a Opened,
    session: &'a str,
    /// When it is closed because nothing was subscribed.
    unused_at: Option<Instant>,
    /// When a keepalive is due.
    quiet_at: Instant,
    /// When it is cut because its session was to move.
    cut_at: Option<Instant>,
    /// An event that the next one overtakes, and until when it waits for that.
    held: Option<(Arc<str>, Instant)>,
    frozen: bool,
    events: u64,
}

/// The socket has ended.
struct Over;

impl Run<'_> {
    async fn welcome(&mut self, socket: &mut Socket) -> Result<(), Over> {
        let number = self.opened.shared.next_number();
        let seconds = self.opened.keepalive.as_secs().max(1);
        let welcome = json!({
            "metadata": {
                "message_id": message_id(number),
                "message_type": "session_welcome",
                "message_timestamp": Timestamp::now(),
            },
            "payload": { "session": {
                "id": self.session,
                "status": "connected",
                "keepalive_timeout_seconds": seconds,
                "reconnect_url": null,
                "connected_at": Timestamp::now(),
            } },
        });
        self.send(socket, welcome.to_string().into()).await
    }

    async fn run(
        &mut self,
        socket: &mut Socket,
        mut inbox: mpsc::UnboundedReceiver<Out>,
    ) -> Result<(), Over> {
        loop {
            let held_until = self.held.as_ref().map(|(_, until)| *until);
            tokio::select! {
                biased;
                out = inbox.recv() => self.out(socket, out.ok_or(Over)?).await?,
                frame = socket.next() => self.frame(socket, frame).await?,
                () = at(held_until) => self.release(socket).await?,
                () = at(self.unused_at) => {
                    self.unused_at = None;
                    if !lock(&self.opened.shared.sessions).has_subscriptions(self.session) {
                        close(socket, 4003, "connection unused").await;
                        return Err(Over);
                    }
                }
                () = at(self.cut_at) => {
                    close(socket, 4004, "reconnect grace time expired").await;
                    return Err(Over);
                }
                () = sleep_until(self.quiet_at) => self.keepalive(socket).await?,
            }
        }
    }

    async fn keepalive(&mut self, socket: &mut Socket) -> Result<(), Over> {
        let id = message_id(self.opened.shared.next_number());
        let at = Timestamp::now();
        let message = format!(
            r#"{{"metadata":{{"message_id":"{id}","message_type":"session_keepalive","message_timestamp":"{at}"}},"payload":{{}}}}"#
        );
        self.send(socket, message.into()).await
    }

    async fn out(&mut self, socket: &mut Socket, out: Out) -> Result<(), Over> {
        match out {
            Out::Event(event) => return self.event(socket, event).await,
            Out::Message(message) => {
                self.release(socket).await?;
                self.send(socket, message.into()).await?;
            }
            Out::Move { message, cut_at } => {
                self.release(socket).await?;
                self.cut_at = Some(cut_at);
                self.send(socket, message.into()).await?;
            }
            Out::Mark(mark) => {
                self.release(socket).await?;
                let _ = mark.send(());
            }
            Out::Ping => {
                socket.send(Message::Ping("are you there".into())).await.map_err(|_| Over)?;
            }
            Out::Close(code, reason) => {
                self.release(socket).await?;
                close(socket, code, reason).await;
                return Err(Over);
            }
            Out::Drop => {
                self.release(socket).await?;
                return Err(Over);
            }
            Out::Freeze => self.frozen = true,
        }
        Ok(())
    }

    /// Sends an event as it is scripted: late, twice, or after the next one.
    async fn event(&mut self, socket: &mut Socket, event: Arc<str>) -> Result<(), Over> {
        let Delivery { delay, duplicate_every, reorder } = *lock(&self.opened.shared.delivery);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.events += 1;
        if reorder && self.held.is_none() {
            self.held = Some((event, Instant::now() + HELD));
            return Ok(());
        }
        let text = |event: &Arc<str>| Utf8Bytes::from(event.to_string());
        self.send(socket, text(&event)).await?;
        self.release(socket).await?;
        if duplicate_every > 0 && self.events.is_multiple_of(duplicate_every.into()) {
            self.send(socket, text(&event)).await?;
        }
        Ok(())
    }

    async fn release(&mut self, socket: &mut Socket) -> Result<(), Over> {
        match self.held.take() {
            Some((event, _)) => self.send(socket, event.to_string().into()).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, socket: &mut Socket, message: Utf8Bytes) -> Result<(), Over> {
        self.quiet_at = Instant::now() + self.opened.keepalive;
        if self.frozen {
            return Ok(());
        }
        socket.send(Message::Text(message)).await.map_err(|_| Over)
    }

    async fn frame(
        &mut self,
        socket: &mut Socket,
        frame: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<(), Over> {
        let shared = &self.opened.shared;
        match frame {
            Some(Ok(Message::Pong(_))) => {
                shared.pongs.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_))) => {
                shared.client_frames.fetch_add(1, Ordering::Relaxed);
                close(socket, 4001, "client sent inbound traffic").await;
                Err(Over)
            }
            Some(Ok(Message::Frame(_))) => Ok(()),
            // The answer to a close goes out with the next read.
            Some(Ok(Message::Close(_))) => {
                let _ = socket.flush().await;
                Err(Over)
            }
            Some(Err(_)) | None => Err(Over),
        }
    }
}

async fn close(socket: &mut Socket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
    // Whether the client still hears it is the client's to know.
    let _ = socket.close(Some(frame)).await;
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
