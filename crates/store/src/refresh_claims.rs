//! Who may refresh an account's tokens.
//!
//! Two who use the same refresh token can cost the grant, where each use replaces it: of several daemons on one
//! database, one refreshes. A claim ends by itself, in case its holder was killed.

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_domain::{Platform, UserId};

use crate::{
    Store, StoreError,
    db::{statements, writing},
};

statements! {
    /// A claim that would end far later than one of now was made by a clock that was wrong.
    CLAIM = "update accounts set refresh_until = $4
             where user_id = $1 and platform = $2 and version = $3
                 and (refresh_until is null or refresh_until <= $5 or refresh_until > $6)";
    RELEASE = "update accounts set refresh_until = null where user_id = $1 and platform = $2 and version = $3";
}

impl Store {
    /// Takes the right to refresh the tokens of this version, for so long. Says whether it did: not while somebody else
    /// has it, and not when the version is another one. It ends with [`swap_tokens`](Self::swap_tokens) and
    /// [`release_refresh`](Self::release_refresh).
    pub async fn claim_refresh(
        &self,
        user: &UserId,
        platform: &Platform,
        version: i64,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let now = Timestamp::now().as_millisecond();
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let until = now.saturating_add(lease);
        writing!(self.db(), |connection| {
            let done = sqlx::query(CLAIM)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(version)
                .bind(until)
                .bind(now)
                .bind(until.saturating_add(lease))
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }

    /// Gives the right to refresh the tokens of this version back, without having refreshed them.
    pub async fn release_refresh(
        &self,
        user: &UserId,
        platform: &Platform,
        version: i64,
    ) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            sqlx::query(RELEASE)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(version)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }
}
