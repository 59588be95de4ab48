//! Who calls the API.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use stagedoor_domain::UserId;

use super::{Api, ApiError};
use crate::{Identity, Role};

/// Who calls, proven.
pub(super) struct Caller(pub(super) Identity);

impl Caller {
    /// May the caller hold and end sessions of `user`?
    pub(super) fn may_act_for(&self, user: &UserId) -> Result<(), ApiError> {
        match self.0.role {
            Role::Service | Role::Admin => Ok(()),
            Role::User if self.0.user == *user => Ok(()),
            Role::User => Err(ApiError::forbidden(
                "a user's token is for that user's sessions only",
                "use a token with the role `service`",
            )),
        }
    }

    /// Whom the caller may see: everybody, or one.
    pub(super) fn sees_only(&self) -> Option<&UserId> {
        match self.0.role {
            Role::Service | Role::Admin => None,
            Role::User => Some(&self.0.user),
        }
    }
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(request: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        api.identify(request).map(Self)
    }
}
