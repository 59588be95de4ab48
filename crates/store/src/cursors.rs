//! Where reading an account's events goes on after a restart.

use stagedoor_domain::{Platform, UserId};

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
};

statements! {
    GET = "select cursor from cursors where user_id = $1 and platform = $2 and scope = $3";
    PUT = "insert into cursors (user_id, platform, scope, cursor) values ($1, $2, $3, $4)
           on conflict (user_id, platform) do update set scope = excluded.scope, cursor = excluded.cursor";
    pub(crate) FORGET = "delete from cursors where user_id = $1 and platform = $2";
}

impl Store {
    /// Where reading of this scope, a broadcast, goes on; none when another one was read last.
    pub async fn cursor(
        &self,
        user: &UserId,
        platform: &Platform,
        scope: &str,
    ) -> Result<Option<Box<str>>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(platform.as_str())
            .bind(scope)
            .fetch_optional(pool)
            .await?))?;
        Ok(row.map(|(cursor,)| cursor.into()))
    }

    /// Keeps where reading goes on, in place of what was kept for the platform, of whatever scope.
    pub async fn put_cursor(
        &self,
        user: &UserId,
        platform: &Platform,
        scope: &str,
        cursor: &str,
    ) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(scope)
                .bind(cursor)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }
}
