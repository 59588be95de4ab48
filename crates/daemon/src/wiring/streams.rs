//! What the inspector asks of the users' streams: by their trees where they run, by the store else.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use stagedoor_budget::BudgetReport;
use stagedoor_domain::{DestinationId, StreamEvent, StreamStatus, UserId};
use stagedoor_inspect::{
    AlertsOverview, Budget, BudgetPriority, DestinationView, EncoderView, EventQuery, ShownAlert,
    SourceError, StreamAction, StreamOverview,
};
use stagedoor_store::StoreError;
use stagedoor_stream::{
    AlertQueueMsg, AlertQueueSnapshot, Services, StreamStateMsg, StreamStateSnapshot, UserContext,
    UserTrees,
};
use stagedoor_supervision::AddressError;

/// How long an actor may take to answer.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// The streams, as the inspector sees them.
pub(super) struct Streams {
    pub(super) services: Arc<Services>,
    pub(super) trees: UserTrees,
}

impl Streams {
    fn tree(&self, user: &UserId) -> Result<UserContext, SourceError> {
        self.trees.get(user).ok_or(SourceError::NoTree)
    }

    pub(super) async fn stream(&self, user: &UserId) -> Result<StreamOverview, SourceError> {
        Ok(overview(user, look(&self.tree(user)?).await?))
    }

    pub(super) async fn act(
        &self,
        user: &UserId,
        action: &StreamAction,
    ) -> Result<StreamStatus, SourceError> {
        let cx = self.tree(user)?;
        let stream = cx.stream_state();
        let outcome = match action {
            StreamAction::Start { destinations } => {
                let destinations = self.chosen(user, destinations).await?;
                let start = |reply| StreamStateMsg::Start { destinations, reply };
                stream.call(start, LIMIT).await
            }
            StreamAction::Stop => stream.call(StreamStateMsg::Stop, LIMIT).await,
            _ => return Err(SourceError::Unsupported),
        };
        outcome.map_err(not_asked)?.map_err(|refused| SourceError::Refused {
            code: refused.code().into(),
            reason: refused.to_string(),
        })?;
        Ok(look(&cx).await?.status)
    }

    /// The destinations named, or all that the user has.
    async fn chosen(
        &self,
        user: &UserId,
        named: &[DestinationId],
    ) -> Result<Vec<DestinationId>, SourceError> {
        if !named.is_empty() {
            return Ok(named.to_vec());
        }
        let all = self.services.store.destinations(user).await.map_err(not_read)?;
        Ok(all.into_iter().map(|destination| destination.id).collect())
    }

    pub(super) async fn events(
        &self,
        query: &EventQuery,
        limit: usize,
    ) -> Result<Vec<StreamEvent>, SourceError> {
        let stored = stagedoor_store::EventQuery {
            before: query.before,
            after: query.after,
            kinds: query.kinds.clone(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            ..stagedoor_store::EventQuery::default()
        };
        self.services.store.events(&query.user, &stored).await.map_err(not_read)
    }

    pub(super) async fn alerts(
        &self,
        user: &UserId,
        recent: usize,
    ) -> Result<AlertsOverview, SourceError> {
        let store = &self.services.store;
        let limit = u32::try_from(recent).unwrap_or(u32::MAX);
        let recent = store.alerts(user, limit).await.map_err(not_read)?;
        let queue = match self.trees.get(user) {
            Some(cx) => queue(&cx).await?,
            None => None,
        };
        let (observed_at, user) = (Timestamp::now(), user.clone());
        if let Some(queue) = queue {
            return Ok(AlertsOverview {
                observed_at,
                user,
                paused: queue.paused,
                muted: queue.muted,
                showing: queue.showing.map(|showing| ShownAlert {
                    alert: (*showing.alert).clone(),
                    started_at: showing.started_at,
                    ends_at: showing.ends_at,
                }),
                waiting: queue.waiting.iter().map(|alert| (**alert).clone()).collect(),
                recent,
            });
        }
        let settings = store.alert_settings(&user).await.map_err(not_read)?;
        let waiting = store.pending_alerts(&user).await.map_err(not_read)?;
        Ok(AlertsOverview {
            observed_at,
            user,
            paused: settings.paused,
            muted: settings.muted,
            showing: None,
            waiting,
            recent,
        })
    }

    /// Cloudflare's, and those of the platforms.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        let cloudflare = self.services.cloudflare.as_ref();
        let cloudflare = cloudflare.map(|client| client.budget().report("cloudflare"));
        let platforms = self.services.platforms.iter().flat_map(|platform| platform.budgets());
        cloudflare.into_iter().chain(platforms).map(budget).collect()
    }
}

async fn look(cx: &UserContext) -> Result<StreamStateSnapshot, SourceError> {
    cx.stream_state().call(StreamStateMsg::GetSnapshot, LIMIT).await.map_err(not_asked)
}

/// The queue, unless it has not been needed yet or is between two lives: then the store knows as much.
async fn queue(cx: &UserContext) -> Result<Option<AlertQueueSnapshot>, SourceError> {
    match cx.alerts().call(AlertQueueMsg::GetSnapshot, LIMIT).await {
        Ok(queue) => Ok(Some(queue)),
        Err(AddressError::NotStarted | AddressError::Down) => Ok(None),
        Err(error) => Err(not_asked(error)),
    }
}

fn overview(user: &UserId, state: StreamStateSnapshot) -> StreamOverview {
    let destinations = state.destinations.into_iter();
    StreamOverview {
        observed_at: Timestamp::now(),
        user: user.clone(),
        status: state.status,
        title: state.metadata.title,
        encoder: EncoderView {
            connected: state.encoder.connected,
            since: state.encoder.since,
            error: state.encoder.error,
        },
        livestream: state.livestream,
        started_at: state.started_at,
        ended_at: state.ended_at,
        auto_stop_at: state.auto_stop_at,
        destinations: destinations
            .map(|destination| DestinationView { id: destination.id, status: destination.status })
            .collect(),
        viewers: state.statistics.viewers,
        peak_viewers: state.statistics.peak_viewers,
        failure: state.failure,
    }
}

fn budget(report: BudgetReport) -> Budget {
    let priorities = report.priorities.into_iter();
    Budget {
        name: report.name.into(),
        limit: report.limit,
        used: report.used,
        window_ms: report.window_ms,
        blocked_for_ms: report.blocked_for_ms,
        priorities: priorities
            .map(|priority| BudgetPriority {
                name: priority.name.into(),
                waiting: priority.waiting,
                granted: priority.granted,
            })
            .collect(),
    }
}

pub(super) fn not_asked(error: AddressError) -> SourceError {
    SourceError::Unavailable { reason: error.to_string() }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn not_read(error: StoreError) -> SourceError {
    SourceError::Unavailable { reason: error.to_string() }
}
