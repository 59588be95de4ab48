//! A listener: takes connections, within limits, and serves HTTP/1.1 on them.
//!
//! ```text
//! accept ─▶ limits ─┬─ a place ─▶ task: hyper, with time limits ─▶ router ─┬─ answer
//!                   └─ none ────▶ 503, closed                               └─ upgrade: the session keeps the place
//! ```
//!
//! Both listeners are this, with other routes and numbers.

mod connection;
mod limits;
mod refuse;
mod stream;

#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::stream::PlacedStream;
use self::{
    connection::{Connection, Timeouts},
    limits::ConnectionLimits,
    refuse::Refuser,
};
use crate::metrics::{Counters, ListenerLabel, ListenerLabels, RefusalLabels};

/// How long to wait when no connection can be taken, such as for want of a file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The numbers of a listener.
#[derive(Clone, Debug)]
pub(crate) struct ListenerSettings {
    pub(crate) label: ListenerLabel,
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) drain_timeout: Duration,
    /// Every answer says that this is a demonstration.
    pub(crate) demo: bool,
}

/// What a listener keeps over its restarts: sessions of an earlier run still have their places.
#[derive(Debug)]
pub(crate) struct Listener {
    label: ListenerLabel,
    timeouts: Timeouts,
    limits: ConnectionLimits,
    counters: Counters,
    refuser: Refuser,
    demo: bool,
}

// === impl Listener ===

impl Listener {
    pub(crate) fn new(settings: &ListenerSettings, counters: Counters) -> Self {
        Self {
            label: settings.label,
            timeouts: Timeouts {
                header: settings.header_timeout,
                request: settings.request_timeout,
                drain: settings.drain_timeout,
            },
            limits: ConnectionLimits::new(settings.connections, settings.connections_per_address),
            counters,
            refuser: Refuser::default(),
            demo: settings.demo,
        }
    }

    /// Serves `router` on `socket` until `shutdown`, then waits for the requests under way, within the drain timeout.
    /// When the future is dropped instead, they are asked to end and not waited for.
    pub(crate) async fn run(
        &self,
        socket: &TcpListener,
        router: Router,
        shutdown: &CancellationToken,
    ) {
        let ending = CancellationToken::new();
        let _ends_with_us = ending.clone().drop_guard();
        let connections = TaskTracker::new();
        while let Some((stream, peer)) = self.accept(socket, shutdown).await {
            self.take(stream, peer, &router, &connections, &ending);
        }
        ending.cancel();
        connections.close();
        // Each connection has the same limit; this one is for the case that none of them gets to run.
        if timeout(self.timeouts.drain + ACCEPT_PAUSE, connections.wait()).await.is_err() {
            tracing::warn!(open = connections.len(), "requests outlast the shutdown");
        }
    }

    /// The next connection; none after `shutdown`.
    async fn accept(
        &self,
        socket: &TcpListener,
        shutdown: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr)> {
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok(connection) => return Some(connection),
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    // Once for each spell of it.
                    if !failing {
                        tracing::warn!(%error, listener = ?self.label, "cannot take connections");
                        failing = true;
                    }
                    tokio::select! {
                        () = shutdown.cancelled() => return None,
                        () = sleep(ACCEPT_PAUSE) => {}
                    }
                }
            }
        }
    }

    fn take(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        router: &Router,
        connections: &TaskTracker,
        ending: &CancellationToken,
    ) {
        let listener = ListenerLabels { listener: self.label };
        match self.limits.admit(peer.ip()) {
            Ok(permit) => {
                self.counters.accepted.get_or_create(&listener).inc();
                // Answers and frames are written whole: there is nothing to wait for.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, %peer, "the connection has gone already");
                    return;
                }
                let open = self.counters.connections.get_or_create_owned(&listener);
                let connection = Connection {
                    peer,
                    router: router.clone(),
                    timeouts: self.timeouts,
                    label: self.label,
                    counters: self.counters.clone(),
                    ending: ending.clone(),
                    demo: self.demo,
                };
                connections.spawn(connection.serve(PlacedStream::new(stream, permit, open)));
            }
            Err(limit) => {
                let refusal = RefusalLabels { listener: self.label, limit: limit.name() };
                self.counters.refused.get_or_create(&refusal).inc();
                tracing::debug!(%peer, limit = limit.name(), "connection refused");
                self.refuser.refuse(stream);
            }
        }
    }
}

/// The client has gone before it was taken: nothing is wrong with the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
