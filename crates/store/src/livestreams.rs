//! Livestreams. Those without an end are what was on air: after a restart they go on.

use stagedoor_domain::{Livestream, LivestreamId, UserId};

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    json,
};

statements! {
    PUT = "insert into livestreams (id, user_id, started_at, ended_at, body, numbers)
           values ($1, $2, $3, $4, $5, null)
           on conflict (id) do update set started_at = excluded.started_at, ended_at = excluded.ended_at,
               body = excluded.body
           where livestreams.user_id = excluded.user_id";
    OPEN = "select body from livestreams where ended_at is null order by id";
    OPEN_OF_USER = "select body from livestreams where user_id = $1 and ended_at is null order by id desc limit 1";
    GET = "select body from livestreams where user_id = $1 and id = $2";
    NEWEST = "select body from livestreams where user_id = $1 order by id desc limit $2";
    NEWEST_BEFORE = "select body from livestreams where user_id = $1 and id < $3 order by id desc limit $2";
}

impl Store {
    /// Adds a livestream or changes it.
    pub async fn put_livestream(&self, livestream: &Livestream) -> Result<(), StoreError> {
        let body = json::write(livestream);
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(*livestream.id.as_uuid())
                .bind(livestream.user.as_str())
                .bind(livestream.started_at.as_millisecond())
                .bind(livestream.ended_at.map(jiff::Timestamp::as_millisecond))
                .bind(&body)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Everybody's livestreams that have not ended.
    pub async fn open_livestreams(&self) -> Result<Vec<Livestream>, StoreError> {
        let rows: Vec<(String,)> =
            reading!(self.db(), |pool| Ok(sqlx::query_as(OPEN).fetch_all(pool).await?))?;
        rows.iter().map(|(body,)| json::read("livestreams", body)).collect()
    }

    /// The user's livestream that has not ended; the newest, should there be several.
    pub async fn open_livestream(&self, user: &UserId) -> Result<Option<Livestream>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(OPEN_OF_USER)
            .bind(user.as_str())
            .fetch_optional(pool)
            .await?))?;
        row.map(|(body,)| json::read("livestreams", &body)).transpose()
    }

    /// One livestream.
    pub async fn livestream(
        &self,
        user: &UserId,
        id: LivestreamId,
    ) -> Result<Option<Livestream>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(*id.as_uuid())
            .fetch_optional(pool)
            .await?))?;
        row.map(|(body,)| json::read("livestreams", &body)).transpose()
    }

    /// The user's livestreams, newest first, of those before `before`.
    pub async fn livestreams(
        &self,
        user: &UserId,
        before: Option<LivestreamId>,
        limit: u32,
    ) -> Result<Vec<Livestream>, StoreError> {
        let statement = if before.is_some() { NEWEST_BEFORE } else { NEWEST };
        let rows: Vec<(String,)> = reading!(self.db(), |pool| {
            let mut query = sqlx::query_as(statement).bind(user.as_str()).bind(i64::from(limit));
            if let Some(before) = before {
                query = query.bind(*before.as_uuid());
            }
            Ok(query.fetch_all(pool).await?)
        })?;
        rows.iter().map(|(body,)| json::read("livestreams", body)).collect()
    }
}
