//! A client of the Phoenix channel protocol for tests: as strict as a test wants it, and never waiting for ever.
//!
//! ```text
//! join, push, leave, heartbeat ──▶ frame with a fresh ref ──▶ its reply
//!                                                         └─ what else comes meanwhile: inbox
//! next, expect ◀── inbox, then the socket
//! ```

mod connect;
mod frame;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    fmt::Display,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, protocol::Role},
};

pub use self::{
    connect::Connect,
    frame::{Frame, Reply},
};

/// How long a client waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a client did not get what it waited for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server did not make the connection a WebSocket.
    #[error("connection was refused with {status}: {body}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// Its body.
        body: String,
    },
    /// The server refused a join.
    #[error("join of {topic} was refused: {response}")]
    JoinRefused {
        /// What was to be joined.
        topic: String,
        /// What the server answered.
        response: Value,
    },
    /// It did not come in time.
    #[error("no {awaited} within {within:?}; still in the inbox: {inbox:?}")]
    Timeout {
        /// What was waited for.
        awaited: String,
        /// For how long.
        within: Duration,
        /// What came instead.
        inbox: Vec<Frame>,
    },
    /// The server closed the connection.
    #[error("connection was closed with {code:?}: {reason}")]
    Closed {
        /// The code of the close frame; without one the connection broke.
        code: Option<u16>,
        /// The reason of the close frame.
        reason: String,
    },
    /// What came is not a message of the protocol.
    #[error("message is not of the channel protocol: {text}")]
    NotAFrame {
        /// What came.
        text: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The transport failed.
    #[error("transport failed")]
    Transport(#[from] tungstenite::Error),
}

/// One connection and its channels. Dropping it breaks the connection, as a crashed browser would.
#[derive(Debug)]
pub struct ChannelClient<S = TcpStream> {
    socket: WebSocketStream<S>,
    last_ref: u64,
    /// The `join_ref` of each topic that was joined.
    joined: HashMap<String, String>,
    inbox: VecDeque<Frame>,
    patience: Duration,
}

impl ChannelClient {
    /// Begins a connection to `address`, as in `127.0.0.1:4000`.
    #[must_use]
    pub fn to(address: impl Display) -> Connect {
        Connect::new(address.to_string())
    }
}

impl<S> ChannelClient<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// On a stream that has the handshake behind it.
    pub async fn on(stream: S) -> Self {
        Self::new(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    fn new(socket: WebSocketStream<S>) -> Self {
        Self {
            socket,
            last_ref: 0,
            joined: HashMap::new(),
            inbox: VecDeque::new(),
            patience: PATIENCE,
        }
    }

    /// Waits for `patience` from now on; 10 s unless told.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Joins `topic` with an empty payload; the answer, be it `ok` or `error`.
    pub async fn join(&mut self, topic: &str) -> Result<Reply, ClientError> {
        let join_ref = self.fresh_ref();
        let frame = Frame::new(Some(&join_ref), Some(&join_ref), topic, "phx_join", json!({}));
        let reply = self.request(frame).await?;
        if reply.is_ok() {
            self.joined.insert(topic.to_owned(), join_ref);
        }
        Ok(reply)
    }

    /// Joins `topic` and takes the `presence_state` that follows; an error if the join is refused.
    pub async fn enter(&mut self, topic: &str) -> Result<Value, ClientError> {
        let reply = self.join(topic).await?;
        if !reply.is_ok() {
            let topic = topic.to_owned();
            return Err(ClientError::JoinRefused { topic, response: reply.response });
        }
        Ok(self.expect("presence_state").await?.payload)
    }

    /// Leaves `topic`; the answer. `phx_close` follows.
    pub async fn leave(&mut self, topic: &str) -> Result<Reply, ClientError> {
        let reply = self.push(topic, "phx_leave", json!({})).await;
        self.joined.remove(topic);
        reply
    }

    /// Sends an event; the answer.
    pub async fn push(
        &mut self,
        topic: &str,
        event: &str,
        payload: Value,
    ) -> Result<Reply, ClientError> {
        let reference = self.fresh_ref();
        let join_ref = self.joined.get(topic).cloned();
        let frame = Frame::new(join_ref.as_deref(), Some(&reference), topic, event, payload);
        self.request(frame).await
    }

    /// Says that the client is alive, and waits for the server to say so too.
    pub async fn heartbeat(&mut self) -> Result<(), ClientError> {
        let reference = self.fresh_ref();
        let frame = Frame::new(None, Some(&reference), "phoenix", "heartbeat", json!({}));
        self.request(frame).await.map(|_| ())
    }

    /// The next frame that nobody has taken.
    pub async fn next(&mut self) -> Result<Frame, ClientError> {
        match self.inbox.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive("frame").await,
        }
    }

    /// The first frame of `event` that nobody has taken. The others stay.
    pub async fn expect(&mut self, event: &str) -> Result<Frame, ClientError> {
        self.expect_that(event, |frame| frame.event == event).await
    }

    /// The first frame that `is_it` and that nobody has taken. The others stay. `awaited` names it in errors.
    pub async fn expect_that(
        &mut self,
        awaited: &str,
        is_it: impl Fn(&Frame) -> bool,
    ) -> Result<Frame, ClientError> {
        let taken = self.inbox.iter().position(&is_it).and_then(|at| self.inbox.remove(at));
        if let Some(frame) = taken {
            return Ok(frame);
        }
        loop {
            let frame = self.receive(awaited).await?;
            if is_it(&frame) {
                return Ok(frame);
            }
            self.inbox.push_back(frame);
        }
    }

    /// What comes within `duration` and nobody has taken.
    pub async fn drain(&mut self, duration: Duration) -> Result<Vec<Frame>, ClientError> {
        let mut frames = Vec::from(std::mem::take(&mut self.inbox));
        let deadline = tokio::time::Instant::now() + duration;
        while let Ok(frame) = tokio::time::timeout_at(deadline, self.read()).await {
            frames.push(frame?);
        }
        Ok(frames)
    }

    /// Waits until the server closes the connection; its code. `None` when it broke without a word.
    pub async fn closed(&mut self) -> Result<Option<u16>, ClientError> {
        loop {
            match self.receive("close").await {
                Ok(frame) => self.inbox.push_back(frame),
                Err(ClientError::Closed { code, .. }) => return Ok(code),
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the connection in good order, and waits until the server has closed it too.
    pub async fn close(mut self) -> Result<(), ClientError> {
        self.socket.close(None).await?;
        self.closed().await.map(|_| ())
    }

    /// Sends `text` as it is.
    pub async fn send_text(&mut self, text: &str) -> Result<(), ClientError> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// Sends `data` as it is.
    pub async fn send_binary(&mut self, data: &[u8]) -> Result<(), ClientError> {
        Ok(self.socket.send(Message::binary(data.to_vec())).await?)
    }

    /// Sends `frame` and takes the reply with its `ref`.
    async fn request(&mut self, frame: Frame) -> Result<Reply, ClientError> {
        let text = serde_json::to_string(&frame).expect("a frame always serialises");
        self.send_text(&text).await?;
        let awaited = format!("reply to {} of {}", frame.event, frame.topic);
        let reply = self.expect_that(&awaited, |answer| answer.is_reply_to(&frame)).await?;
        serde_json::from_value(reply.payload.clone())
            .map_err(|source| ClientError::NotAFrame { text: reply.payload.to_string(), source })
    }

    fn fresh_ref(&mut self) -> String {
        self.last_ref += 1;
        self.last_ref.to_string()
    }

    async fn receive(&mut self, awaited: &str) -> Result<Frame, ClientError> {
        let within = self.patience;
        match timeout(within, self.read()).await {
            Ok(received) => received,
            Err(_) => Err(ClientError::Timeout {
                awaited: awaited.to_owned(),
                within,
                inbox: self.inbox.iter().cloned().collect(),
            }),
        }
    }

    /// The next frame from the socket. Nothing is lost when it is dropped.
    async fn read(&mut self) -> Result<Frame, ClientError> {
        let broken = |reason: String| ClientError::Closed { code: None, reason };
        loop {
            let message = match self.socket.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Err(broken(error.to_string())),
                None => return Err(broken("end of stream".to_owned())),
            };
            match message {
                Message::Text(text) => {
                    return serde_json::from_str(&text).map_err(|source| ClientError::NotAFrame {
                        text: text.to_string(),
                        source,
                    });
                }
                Message::Close(frame) => {
                    // Reading to the end sends the answer.
                    while let Some(Ok(_)) = self.socket.next().await {}
                    return Err(match frame {
                        Some(frame) => ClientError::Closed {
                            code: Some(frame.code.into()),
                            reason: frame.reason.to_string(),
                        },
                        None => broken("close without a code".to_owned()),
                    });
                }
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
