//! What handlers are given: checked before they run, refused with the place of what is wrong.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request, rejection::BytesRejection},
};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, de::DeserializeOwned};
use stagedoor_domain::UserId;

use super::{
    super::{Api, ApiError, caller::Caller},
    MAX_BODY_BYTES,
};
use crate::{Role, api::read};

/// The part of the path that names the user.
const USER: &str = "user";

/// The user in the path, for whom the caller may act: the same user, or a service, or an admin.
pub(super) struct Own(pub(super) UserId);

/// The user in the path, for a caller whose word counts for everybody: a service or an admin.
pub(super) struct Trusted(pub(super) UserId);

impl FromRequestParts<Arc<Api>> for Own {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let (caller, user) = subject(parts, api).await?;
        caller.may_act_for(&user)?;
        Ok(Self(user))
    }
}

impl FromRequestParts<Arc<Api>> for Trusted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let (caller, user) = subject(parts, api).await?;
        if caller.0.role == Role::User {
            return Err(ApiError::forbidden(
                "this is for services and admins",
                "use a token with the role `service`",
            ));
        }
        Ok(Self(user))
    }
}

/// Who asks, and about whom. A browser's page must be one that may open a socket too: else any page that somebody
/// visits could send commands to a daemon in development mode, where no token is needed.
async fn subject(parts: &mut Parts, api: &Arc<Api>) -> Result<(Caller, UserId), ApiError> {
    if !api.origins.allow(&parts.headers) {
        api.counters.origins_refused.inc();
        return Err(ApiError::origin());
    }
    let caller = Caller::from_request_parts(parts, api).await?;
    let params = params(parts, api).await?;
    let user = params.iter().find(|(name, _)| *name == USER).map_or("", |(_, user)| user);
    let user = UserId::new(user)
        .map_err(|error| ApiError::invalid("path", error.to_string()).field(USER))?;
    Ok((caller, user))
}

/// The rest of the path.
pub(super) struct PathOf<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Api>> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let params = params(parts, api).await?;
        read::path(params.iter().filter(|(name, _)| *name != USER)).map(Self)
    }
}

async fn params(parts: &mut Parts, api: &Arc<Api>) -> Result<RawPathParams, ApiError> {
    let params = RawPathParams::from_request_parts(parts, api).await;
    params.map_err(|error| ApiError::invalid("path", error.body_text()))
}

/// The query.
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<T: for<'de> Deserialize<'de>> FromRequestParts<Arc<Api>> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, ApiError> {
        read::query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// A JSON body, whatever the request calls it. None is taken for `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Api>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, api).await;
        let bytes = bytes.map_err(|rejection| unread(&rejection))?;
        let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
        read::json("body", bytes).map(Self)
    }
}

/// Why a body was not read.
pub(in crate::http) fn unread(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::body_too_large(MAX_BODY_BYTES)
    } else {
        ApiError::invalid("body", "the body broke off")
    }
}
