//! What Cloudflare keeps for a user, and what of it is ours.
//!
//! An intent is written before Cloudflare is asked to create something: after a crash between the two, a record without
//! a uid says that something may be there that nobody knows.

use secrecy::SecretString;
use stagedoor_domain::{DestinationId, UserId};

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    secret::{Place, open, seal},
};

/// A user's live input.
#[derive(Clone, Debug)]
pub struct LiveInputRecord {
    /// Cloudflare's id of it; none when its creation was begun and its outcome is not known.
    pub uid: Option<Box<str>>,
    /// Where the encoder sends to; empty as long as there is no uid.
    pub ingest_url: Box<str>,
    /// With what key; empty as long as there is no uid.
    pub stream_key: SecretString,
    /// Where the stream can be watched.
    pub playback: Option<Box<str>>,
}

/// An output of a user's live input that we made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRecord {
    /// Where it sends to.
    pub destination: DestinationId,
    /// A hash of URL and stream key: another one means that the output is of no use any more.
    pub fingerprint: Box<str>,
    /// Cloudflare's id of it; none when its creation was begun and its outcome is not known.
    pub uid: Option<Box<str>>,
    /// Whether it was last told to send.
    pub enabled: bool,
}

statements! {
    LIVE_INPUT = "select uid, ingest_url, stream_key, playback from live_inputs where user_id = $1";
    INTEND = "insert into live_inputs (user_id, uid, ingest_url, stream_key, playback) values ($1, null, '', $2, null)
              on conflict (user_id) do nothing";
    RECORD = "insert into live_inputs (user_id, uid, ingest_url, stream_key, playback) values ($1, $2, $3, $4, $5)
              on conflict (user_id) do update set uid = excluded.uid, ingest_url = excluded.ingest_url,
                  stream_key = excluded.stream_key, playback = excluded.playback";
    FORGET = "delete from live_inputs where user_id = $1";
    USER_OF = "select user_id from live_inputs where uid = $1";
    OUTPUTS = "select destination, fingerprint, uid, enabled from outputs where user_id = $1 order by destination";
    PUT_OUTPUT = "insert into outputs (user_id, destination, fingerprint, uid, enabled) values ($1, $2, $3, $4, $5)
                  on conflict (user_id, destination) do update set fingerprint = excluded.fingerprint,
                      uid = excluded.uid, enabled = excluded.enabled";
    FORGET_OUTPUT = "delete from outputs where user_id = $1 and destination = $2";
}

pub(crate) fn place(user: &str) -> Place<'_> {
    Place { table: "live_inputs", column: "stream_key", user, row: "" }
}

impl Store {
    /// The user's live input, or the intent to have one.
    pub async fn live_input(&self, user: &UserId) -> Result<Option<LiveInputRecord>, StoreError> {
        type Row = (Option<String>, String, Vec<u8>, Option<String>);
        let row: Option<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(LIVE_INPUT)
            .bind(user.as_str())
            .fetch_optional(pool)
            .await?))?;
        let Some((uid, ingest_url, stored, playback)) = row else { return Ok(None) };
        Ok(Some(LiveInputRecord {
            uid: uid.map(Into::into),
            ingest_url: ingest_url.into(),
            stream_key: open(self.keyring(), place(user.as_str()), &stored)?,
            playback: playback.map(Into::into),
        }))
    }

    /// Writes down that a live input is about to be created. Changes nothing where there is a record.
    pub async fn intend_live_input(&self, user: &UserId) -> Result<(), StoreError> {
        let nothing = seal(self.keyring(), place(user.as_str()), &SecretString::default())?;
        writing!(self.db(), |connection| {
            sqlx::query(INTEND).bind(user.as_str()).bind(&nothing).execute(connection).await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Writes down the live input that Cloudflare has made.
    pub async fn record_live_input(
        &self,
        user: &UserId,
        record: &LiveInputRecord,
    ) -> Result<(), StoreError> {
        let sealed = seal(self.keyring(), place(user.as_str()), &record.stream_key)?;
        writing!(self.db(), |connection| {
            sqlx::query(RECORD)
                .bind(user.as_str())
                .bind(record.uid.as_deref())
                .bind(&*record.ingest_url)
                .bind(&sealed)
                .bind(record.playback.as_deref())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Forgets the user's live input, or the intent to have one.
    pub async fn forget_live_input(&self, user: &UserId) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            sqlx::query(FORGET).bind(user.as_str()).execute(connection).await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Whose live input it is.
    pub async fn user_of_live_input(&self, uid: &str) -> Result<Option<UserId>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(USER_OF)
            .bind(uid)
            .fetch_optional(pool)
            .await?))?;
        row.map(|(user,)| UserId::new(user))
            .transpose()
            .map_err(|error| StoreError::unreadable("live_inputs", error))
    }

    /// The outputs that we made or were about to make, by their destinations.
    pub async fn outputs(&self, user: &UserId) -> Result<Vec<OutputRecord>, StoreError> {
        let rows: Vec<(String, String, Option<String>, bool)> =
            reading!(self.db(), |pool| Ok(sqlx::query_as(OUTPUTS)
                .bind(user.as_str())
                .fetch_all(pool)
                .await?))?;
        rows.into_iter()
            .map(|(destination, fingerprint, uid, enabled)| {
                Ok(OutputRecord {
                    destination: DestinationId::new(destination)
                        .map_err(|error| StoreError::unreadable("outputs", error))?,
                    fingerprint: fingerprint.into(),
                    uid: uid.map(Into::into),
                    enabled,
                })
            })
            .collect()
    }

    /// Writes down an output, or the intent to make it.
    pub async fn put_output(&self, user: &UserId, output: &OutputRecord) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            sqlx::query(PUT_OUTPUT)
                .bind(user.as_str())
                .bind(output.destination.as_str())
                .bind(&*output.fingerprint)
                .bind(output.uid.as_deref())
                .bind(output.enabled)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Forgets the output to a destination.
    pub async fn forget_output(
        &self,
        user: &UserId,
        destination: &DestinationId,
    ) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            sqlx::query(FORGET_OUTPUT)
                .bind(user.as_str())
                .bind(destination.as_str())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }
}
