//! The daemon's end: accepts clients, and turns away who may not come in.

use std::{io, sync::Arc, time::Duration};

use stagedoor_supervision::Address;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use super::{
    ConnectionCounters, Listener,
    connection::{Door, serve_connection},
    listener::Inner,
    peer::may_connect,
};
use crate::{
    error::Refusal,
    message::{Caller, InspectMsg},
};

/// The limits of the daemon's end.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Clients at a time.
    pub connection_limit: usize,
    /// Questions under way at a time on each connection, watches among them.
    pub requests_per_connection: usize,
    /// How long a client may take to say hello.
    pub hello_limit: Duration,
    /// How long a client may take to read a frame.
    pub write_limit: Duration,
    /// What is counted.
    pub connections: ConnectionCounters,
}

impl Default for ServeConfig {
    /// 16 clients with 64 questions each, 5 s for the hello, 30 s for reading.
    fn default() -> Self {
        Self {
            connection_limit: 16,
            requests_per_connection: 64,
            hello_limit: Duration::from_secs(5),
            write_limit: Duration::from_secs(30),
            connections: ConnectionCounters::default(),
        }
    }
}

/// Clients that are told that they are too many, at a time; further ones just see the connection close.
const TURNED_AWAY_AT_ONCE: usize = 16;

/// How long to wait after an accept has failed, as it does when the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves clients until `shutdown`, then closes their connections, and the listener unless somebody else holds it.
pub async fn serve(
    listener: Listener,
    inspector: Address<InspectMsg>,
    config: ServeConfig,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(config.connection_limit));
    let refusals = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
    let config = Arc::new(config);
    let clients = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let (stream, caller) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(actor = "Inspector", %error, "could not accept a debug client");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let refusal = refuses(&caller);
        let place = Arc::clone(&places).try_acquire_owned().ok();
        let refusal = match place {
            None => Some(Refusal::Connections { limit: config.connection_limit }),
            Some(_) => refusal,
        };
        let (place, entry) = match (refusal, place) {
            (None, Some(place)) => (place, Ok(token(&listener))),
            (refusal, _) => {
                let Ok(turn) = Arc::clone(&refusals).try_acquire_owned() else {
                    config.connections.turned_away();
                    continue;
                };
                (turn, Err(refusal.unwrap_or(Refusal::Peer)))
            }
        };
        let door = Door {
            inspector: inspector.clone(),
            config: Arc::clone(&config),
            caller,
            entry,
            shutdown: shutdown.clone(),
        };
        clients.spawn(async move {
            match stream {
                Stream::Unix(stream) => serve_connection(stream, door).await,
                Stream::Tcp(stream) => serve_connection(stream, door).await,
            }
            drop(place);
        });
    }
    clients.close();
    clients.wait().await;
}

enum Stream {
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

async fn accept(listener: &Listener) -> io::Result<(Stream, Caller)> {
    match &*listener.0 {
        Inner::Unix { listener, .. } => {
            let (stream, _) = listener.accept().await?;
            let peer = stream.peer_cred()?;
            Ok((Stream::Unix(stream), Caller::Unix { uid: peer.uid(), pid: peer.pid() }))
        }
        Inner::Tcp { listener, .. } => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Stream::Tcp(stream), Caller::Tcp(peer)))
        }
    }
}

/// What a client must say, if it must say anything.
fn token(listener: &Listener) -> Option<secrecy::SecretString> {
    match &*listener.0 {
        Inner::Unix { .. } => None,
        Inner::Tcp { token, .. } => Some(token.clone()),
    }
}

fn refuses(caller: &Caller) -> Option<Refusal> {
    match caller {
        Caller::Unix { uid, .. } if !may_connect(*uid, rustix::process::geteuid().as_raw()) => {
            Some(Refusal::Peer)
        }
        _ => None,
    }
}
