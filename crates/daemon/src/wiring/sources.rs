//! What the inspector asks outside the tree of supervisors.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::UserId;
use stagedoor_gateway::Gateway;
use stagedoor_inspect::{PendingTimer, PresenceCount, PresentSession, ProcessFacts, Sources};
use stagedoor_presence::{PresenceManagerMsg, Tracker};
use stagedoor_supervision::{Address, AddressError};
use tokio::time::Instant;

use crate::{config::Mode, process};

/// How long PresenceManager may take to list its timers.
const TIMERS_LIMIT: Duration = Duration::from_secs(5);

/// The daemon's own facts.
pub(super) struct Facts {
    mode: Mode,
    tracker: Tracker,
    manager: Address<PresenceManagerMsg>,
    gateway: Gateway,
    started_at: Timestamp,
    started: Instant,
}

impl Facts {
    pub(super) fn new(
        mode: Mode,
        tracker: Tracker,
        manager: Address<PresenceManagerMsg>,
        gateway: Gateway,
    ) -> Self {
        let (started_at, started) = (Timestamp::now(), Instant::now());
        Self { mode, tracker, manager, gateway, started_at, started }
    }
}

impl Sources for Facts {
    fn process(&self) -> ProcessFacts {
        ProcessFacts {
            version: env!("CARGO_PKG_VERSION").into(),
            mode: self.mode.as_str().into(),
            pid: std::process::id(),
            started_at: self.started_at,
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            rss_bytes: process::rss_bytes(),
        }
    }

    fn presence_count(&self) -> PresenceCount {
        PresenceCount { users: self.tracker.user_count(), sessions: self.tracker.total_sessions() }
    }

    fn present_users(&self) -> Vec<UserId> {
        self.tracker.users()
    }

    fn sessions(&self, user: &UserId) -> Vec<PresentSession> {
        let session = |meta: stagedoor_presence::Meta| PresentSession {
            session_id: meta.session,
            page: meta.page,
            joined_at: meta.joined_at,
            phx_ref: meta.phx_ref.to_string(),
        };
        self.tracker.metas(user).into_iter().map(session).collect()
    }

    fn timers(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<PendingTimer>, AddressError>> + Send + '_>> {
        Box::pin(async {
            let timers =
                self.manager.call(PresenceManagerMsg::GetPendingTimers, TIMERS_LIMIT).await?;
            let timer = |timer: stagedoor_presence::PendingTimer| PendingTimer {
                user: timer.user,
                remaining_ms: timer.remaining_ms,
            };
            Ok(timers.into_iter().map(timer).collect())
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers for people")]
    fn figures(&self) -> BTreeMap<String, f64> {
        BTreeMap::from([
            ("sockets".into(), self.gateway.sessions().len() as f64),
            ("leases".into(), self.gateway.lease_count() as f64),
        ])
    }
}
