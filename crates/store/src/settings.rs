//! Settings of a user: of the stream, of alerts, of widgets.

use serde::{Serialize, de::DeserializeOwned};
use stagedoor_domain::{AlertSettings, Metadata, UserId};

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
};

const METADATA: &str = "metadata";
const ALERTS: &str = "alerts";

statements! {
    GET = "select body from settings where user_id = $1 and name = $2";
    PUT = "insert into settings (user_id, name, body) values ($1, $2, $3)
           on conflict (user_id, name) do update set body = excluded.body";
}

impl Store {
    /// What the user's next stream is called and about; empty where they have not said.
    pub async fn metadata(&self, user: &UserId) -> Result<Metadata, StoreError> {
        Ok(self.setting(user, METADATA).await?.unwrap_or_default())
    }

    /// Keeps what the user's next stream is called and about.
    pub async fn put_metadata(&self, user: &UserId, metadata: &Metadata) -> Result<(), StoreError> {
        self.put_setting(user, METADATA, metadata).await
    }

    /// What alerts the user wants; the defaults where they have not said.
    pub async fn alert_settings(&self, user: &UserId) -> Result<AlertSettings, StoreError> {
        Ok(self.setting(user, ALERTS).await?.unwrap_or_default())
    }

    /// Keeps what alerts the user wants.
    pub async fn put_alert_settings(
        &self,
        user: &UserId,
        settings: &AlertSettings,
    ) -> Result<(), StoreError> {
        self.put_setting(user, ALERTS, settings).await
    }

    /// The settings of a widget, in whatever form it gave them.
    pub async fn widget_settings(
        &self,
        user: &UserId,
        widget: &str,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        self.setting(user, &of_widget(widget)).await
    }

    /// Keeps the settings of a widget.
    pub async fn put_widget_settings(
        &self,
        user: &UserId,
        widget: &str,
        settings: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.put_setting(user, &of_widget(widget), settings).await
    }

    async fn setting<T: DeserializeOwned>(
        &self,
        user: &UserId,
        name: &str,
    ) -> Result<Option<T>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(name)
            .fetch_optional(pool)
            .await?))?;
        row.map(|(body,)| crate::json::read("settings", &body)).transpose()
    }

    async fn put_setting<T: Serialize + Sync>(
        &self,
        user: &UserId,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        let body = crate::json::write(value);
        writing!(self.db(), |connection| {
            sqlx::query(PUT).bind(user.as_str()).bind(name).bind(&body).execute(connection).await?;
            Ok::<_, StoreError>(())
        })
    }
}

fn of_widget(widget: &str) -> String {
    format!("widget:{widget}")
}
