//! Accounts: a user's identities on the platforms.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Platform;

/// A connected account. Its tokens are secrets and never a part of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// On which platform. A user has one account on each.
    pub platform: Platform,
    /// The platform's id of it.
    pub external_id: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// What it lets us do, in the platform's words.
    pub scopes: Vec<Box<str>>,
    /// The user must authorise us again.
    pub needs_reauth: bool,
    /// When its access token ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
    /// When it was connected.
    pub connected_at: Timestamp,
    /// Counts up with each change of its tokens: whoever refreshes them compares and swaps.
    pub version: i64,
}
