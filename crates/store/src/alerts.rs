//! Alerts. Those of events are inserted by the writer, in the transaction of their event.

use stagedoor_domain::{Alert, AlertId, AlertState, EventId, UserId};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    json,
};

statements! {
    PENDING = "select body, event, state from alerts
               where user_id = $1 and state in ('queued', 'showing') order by id";
    NEWEST = "select body, event, state from alerts where user_id = $1 order by id desc limit $2";
    GET = "select body, event, state from alerts where user_id = $1 and id = $2";
    pub(crate) INSERT_ALERT = "insert into alerts (id, user_id, event, state, created_at, body) values ($1, $2, $3, $4, $5, $6)
              on conflict do nothing";
    SET_STATE = "update alerts set state = $3 where user_id = $1 and id = $2";
    PUT = "update alerts set event = $3, state = $4, created_at = $5, body = $6 where user_id = $1 and id = $2";
}

type Row = (String, Option<Uuid>, String);

impl Store {
    /// The alerts that wait or are shown, oldest first.
    pub async fn pending_alerts(&self, user: &UserId) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(PENDING)
            .bind(user.as_str())
            .fetch_all(pool)
            .await?))?;
        rows.into_iter().map(alert).collect()
    }

    /// The newest alerts, newest first.
    pub async fn alerts(&self, user: &UserId, limit: u32) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(NEWEST)
            .bind(user.as_str())
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?))?;
        rows.into_iter().map(alert).collect()
    }

    /// One alert.
    pub async fn alert(&self, user: &UserId, id: AlertId) -> Result<Option<Alert>, StoreError> {
        let row: Option<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(*id.as_uuid())
            .fetch_optional(pool)
            .await?))?;
        row.map(alert).transpose()
    }

    /// Adds an alert that no event raised: a test, a replay. Does nothing when there is one with its id.
    pub async fn insert_alert(&self, alert: &Alert) -> Result<(), StoreError> {
        let body = json::write(alert);
        writing!(self.db(), |connection| {
            sqlx::query(INSERT_ALERT)
                .bind(*alert.id.as_uuid())
                .bind(alert.user.as_str())
                .bind(alert.event.map(|id| *id.as_uuid()))
                .bind(name_of(alert.state))
                .bind(alert.created_at.as_millisecond())
                .bind(&body)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Moves alerts to a state, all or none.
    pub async fn set_alert_state(
        &self,
        user: &UserId,
        ids: &[AlertId],
        state: AlertState,
    ) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            for id in ids {
                sqlx::query(SET_STATE)
                    .bind(user.as_str())
                    .bind(*id.as_uuid())
                    .bind(name_of(state))
                    .execute(&mut *connection)
                    .await?;
            }
            Ok::<_, StoreError>(())
        })
    }

    /// Changes an alert that is there.
    pub async fn put_alert(&self, alert: &Alert) -> Result<(), StoreError> {
        let body = json::write(alert);
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(alert.user.as_str())
                .bind(*alert.id.as_uuid())
                .bind(alert.event.map(|id| *id.as_uuid()))
                .bind(name_of(alert.state))
                .bind(alert.created_at.as_millisecond())
                .bind(&body)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }
}

/// State and event are columns of their own, which hold what is true.
fn alert((body, event, state): Row) -> Result<Alert, StoreError> {
    let mut alert: Alert = json::read("alerts", &body)?;
    alert.event = event.map(EventId::from_uuid);
    alert.state = serde_json::from_value(state.into())
        .map_err(|error| StoreError::unreadable("alerts", error))?;
    Ok(alert)
}

/// A state's name, as in JSON.
pub(crate) const fn name_of(state: AlertState) -> &'static str {
    match state {
        AlertState::Queued => "queued",
        AlertState::Showing => "showing",
        AlertState::Shown => "shown",
        AlertState::Skipped => "skipped",
        AlertState::Dropped => "dropped",
        AlertState::Merged => "merged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_they_have_in_json() {
        for state in [
            AlertState::Queued,
            AlertState::Showing,
            AlertState::Shown,
            AlertState::Skipped,
            AlertState::Dropped,
            AlertState::Merged,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), name_of(state));
        }
    }
}
