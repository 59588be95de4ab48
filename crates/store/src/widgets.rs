//! Tokens of widgets: what an overlay's address carries instead of a login.
//!
//! Only their hashes are stored. A token has 256 random bits, so a plain SHA-256 cannot be turned back by guessing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use stagedoor_domain::UserId;

use crate::{
    SecretError, Store, StoreError,
    db::{reading, statements, writing},
};

statements! {
    PUT = "insert into widget_tokens (user_id, widget, hash, created_at) values ($1, $2, $3, $4)
           on conflict (user_id, widget) do update set hash = excluded.hash, created_at = excluded.created_at";
    GET = "select user_id, widget from widget_tokens where hash = $1";
    DELETE = "delete from widget_tokens where user_id = $1 and widget = $2";
}

impl Store {
    /// Makes a token for a widget. The one it had is void from now on.
    pub async fn create_widget_token(
        &self,
        user: &UserId,
        widget: &str,
    ) -> Result<SecretString, StoreError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| SecretError::Random)?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&token);
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(user.as_str())
                .bind(widget)
                .bind(&hash)
                .bind(Timestamp::now().as_millisecond())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })?;
        Ok(token.into())
    }

    /// Whose widget a token opens, and which.
    pub async fn widget_of_token(
        &self,
        token: &str,
    ) -> Result<Option<(UserId, Box<str>)>, StoreError> {
        let hash = hash(token);
        let row: Option<(String, String)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(&hash)
            .fetch_optional(pool)
            .await?))?;
        let Some((user, widget)) = row else { return Ok(None) };
        let user =
            UserId::new(user).map_err(|error| StoreError::unreadable("widget_tokens", error))?;
        Ok(Some((user, widget.into())))
    }

    /// Makes a widget's token void; says whether there was one.
    pub async fn revoke_widget_token(
        &self,
        user: &UserId,
        widget: &str,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let done =
                sqlx::query(DELETE).bind(user.as_str()).bind(widget).execute(connection).await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
