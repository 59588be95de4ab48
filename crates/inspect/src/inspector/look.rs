//! Looking: tables are read, actors are asked for snapshots with a limit.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use stagedoor_domain::UserId;
use stagedoor_supervision::{
    AddressError, ChildCount, ChildHandle, ChildInfo, ChildStatus, ExitClass, HistoryRecord,
    SupervisorHandle,
};
use tokio::time::timeout;

use super::{
    View,
    tree::{self, Id},
};
use crate::{
    error::{Failure, InspectError},
    paging::{Paging, Rows, Source, cut},
    view::{
        Exits, First, ManagedUser, Manager, MetricsSummary, Overview, PendingTimer, PresenceCount,
        PresentUser, Snapshot, UserMetrics,
    },
};

/// The rows of each list of the overview.
const FIRST: usize = 10;

/// The longest that a snapshot may take, whatever the caller asks.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(10);

/// How long `PresenceManager` may take to list its timers: what else there is to see is not to wait for it.
const TIMERS_LIMIT: Duration = Duration::from_secs(2);

/// How long each user's metrics may take, and how many users are asked at a time.
const METRICS_LIMIT: Duration = Duration::from_secs(1);
const METRICS_AT_ONCE: usize = 50;

/// What a path leads to.
pub(super) enum Found {
    Root(SupervisorHandle),
    Child(ChildHandle),
}

impl Found {
    pub(super) fn supervisor(&self) -> Option<SupervisorHandle> {
        match self {
            Self::Root(root) => Some(root.clone()),
            Self::Child(child) => child.supervisor(),
        }
    }
}

/// Finding.
impl View {
    pub(super) fn find(&self, path: &str) -> Result<Found, InspectError> {
        let mut found = Found::Root(self.root.clone());
        let mut nearest = String::new();
        for id in segments(path) {
            let Some(child) = found.supervisor().and_then(|supervisor| supervisor.child(id)) else {
                return Err(InspectError::NotFound { path: path.into(), nearest });
            };
            tree::join(&mut nearest, id);
            found = Found::Child(child);
        }
        Ok(found)
    }

    pub(super) fn supervisor(&self, path: &str) -> Result<SupervisorHandle, InspectError> {
        let found = self.find(path)?;
        found.supervisor().ok_or_else(|| InspectError::NotSupervisor { path: path.into() })
    }

    fn held(&self, user: &str) -> Option<String> {
        // The tree of somebody who is no user is an error of somebody else's.
        let user = UserId::new(user).ok()?;
        self.sources.held(&user).map(Into::into)
    }

    pub(super) fn user_path(&self, user: &str) -> String {
        format!("{}/{user}", self.users)
    }
}

/// The ids of a path. Slashes too many at the ends or between are as if they were not there.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|id| !id.is_empty())
}

/// Lists.
impl View {
    pub(super) fn presence(&self, paging: &Paging) -> Rows<PresentUser> {
        let users = self.sources.present_users();
        let total = users.len();
        let (users, next) = cut(users.iter().map(Key), paging);
        let sessions = |Key(user): Key<'_>| PresentUser {
            sessions: self.sources.sessions(user),
            user: user.clone(),
        };
        // Who left since the list was made is not here.
        let present = users.into_iter().map(sessions).filter(|user| !user.sessions.is_empty());
        rows(Source::Tracker, total, present.collect(), next)
    }

    pub(super) fn managed(&self, paging: &Paging) -> Result<Rows<ManagedUser>, InspectError> {
        self.trees(paging, |info: ChildInfo| {
            Some(ManagedUser { held: self.held(&info.id), user: info.id, status: info.status })
        })
    }

    pub(super) fn managers(&self, paging: &Paging) -> Result<Rows<Manager>, InspectError> {
        let users = self.supervisor(self.users)?;
        let mut page = self.trees(paging, |info: ChildInfo| {
            matches!(info.status, ChildStatus::Running { .. }).then(|| Manager {
                path: self.user_path(&info.id),
                user: info.id,
                status: info.status,
                restarts: info.restarts,
                last_exit: info.last_exit,
            })
        })?;
        page.total = users.count_children().active;
        Ok(page)
    }

    /// A page of the users' trees; `row` says what is shown of each, if anything.
    fn trees<T>(
        &self,
        paging: &Paging,
        row: impl Fn(ChildInfo) -> Option<T>,
    ) -> Result<Rows<T>, InspectError> {
        let page = children_of(&self.supervisor(self.users)?, paging);
        let Rows { source, total, next, .. } = page;
        Ok(rows(source, total, page.rows.into_iter().filter_map(row).collect(), next))
    }

    pub(super) async fn timers(&self, paging: &Paging) -> Result<Rows<PendingTimer>, InspectError> {
        let timers = self.pending_timers().await;
        let timers =
            timers.map_err(|failure| InspectError::Actor { path: "presence".into(), failure })?;
        let total = timers.len();
        let (timers, next) = cut(timers.iter().map(TimerKey), paging);
        let timers = timers.into_iter().map(|TimerKey(timer)| timer.clone()).collect();
        Ok(rows(Source::PresenceManager, total, timers, next))
    }

    async fn pending_timers(&self) -> Result<Vec<PendingTimer>, Failure> {
        match timeout(TIMERS_LIMIT, self.sources.timers()).await {
            Ok(timers) => timers.map_err(Failure::from),
            Err(_) => Err(AddressError::TimedOut(TIMERS_LIMIT).into()),
        }
    }

    pub(super) async fn user_metrics(
        &self,
        paging: &Paging,
    ) -> Result<Rows<UserMetrics>, InspectError> {
        let users = self.supervisor(self.users)?;
        let page = children_of(&users, paging);
        let Rows { total, next, .. } = page;
        let ask = async |info: ChildInfo| {
            let tree = users.child(&info.id).and_then(|tree| tree.supervisor());
            let metrics = match tree.and_then(|tree| tree.child(self.metrics)) {
                Some(collector) => snapshot_of(&collector, METRICS_LIMIT).await,
                None => Err(Failure::Down),
            };
            let (metrics, failure) = match metrics {
                Ok(metrics) => (Some(metrics), None),
                Err(failure) => (None, Some(failure)),
            };
            UserMetrics { user: info.id, metrics, failure }
        };
        let metrics = stream::iter(page.rows).map(ask).buffered(METRICS_AT_ONCE).collect().await;
        Ok(rows(Source::Actors, total, metrics, next))
    }

    pub(super) fn children(
        &self,
        path: &str,
        paging: &Paging,
    ) -> Result<Rows<ChildInfo>, InspectError> {
        Ok(children_of(&self.supervisor(path)?, paging))
    }
}

/// One answer each.
impl View {
    pub(super) async fn overview(&self) -> Overview {
        let paging = Paging::default().limit(FIRST);
        let presence = self.presence(&paging);
        Overview {
            observed_at: Timestamp::now(),
            daemon: self.sources.process(),
            sessions: self.sources.presence_count().sessions,
            presence: first(Source::Tracker, Ok(presence)),
            managed_users: first(Source::Tree, self.managed(&paging)),
            running_managers: first(Source::Tree, self.managers(&paging)),
            pending_timers: first(Source::PresenceManager, self.timers(&paging).await),
        }
    }

    pub(super) async fn summary(&self) -> Result<MetricsSummary, InspectError> {
        let counters = self.lifecycle.counters();
        let PresenceCount { users, sessions } = self.sources.presence_count();
        Ok(MetricsSummary {
            pending_timers: self.pending_timers().await.ok().map(|timers| timers.len()),
            observed_at: Timestamp::now(),
            daemon: self.sources.process(),
            presence: PresenceCount { users, sessions },
            managers: self.count(self.users)?,
            started: counters.started(),
            restarted: counters.restarted(),
            start_failed: counters.start_failed(),
            gave_up: counters.gave_up(),
            exits: Exits {
                normal: counters.exited(ExitClass::Normal),
                shutdown: counters.exited(ExitClass::Shutdown),
                failed: counters.exited(ExitClass::Failed),
                killed: counters.exited(ExitClass::Killed),
            },
            figures: self.sources.figures(),
        })
    }

    pub(super) fn count(&self, path: &str) -> Result<ChildCount, InspectError> {
        Ok(self.supervisor(path)?.count_children())
    }

    pub(super) async fn snapshot(
        &self,
        path: &str,
        limit_ms: u64,
    ) -> Result<Snapshot, InspectError> {
        let limit = Duration::from_millis(limit_ms).min(SNAPSHOT_LIMIT);
        let (info, state) = match self.find(path)? {
            Found::Root(root) => {
                let state = serde_json::json!({
                    "strategy": root.strategy(),
                    "children": root.count_children(),
                });
                (None, state)
            }
            Found::Child(child) => {
                let state = snapshot_of(&child, limit).await;
                let state =
                    state.map_err(|failure| InspectError::Actor { path: path.into(), failure })?;
                (Some(child.info().clone()), state)
            }
        };
        Ok(Snapshot { path: path.into(), observed_at: Timestamp::now(), info, state })
    }

    pub(super) fn history(&self, path: &str) -> Result<Vec<HistoryRecord>, InspectError> {
        let found = self.find(path)?;
        if let Some(supervisor) = found.supervisor() {
            return Ok(supervisor.history());
        }
        let (parent, id) = self.parent_of(path)?;
        Ok(parent.history().into_iter().filter(|record| record.child == id).collect())
    }

    /// The supervisor whose child is at `path`, and the child's id.
    pub(super) fn parent_of<'path>(
        &self,
        path: &'path str,
    ) -> Result<(SupervisorHandle, &'path str), InspectError> {
        let trimmed = path.trim_matches('/');
        let (parent, id) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        Ok((self.supervisor(parent)?, id))
    }
}

async fn snapshot_of(child: &ChildHandle, limit: Duration) -> Result<serde_json::Value, Failure> {
    // A child that waits to be needed says so by itself; others that do not run are down.
    child.snapshot(limit).await.map_err(Failure::from)
}

/// A page of a supervisor's children.
fn children_of(supervisor: &SupervisorHandle, paging: &Paging) -> Rows<ChildInfo> {
    let SupervisorHandle::Dynamic(dynamic) = supervisor else {
        // Few, and in an order that means something: one page.
        let children = supervisor.which_children();
        return rows(Source::Tree, children.len(), children, None);
    };
    let ids = dynamic.ids();
    let total = ids.len();
    let (ids, next) = cut(ids.iter().map(|id| Id(id.as_str())), paging);
    // Who ended since the ids were read has no row.
    let child = |Id(id): Id<'_>| dynamic.child(id).map(|child| child.info().clone());
    rows(Source::Tree, total, ids.into_iter().filter_map(child).collect(), next)
}

fn rows<T>(source: Source, total: usize, rows: Vec<T>, next: Option<String>) -> Rows<T> {
    Rows { source, observed_at: Timestamp::now(), total, rows, next }
}

/// The part of the overview that `page` is, or that it could not be read.
fn first<T>(source: Source, page: Result<Rows<T>, InspectError>) -> First<T> {
    match page {
        Ok(page) => First { source, total: page.total, first: page.rows, failure: None },
        Err(error) => {
            let failure = match error {
                InspectError::Actor { failure, .. } => failure,
                _ => Failure::Down,
            };
            First { source, total: 0, first: Vec::new(), failure: Some(failure) }
        }
    }
}

struct Key<'a>(&'a UserId);

impl AsRef<str> for Key<'_> {
    fn as_ref(&self) -> &str {
        self.0.as_str()
    }
}

struct TimerKey<'a>(&'a PendingTimer);

impl AsRef<str> for TimerKey<'_> {
    fn as_ref(&self) -> &str {
        self.0.user.as_str()
    }
}
