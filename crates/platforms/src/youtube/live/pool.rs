//! HTTP/2 connections to YouTube, shared by all chats that are streamed.
//!
//! Google takes 100 streams at a time on a connection and lets more wait: so a chat takes a place on the first connection
//! that has one, and another connection is made when none has.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use crate::BuildError;

/// How many chats are streamed on a connection. Google's limit is 100.
const PLACES: u32 = 90;

/// How much of a chat may be under way, in bytes: what a chat that is not read can take of our memory. Enough for
/// hundreds of messages a second.
const WINDOW: u32 = 16 * 1024;

/// The same of a connection: no chat that is not read keeps the others waiting.
const CONNECTION_WINDOW: u32 = WINDOW * PLACES;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a connection that is used is asked whether it still stands, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(45);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// The connections.
pub(crate) struct Pool {
    endpoint: Endpoint,
    connections: Mutex<Vec<Connection>>,
}

struct Connection {
    channel: Channel,
    taken: Arc<AtomicU32>,
}

impl Pool {
    /// To this address. Nothing is connected yet.
    pub(crate) fn new(url: &str) -> Result<Self, BuildError> {
        let wrong = || BuildError::BaseUrl { url: url.into() };
        let mut endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| wrong())?;
        match endpoint.uri().scheme_str() {
            Some("http") => {}
            Some("https") => {
                endpoint = endpoint
                    .tls_config(ClientTlsConfig::new().with_webpki_roots())
                    .map_err(|_| wrong())?;
            }
            _ => return Err(wrong()),
        }
        let endpoint = endpoint
            .user_agent(concat!("stagedoor/", env!("CARGO_PKG_VERSION")))
            .map_err(|_| wrong())?
            .connect_timeout(CONNECT_TIMEOUT)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT)
            .tcp_nodelay(true);
        Ok(Self { endpoint, connections: Mutex::default() })
    }

    /// A place on a connection, until it is dropped.
    pub(crate) fn place(&self) -> Place {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle = 0;
        connections.retain(|connection| {
            // One is kept for who comes next.
            let is_idle = connection.taken.load(Ordering::Relaxed) == 0;
            idle += usize::from(is_idle);
            !is_idle || idle == 1
        });
        let has_room = |connection: &&Connection| connection.taken.load(Ordering::Relaxed) < PLACES;
        if connections.iter().find(has_room).is_none() {
            let channel = self.endpoint.connect_lazy();
            connections.push(Connection { channel, taken: Arc::default() });
        }
        let connection = connections.iter().find(has_room).expect("one was added if none had room");
        connection.taken.fetch_add(1, Ordering::Relaxed);
        Place { channel: connection.channel.clone(), taken: Arc::clone(&connection.taken) }
    }

    #[cfg(test)]
    fn connections(&self) -> usize {
        self.connections.lock().unwrap().len()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("endpoint", self.endpoint.uri()).finish_non_exhaustive()
    }
}

/// A place on a connection.
pub(crate) struct Place {
    pub(crate) channel: Channel,
    taken: Arc<AtomicU32>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_shared_by_ninety_and_goes_when_nobody_is_on_it() {
        let pool = Pool::new("http://127.0.0.1:1").unwrap();
        let mut places: Vec<_> = (0..PLACES).map(|_| pool.place()).collect();
        assert_eq!(pool.connections(), 1);
        places.push(pool.place());
        assert_eq!(pool.connections(), 2);
        places.remove(0);
        places.push(pool.place());
        assert_eq!(pool.connections(), 2, "a place that was given back is taken again");
        places.clear();
        let _place = pool.place();
        assert_eq!(pool.connections(), 1);
    }

    #[tokio::test]
    async fn only_addresses_of_servers_are_taken() {
        for wrong in ["", "youtube.googleapis.com", "ftp://youtube.googleapis.com"] {
            assert!(Pool::new(wrong).is_err(), "{wrong}");
        }
        assert!(Pool::new("https://youtube.googleapis.com").is_ok());
    }
}
