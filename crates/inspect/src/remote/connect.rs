//! Reaching a daemon: the connection, then the hello.

use std::{io, time::Duration};

use futures_util::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_util::codec::Framed;

use super::{Connected, Endpoint, Link};
use crate::{
    error::{ConnectError, Refusal},
    wire::{Codec, Greeting, Hello, VERSION, decode, encode},
};

/// Connects and says hello, within `limit` altogether.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    limit: Duration,
) -> Result<Connected, ConnectError> {
    let name = endpoint.to_string();
    let connected = async {
        match endpoint {
            Endpoint::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                let stream = stream.map_err(|source| unreachable(&name, source))?;
                Ok(open(hello(stream, &name, None).await?))
            }
            Endpoint::Tcp { address, token } => {
                let stream = TcpStream::connect(address).await;
                let stream = stream.map_err(|source| unreachable(&name, source))?;
                // Without it questions only take longer.
                let _ = stream.set_nodelay(true);
                Ok(open(hello(stream, &name, Some(token.expose_secret())).await?))
            }
        }
    };
    timeout(limit, connected)
        .await
        .map_err(|_| ConnectError::TimedOut { endpoint: name.clone(), limit })?
}

fn unreachable(endpoint: &str, source: io::Error) -> ConnectError {
    let endpoint = endpoint.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ConnectError::NotThere { endpoint, source }
        }
        _ => ConnectError::Io { endpoint, source },
    }
}

type Frames<S> = Framed<S, Codec>;

/// Says hello and reads the answer.
async fn hello<S>(stream: S, endpoint: &str, token: Option<&str>) -> Result<Frames<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |source| ConnectError::Io { endpoint: endpoint.into(), source };
    let not_a_daemon = || ConnectError::NotADaemon { endpoint: endpoint.into() };
    let mut frames = Framed::new(stream, Codec::client());
    let hello = Hello { stagedoor: VERSION, token: token.map(Into::into) };
    let hello = encode(&hello).map_err(|error| failed(error.into()))?;
    // A daemon that turns clients away may have closed already; then what it said is still there to be read.
    let sent = frames.send(hello).await;
    let greeting = match frames.next().await {
        Some(Ok(frame)) => decode(&frame).map_err(|_| not_a_daemon())?,
        Some(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(not_a_daemon());
        }
        Some(Err(error)) => return Err(failed(error)),
        None => return Err(sent.err().map_or_else(not_a_daemon, failed)),
    };
    match greeting {
        Greeting::Welcome(welcome) if welcome.version == VERSION => Ok(frames),
        Greeting::Welcome(welcome) => Err(ConnectError::Refused {
            endpoint: endpoint.into(),
            refusal: Refusal::Version { daemon: welcome.version, client: VERSION },
        }),
        Greeting::Refused(refusal) => {
            Err(ConnectError::Refused { endpoint: endpoint.into(), refusal })
        }
    }
}

fn open<S>(frames: Frames<S>) -> Connected
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (link, carriers) = Link::open(frames);
    Connected::new(link, carriers)
}
