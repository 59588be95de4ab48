//! What was spent of quotas that all users share: it outlives a restart.

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
};

statements! {
    GET = "select units from quotas where name = $1 and day = $2";
    PUT = "insert into quotas (name, day, units) values ($1, $2, $3)
           on conflict (name, day) do update set units = excluded.units where quotas.units < excluded.units";
    FORGET_EARLIER = "delete from quotas where name = $1 and day < $2";
}

impl Store {
    /// How many units of a quota were spent on a day.
    pub async fn quota(&self, name: &str, day: &str) -> Result<u64, StoreError> {
        let row: Option<(i64,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(name)
            .bind(day)
            .fetch_optional(pool)
            .await?))?;
        let units = row.map_or(Ok(0), |(units,)| u64::try_from(units));
        units.map_err(|error| StoreError::unreadable("quotas", error))
    }

    /// Keeps how many units were spent on a day, written as `2026-11-22`: the greater of this and what is known, so that
    /// a report that comes late lets nobody spend twice. Earlier days are forgotten.
    pub async fn put_quota(&self, name: &str, day: &str, units: u64) -> Result<(), StoreError> {
        let units = i64::try_from(units).unwrap_or(i64::MAX);
        writing!(self.db(), |connection| {
            sqlx::query(PUT).bind(name).bind(day).bind(units).execute(&mut *connection).await?;
            sqlx::query(FORGET_EARLIER).bind(name).bind(day).execute(&mut *connection).await?;
            Ok::<_, StoreError>(())
        })
    }
}
