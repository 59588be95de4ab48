//! All sessions of a gateway, and what they share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::{rt::TokioIo, server::conn::auto};
use stagedoor_domain::SessionId;
use stagedoor_presence::Tracker;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use super::{refusal::ChannelCounters, session::ChannelSession, stage::Stage};
use crate::{
    identity::Identity,
    websocket::{CloseFrame, Connection, Live, SocketCounters, Sockets},
};

/// What one connection may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketConfig {
    /// The longest message that is taken, in bytes. A longer one closes with 1009.
    pub message_limit: usize,
    /// The longest backlog of a connection, in bytes. With more, the next frame closes it instead (1008). A frame is
    /// always taken when the backlog before it is under the limit, and presence states do not count.
    pub outbox_limit: usize,
    /// A connection with no message for so long is closed (1001), at most a sixtieth later.
    pub idle_timeout: Duration,
    /// Channels joined at a time.
    pub channels_per_connection: usize,
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            message_limit: 64 * 1024,
            outbox_limit: 256 * 1024,
            idle_timeout: Duration::from_mins(1),
            channels_per_connection: 100,
        }
    }
}

/// All sessions of a gateway. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    pub(super) shared: Arc<Shared>,
}

/// What all sessions share.
pub(super) struct Shared {
    pub(super) tracker: Tracker,
    pub(super) stage: Arc<dyn Stage>,
    /// Every page is told that this is a demonstration.
    pub(super) demo: bool,
    pub(super) counters: ChannelCounters,
    pub(super) channels_per_connection: usize,
    pub(super) draining: AtomicBool,
    sockets: Arc<Sockets>,
    /// Begins the ids of this process's sessions, so that they are unlike any other's.
    prefix: u64,
    next_session: AtomicU64,
}

impl Shared {
    pub(super) fn next_session(&self) -> SessionId {
        let number = self.next_session.fetch_add(1, Ordering::Relaxed);
        SessionId::new(format!("{:016x}-{number:x}", self.prefix))
            .expect("hexadecimal digits and a dash are an id")
    }
}

impl Sessions {
    /// With no session yet. Run [`sweep`](Self::sweep) beside them.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness to give.
    pub(crate) fn new(
        config: &SocketConfig,
        demo: bool,
        tracker: Tracker,
        stage: Arc<dyn Stage>,
    ) -> Self {
        let sockets = Sockets {
            live: Live::new(config.idle_timeout),
            counters: SocketCounters::default(),
            message_limit: config.message_limit,
            outbox_limit: config.outbox_limit,
        };
        let shared = Shared {
            tracker,
            stage,
            demo,
            counters: ChannelCounters::default(),
            channels_per_connection: config.channels_per_connection,
            draining: AtomicBool::new(false),
            sockets: Arc::new(sockets),
            prefix: getrandom::u64().expect("the operating system gives randomness"),
            next_session: AtomicU64::new(1),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs one session on a stream that has the handshake behind it, until it ends. `read_ahead` is what has already
    /// been read from the stream.
    ///
    /// The future is small: spawn it by itself. Dropping it ends the session at once.
    pub fn serve<S>(
        &self,
        stream: S,
        read_ahead: &[u8],
        identity: Identity,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handler = ChannelSession::new(Arc::clone(&self.shared), identity);
        let sockets = Arc::clone(&self.shared.sockets);
        let connection = Connection::new(stream, read_ahead, handler, sockets);
        if self.shared.draining.load(Ordering::SeqCst) {
            connection.socket().close(CloseFrame::SERVICE_RESTART);
        }
        connection
    }

    /// Runs one session on a connection that hyper is about to hand over, in a task of its own. `T` is what hyper was
    /// given inside a `TokioIo`; with it known, hyper's own wrapping is dropped.
    pub fn serve_upgrade<T>(&self, upgrade: OnUpgrade, identity: Identity)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let sessions = self.clone();
        tokio::spawn(async move {
            match upgrade.await {
                Ok(upgraded) => sessions.spawn_upgraded::<T>(upgraded, identity),
                Err(error) => debug!(%error, "connection was not handed over"),
            }
        });
    }

    /// Each session in a fresh task: that of the upgrade has room for all of its own states.
    fn spawn_upgraded<T>(&self, upgraded: Upgraded, identity: Identity)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let upgraded = match upgraded.downcast::<TokioIo<T>>() {
            Ok(parts) => {
                let stream = parts.io.into_inner();
                tokio::spawn(self.serve(stream, &parts.read_buf, identity));
                return;
            }
            Err(upgraded) => upgraded,
        };
        match auto::upgrade::downcast::<TokioIo<T>>(upgraded) {
            Ok(parts) => {
                let stream = parts.io.into_inner();
                tokio::spawn(self.serve(stream, &parts.read_buf, identity));
            }
            Err(upgraded) => {
                tokio::spawn(self.serve(TokioIo::new(upgraded), &[], identity));
            }
        }
    }

    /// From now on joins are refused (`shutting down`) and new sessions are closed (1012). Those that are joined stay.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
    }

    /// Asks every session to close. Each leaves its channels at once, and hangs up when its client has answered or
    /// after 5 s. 1012 is a restart of the server, 1001 the end of this session only.
    pub fn close_all(&self, frame: CloseFrame) {
        self.shared.sockets.live.close_all(frame);
    }

    /// Returns when no session is left.
    pub async fn closed(&self) {
        self.shared.sockets.live.emptied().await;
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.sockets.live.len()
    }

    /// Is there no session?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes idle sessions, for ever.
    pub async fn sweep(self) {
        self.shared.sockets.live.sweep(&self.shared.sockets.counters).await;
    }

    /// What the sockets have done.
    #[must_use]
    pub fn socket_counters(&self) -> &SocketCounters {
        &self.shared.sockets.counters
    }

    /// What the channels on them have done.
    #[must_use]
    pub fn channel_counters(&self) -> &ChannelCounters {
        &self.shared.counters
    }
}
