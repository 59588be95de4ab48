//! `GET /api/presence`: who is here, in pages.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use stagedoor_domain::UserId;
use stagedoor_presence::Meta;
use utoipa::{IntoParams, ToSchema};

use super::{Api, ApiError, caller::Caller, v1::extract::QueryOf};

/// The most users of one page, and how many come unasked.
const MAX_PAGE_USERS: usize = 1000;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The last user of the page before.
    after: Option<UserId>,
    /// How many users: 1 to 1000, as many when absent.
    limit: Option<usize>,
}

/// A page of users, sorted by id, in the form of Phoenix's `presence_state`.
#[derive(Serialize, ToSchema)]
pub(super) struct PresencePage {
    /// By their ids.
    #[schema(value_type = std::collections::HashMap<String, Metas>)]
    users: BTreeMap<UserId, Metas>,
    /// What to give as `after` for the next page; null at the end.
    next: Option<UserId>,
}

/// The sessions of a user.
#[derive(Serialize, ToSchema)]
pub(super) struct Metas {
    /// One of each: `phx_ref`, `session_id`, `page`, `joined_at`, and `phx_ref_prev` after a change of page.
    #[schema(value_type = Vec<Object>)]
    metas: Vec<Meta>,
}

/// Who is here
///
/// Services and admins see everybody, a user sees oneself.
#[utoipa::path(get, path = "/api/presence", tag = "presence", operation_id = "listPresence",
    params(Paging), responses((status = 200, body = PresencePage)))]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<PresencePage>, ApiError> {
    let limit = paging.limit.unwrap_or(MAX_PAGE_USERS);
    if !(1..=MAX_PAGE_USERS).contains(&limit) {
        let message = format!("the limit must be from 1 to {MAX_PAGE_USERS}");
        return Err(ApiError::invalid("query", message).field("limit"));
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
