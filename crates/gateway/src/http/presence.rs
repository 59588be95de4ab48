//! `GET /api/presence`: who is here, in pages.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use stagedoor_domain::UserId;
use stagedoor_presence::Meta;

use super::{Api, ApiError, caller::Caller};

/// The most users of one page, and how many come unasked.
const MAX_PAGE_USERS: usize = 1000;

#[derive(Deserialize)]
pub(super) struct Paging {
    /// The last user of the page before.
    after: Option<UserId>,
    limit: Option<usize>,
}

/// A page of users, sorted by id, in the form of Phoenix's `presence_state`.
#[derive(Serialize)]
pub(super) struct PresencePage {
    users: BTreeMap<UserId, Metas>,
    /// What to give as `after` for the next page; null at the end.
    next: Option<UserId>,
}

#[derive(Serialize)]
struct Metas {
    metas: Vec<Meta>,
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<PresencePage>, ApiError> {
    let Query(paging) =
        paging.map_err(|rejection| ApiError::invalid("query", rejection.body_text()))?;
    let limit = paging.limit.unwrap_or(MAX_PAGE_USERS);
    if !(1..=MAX_PAGE_USERS).contains(&limit) {
        let message = format!("the limit must be from 1 to {MAX_PAGE_USERS}");
        return Err(ApiError::invalid("query, parameter limit", message));
    }
    let mut present = match caller.sees_only() {
        Some(user) => vec![user.clone()],
        None => api.tracker.users(),
    };
    if let Some(after) = &paging.after {
        present.drain(..present.partition_point(|user| user <= after));
    }
    let next = (present.len() > limit).then(|| present[limit - 1].clone());
    present.truncate(limit);
    let with_metas = present.into_iter().map(|user| {
        let metas = api.tracker.metas(&user);
        (user, Metas { metas })
    });
    // Who has left in between has no metas any more.
    let users = with_metas.filter(|(_, user)| !user.metas.is_empty()).collect();
    Ok(Json(PresencePage { users, next }))
}
