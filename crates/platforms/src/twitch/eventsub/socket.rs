//! A socket that is only read.
//!
//! Twitch closes a socket on which a client sends anything but pongs and a close, even a ping (code 4001). So this has
//! no way to send: pongs are made below, by what reads.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        Error as WsError, Message, Utf8Bytes,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use crate::BuildError;

/// What is read from the network at a time, in bytes. The default of the library is 128 KiB for each socket, and there
/// is a socket for every user.
const READ: usize = 4 * 1024;

/// The longest message, in bytes. Twitch's are a few thousand.
const MAX_MESSAGE: usize = 1024 * 1024;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(8);

/// How sockets are made: with the roots of Mozilla, once for all of them.
#[derive(Clone)]
pub(crate) struct Sockets(Connector);

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sockets")
    }
}

/// A socket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Sockets {
    pub(crate) fn new() -> Result<Self, BuildError> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| BuildError::Config { what: "TLS", problem: "knows no safe version" })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Connector::Rustls(Arc::new(tls))))
    }

    /// Opens one.
    pub(crate) async fn open(self, url: Box<str>) -> Result<Socket, String> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_write_buffer_size(READ)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let open = connect_async_tls_with_config(&*url, Some(config), true, Some(self.0));
        match timeout(CONNECT, open).await {
            Ok(Ok((socket, _))) => Ok(Socket(socket)),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("the socket could not be opened in time".into()),
        }
    }
}

impl Socket {
    /// The next message, or why there is none. Dropping the future loses nothing.
    pub(crate) async fn read(&mut self) -> Result<Utf8Bytes, String> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                // Pings are answered by the next read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(bytes))) => {
                    tracing::debug!(bytes = bytes.len(), "EventSub sent what is no text");
                }
                Some(Ok(Message::Close(close))) => return Err(closed(close.as_ref())),
                Some(Err(error)) => return Err(describe(&error)),
                None => return Err("the socket is closed".into()),
            }
        }
    }

    /// Asks for the end. What Twitch has sent until it answers can still be read.
    pub(crate) fn close(&mut self) {
        // A close is a few bytes and goes out at once; otherwise the next read sends it.
        let _ = self.0.close(None).now_or_never();
    }
}

/// What Twitch's codes mean: <https://dev.twitch.tv/docs/eventsub/handling-websocket-events/#close-message>.
fn closed(close: Option<&CloseFrame>) -> String {
    let Some(close) = close else { return "Twitch closed the socket".into() };
    let code = u16::from(close.code);
    let meaning = match code {
        4000 => "internal server error",
        4001 => "something was sent on it",
        4002 => "a ping was not answered",
        4003 => "nothing was subscribed in time",
        4004 => "the move to another socket took too long",
        4005 => "network timeout",
        4006 => "network error",
        4007 => "the address to move to was not valid",
        _ => return format!("Twitch closed the socket: code {code}"),
    };
    format!("Twitch closed the socket: {meaning} ({code})")
}

fn describe(error: &WsError) -> String {
    match error {
        WsError::Http(response) => {
            format!("Twitch refused the socket: HTTP {}", response.status().as_u16())
        }
        error => format!("the socket failed: {error}"),
    }
}
