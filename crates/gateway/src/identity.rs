//! Who a connection is.

use serde::{Deserialize, Serialize};
use stagedoor_domain::UserId;

/// What a token's `role` claim grants. Without the claim: [`Role::User`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A streamer: may join the dashboard topics and sees their own sessions.
    #[default]
    User,
    /// A web backend: may hold leases for any user through the HTTP API.
    Service,
    /// An operator: may see everybody.
    Admin,
}

/// Who a connection is, proven by its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The token's `sub`.
    pub user: UserId,
    /// The token's `role`.
    pub role: Role,
}
