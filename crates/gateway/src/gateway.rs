//! The gateway as a whole: two listeners, the sessions and leases behind them, and what ends those in time.

use std::{fmt, sync::Arc, time::Duration};

use stagedoor_presence::Tracker;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Authenticator, Backstage, CloseFrame, GatewayConfig, Metrics, OriginError, Readiness, Sessions,
    api::Desk,
    http::{self, Api},
    leases::Leases,
    listener::Listener,
    metrics::{Counters, PresenceCollector, SocketCollector},
    origin::Origins,
};

/// Where sessions come in.
///
/// A plain component, without an actor: [`run`](Self::run) it, and run it again when it has failed. Sessions and leases
/// belong to the `Gateway`, not to a run, so that they live on in between. Cheap to clone: all clones are the same.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    api: Arc<Api>,
    metrics: Metrics,
    public: Listener,
    admin: Listener,
    /// How long sessions may take to say goodbye.
    farewell: Duration,
}

impl Gateway {
    /// Puts the parts together, and registers the gateway's metrics: make one gateway for one [`Metrics`].
    ///
    /// # Errors
    ///
    /// When one of the configured origins is none.
    pub fn new(
        config: &GatewayConfig,
        tracker: Tracker,
        authenticator: Authenticator,
        readiness: Readiness,
        metrics: Metrics,
        backstage: Backstage,
    ) -> Result<Self, OriginError> {
        let origins = Origins::new(&config.origins)?;
        let counters = Counters::default();
        let leases = Leases::new(tracker.clone());
        let desk = Desk::new(backstage, config);
        let sessions =
            Sessions::new(&config.socket, config.demo, tracker.clone(), Arc::new(desk.clone()));
        counters.register(&mut metrics.registry());
        metrics.register(PresenceCollector { tracker: tracker.clone(), leases: leases.clone() });
        metrics.register(SocketCollector(sessions.clone()));
        Ok(Self(Arc::new(Inner {
            public: Listener::new(&config.public.settings(config.demo), counters.clone()),
            admin: Listener::new(&config.admin.settings(config.demo), counters.clone()),
            farewell: config.public.drain_timeout,
            api: Arc::new(Api {
                tracker,
                leases,
                sessions,
                authenticator,
                origins,
                readiness,
                counters,
                desk,
            }),
            metrics,
        })))
    }

    /// Serves both listeners until `shutdown`; then takes no more connections, tells every session to come back later
    /// (close code 1012), and waits for them and for requests under way, within the drain timeouts.
    ///
    /// One run at a time. To drop the future is a crash of the gateway: the sockets stay bound and the sessions and
    /// leases stay, for the next run with the same listeners.
    pub async fn run(
        &self,
        public: Arc<TcpListener>,
        admin: Arc<TcpListener>,
        shutdown: CancellationToken,
    ) {
        let Inner { api, metrics, .. } = &*self.0;
        let public_routes = http::router(Arc::clone(api));
        let admin_routes = http::admin::router(api.readiness.clone(), metrics.clone());
        let sessions_ended = CancellationToken::new();
        let sessions = async {
            tokio::join!(self.0.public.run(&public, public_routes, &shutdown), async {
                shutdown.cancelled().await;
                api.sessions.close_all(CloseFrame::SERVICE_RESTART);
            });
            // Whoever got in at the last moment.
            api.sessions.close_all(CloseFrame::SERVICE_RESTART);
            if timeout(self.0.farewell, api.sessions.closed()).await.is_err() {
                tracing::warn!(open = api.sessions.len(), "sessions outlast the shutdown");
            }
            sessions_ended.cancel();
        };
        // Health and metrics are told to the end of all others.
        let health = self.0.admin.run(&admin, admin_routes, &sessions_ended);
        let serving = async { tokio::join!(sessions, health) };
        tokio::select! {
            ((), ()) = serving => {}
            () = api.sessions.clone().sweep() => {}
            () = api.leases.expire() => {}
        }
    }

    /// From now on not ready, and no session is taken: joins, sockets and leases are refused. Those that are here stay.
    pub fn drain(&self) {
        self.0.api.readiness.drain();
        self.0.api.sessions.drain();
    }

    /// The sessions on sockets.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.api.sessions
    }

    /// How many leases are held through the HTTP API.
    #[must_use]
    pub fn lease_count(&self) -> usize {
        self.0.api.leases.len()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("sessions", &self.sessions().len())
            .field("leases", &self.lease_count())
            .finish_non_exhaustive()
    }
}
