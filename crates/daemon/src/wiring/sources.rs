//! What the inspector asks outside the tree of supervisors.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::{StreamEvent, StreamStatus, UserId};
use stagedoor_gateway::Gateway;
use stagedoor_inspect::{
    AlertsOverview, Asked, Budget, EventQuery, PendingTimer, PlatformsOverview, PresenceCount,
    PresentSession, ProcessFacts, Sources, StreamAction, StreamOverview,
};
use stagedoor_presence::{Holds, PresenceManagerMsg, Tracker};
use stagedoor_supervision::{Address, AddressError};
use tokio::time::Instant;

use super::streams::Streams;
use crate::{config::Mode, process};

/// How long PresenceManager may take to list its timers.
const TIMERS_LIMIT: Duration = Duration::from_secs(5);

/// The daemon's own facts.
pub(super) struct Facts {
    mode: Mode,
    tracker: Tracker,
    manager: Address<PresenceManagerMsg>,
    gateway: Gateway,
    holds: Holds,
    streams: Streams,
    started_at: Timestamp,
    started: Instant,
}

impl Facts {
    pub(super) fn new(
        mode: Mode,
        tracker: Tracker,
        manager: Address<PresenceManagerMsg>,
        gateway: Gateway,
        holds: Holds,
        streams: Streams,
    ) -> Self {
        let (started_at, started) = (Timestamp::now(), Instant::now());
        Self { mode, tracker, manager, gateway, holds, streams, started_at, started }
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

    fn held(&self, user: &UserId) -> Option<&'static str> {
        self.holds.why(user)
    }

    fn budgets(&self) -> Vec<Budget> {
        self.streams.budgets()
    }

    fn stream<'a>(&'a self, user: &'a UserId) -> Asked<'a, StreamOverview> {
        Box::pin(self.streams.stream(user))
    }

    fn act_on_stream<'a>(
        &'a self,
        user: &'a UserId,
        action: &'a StreamAction,
    ) -> Asked<'a, StreamStatus> {
        Box::pin(self.streams.act(user, action))
    }

    fn events<'a>(&'a self, query: &'a EventQuery, limit: usize) -> Asked<'a, Vec<StreamEvent>> {
        Box::pin(self.streams.events(query, limit))
    }

    fn alerts<'a>(&'a self, user: &'a UserId, recent: usize) -> Asked<'a, AlertsOverview> {
        Box::pin(self.streams.alerts(user, recent))
    }

    fn platforms<'a>(&'a self, user: &'a UserId) -> Asked<'a, PlatformsOverview> {
        Box::pin(self.streams.platforms(user))
    }
}
