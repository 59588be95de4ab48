//! Accounts on the platforms.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use stagedoor_domain::Account;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Api, ApiError},
    extract::{Body, Own, PathOf, Trusted},
};
use crate::api::accounts::{self, AccountList, Connect, PlatformPath};

pub(super) fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(connect, disconnect))
}

/// The accounts
///
/// Without their tokens, which are never told. With `link`, where the connection stands, if a tree runs for the user.
#[utoipa::path(get, path = "/accounts", tag = "accounts", operation_id = "listAccounts",
    responses((status = 200, body = AccountList)))]
async fn list(State(api): State<Arc<Api>>, Own(user): Own) -> Result<Json<AccountList>, ApiError> {
    accounts::list(&api.desk, &user).await.map(Json)
}

/// Connect an account
///
/// For services and admins: with the tokens that OAuth gave the web backend. They are stored encrypted. An account that
/// is there already gets the new tokens. Refused with 409 when another user has connected this account
/// (`account_taken`), or when the stream is sent by another account of this user's on the platform (`account_in_use`). A
/// user without a backend goes to the page `GET /connect/{platform}` instead.
#[utoipa::path(put, path = "/accounts/{platform}", tag = "accounts", operation_id = "connectAccount",
    params(("platform" = stagedoor_domain::Platform, Path, description = "On which platform")),
    request_body = Connect,
    responses((status = 200, body = Account, description = "Connected anew"),
        (status = 201, body = Account, description = "Connected")))]
async fn connect(
    State(api): State<Arc<Api>>,
    Trusted(user): Trusted,
    PathOf(path): PathOf<PlatformPath>,
    Body(body): Body<Connect>,
) -> Result<(StatusCode, Json<Account>), ApiError> {
    let (account, new) = accounts::connect(&api.desk, &user, path.platform, body).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(account)))
}

/// Disconnect an account
///
/// Its connection ends, its tokens are deleted and given back to the platform, and its destination goes. Refused with
/// 409 (`account_in_use`) while the stream is sent by it.
#[utoipa::path(delete, path = "/accounts/{platform}", tag = "accounts", operation_id = "disconnectAccount",
    params(("platform" = stagedoor_domain::Platform, Path, description = "On which platform")),
    responses((status = 204, description = "It is gone")))]
async fn disconnect(
    State(api): State<Arc<Api>>,
    Own(user): Own,
    PathOf(path): PathOf<PlatformPath>,
) -> Result<StatusCode, ApiError> {
    accounts::disconnect(&api.desk, &user, &path.platform).await?;
    Ok(StatusCode::NO_CONTENT)
}
