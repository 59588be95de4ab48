//! Livestreams: those that were, in pages, and what became of each.

use serde::{Deserialize, Serialize};
use stagedoor_domain::{Livestream, LivestreamId, LivestreamSummary, UserId};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, limits};
use crate::http::ApiError;

const MAX_PAGE: u32 = 100;
const USUAL_PAGE: u32 = 20;

/// Which livestreams.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct LivestreamsQuery {
    /// Those before this one.
    before: Option<LivestreamId>,
    /// How many: 1 to 100, 20 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A page of livestreams.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LivestreamPage {
    /// Newest first.
    pub(crate) livestreams: Vec<Livestream>,
    /// What to give as `before` for the next page; null at the end.
    pub(crate) next: Option<LivestreamId>,
}

/// A livestream by its id.
#[derive(Debug, Deserialize)]
pub(crate) struct LivestreamPath {
    pub(crate) id: LivestreamId,
}

pub(crate) async fn list(
    desk: &Desk,
    user: &UserId,
    query: &LivestreamsQuery,
) -> Result<LivestreamPage, ApiError> {
    let limit = limits::page(query.limit, USUAL_PAGE, MAX_PAGE)?;
    let mut livestreams = desk.store().livestreams(user, query.before, limit + 1).await?;
    let limit = limit as usize;
    let next = (livestreams.len() > limit).then(|| livestreams[limit - 1].id);
    livestreams.truncate(limit);
    Ok(LivestreamPage { livestreams, next })
}

pub(crate) async fn get(
    desk: &Desk,
    user: &UserId,
    id: LivestreamId,
) -> Result<LivestreamSummary, ApiError> {
    let summary = desk.store().summary(user, id).await?;
    summary.ok_or_else(|| ApiError::missing(format!("there is no livestream {id}")))
}
