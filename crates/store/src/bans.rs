//! The ids of bans, for the platforms that end a ban only by its id.

use stagedoor_domain::{Platform, UserId};

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
};

statements! {
    GET = "select ban_id from bans where user_id = $1 and platform = $2 and viewer_id = $3";
    PUT = "insert into bans (user_id, platform, viewer_id, ban_id) values ($1, $2, $3, $4)
           on conflict (user_id, platform, viewer_id) do update set ban_id = excluded.ban_id";
    FORGET = "delete from bans where user_id = $1 and platform = $2 and viewer_id = $3";
    pub(crate) FORGET_ALL = "delete from bans where user_id = $1 and platform = $2";
}

impl Store {
    /// The platform's id of the viewer's latest ban, if it gave one.
    pub async fn ban(
        &self,
        user: &UserId,
        platform: &Platform,
        viewer_id: &str,
    ) -> Result<Option<Box<str>>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(platform.as_str())
            .bind(viewer_id)
            .fetch_optional(pool)
            .await?))?;
        Ok(row.map(|(ban_id,)| ban_id.into()))
    }

    /// Keeps the platform's id of a viewer's ban, in place of an earlier one.
    pub async fn put_ban(
        &self,
        user: &UserId,
        platform: &Platform,
        viewer_id: &str,
        ban_id: &str,
    ) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(viewer_id)
                .bind(ban_id)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Forgets a viewer's ban; says whether there was one.
    pub async fn forget_ban(
        &self,
        user: &UserId,
        platform: &Platform,
        viewer_id: &str,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let done = sqlx::query(FORGET)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(viewer_id)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }
}
