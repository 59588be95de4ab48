//! Where a user streams to, with the stream keys.

use secrecy::SecretString;
use stagedoor_domain::{Destination, DestinationId, UserId};

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    json,
    secret::{Place, open, seal},
};

statements! {
    ALL_OF_USER = "select body from destinations where user_id = $1 order by id";
    GET = "select body, stream_key from destinations where user_id = $1 and id = $2";
    PUT = "insert into destinations (user_id, id, body, stream_key) values ($1, $2, $3, $4)
           on conflict (user_id, id) do update set body = excluded.body, stream_key = excluded.stream_key";
    /// The first put of a destination without a key gives it an empty one; later ones keep what there is.
    PUT_WITHOUT_KEY = "insert into destinations (user_id, id, body, stream_key) values ($1, $2, $3, $4)
           on conflict (user_id, id) do update set body = excluded.body";
    DELETE = "delete from destinations where user_id = $1 and id = $2";
}

pub(crate) fn place<'a>(user: &'a str, destination: &'a str) -> Place<'a> {
    Place { table: "destinations", column: "stream_key", user, row: destination }
}

impl Store {
    /// All places to which the user may stream, by their ids.
    pub async fn destinations(&self, user: &UserId) -> Result<Vec<Destination>, StoreError> {
        let rows: Vec<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(ALL_OF_USER)
            .bind(user.as_str())
            .fetch_all(pool)
            .await?))?;
        rows.iter().map(|(body,)| json::read("destinations", body)).collect()
    }

    /// One of them with its stream key.
    pub async fn destination(
        &self,
        user: &UserId,
        id: &DestinationId,
    ) -> Result<Option<(Destination, SecretString)>, StoreError> {
        let row: Option<(String, Vec<u8>)> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(id.as_str())
            .fetch_optional(pool)
            .await?))?;
        let Some((body, stored)) = row else { return Ok(None) };
        let key = open(self.keyring(), place(user.as_str(), id.as_str()), &stored)?;
        Ok(Some((json::read("destinations", &body)?, key)))
    }

    /// Adds a destination or changes it. Without a key it keeps the one it has.
    pub async fn put_destination(
        &self,
        user: &UserId,
        destination: &Destination,
        stream_key: Option<&SecretString>,
    ) -> Result<(), StoreError> {
        let statement = if stream_key.is_some() { PUT } else { PUT_WITHOUT_KEY };
        let empty = SecretString::default();
        let place = place(user.as_str(), destination.id.as_str());
        let sealed = seal(self.keyring(), place, stream_key.unwrap_or(&empty))?;
        let body = json::write(destination);
        writing!(self.db(), |connection| {
            sqlx::query(statement)
                .bind(user.as_str())
                .bind(destination.id.as_str())
                .bind(&body)
                .bind(&sealed)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Removes a destination; says whether there was one.
    pub async fn delete_destination(
        &self,
        user: &UserId,
        id: &DestinationId,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let done = sqlx::query(DELETE)
                .bind(user.as_str())
                .bind(id.as_str())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }
}
