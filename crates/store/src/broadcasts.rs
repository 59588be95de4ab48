//! The platforms' sides of livestreams.
//!
//! As with what Cloudflare keeps, the intent is written before a platform is asked to make a broadcast: after a crash
//! between the two, a record without a broadcast says that one may be there that nobody knows. There is one record for
//! each of a user's platforms, the latest.

use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_domain::{LivestreamId, Platform, UserId};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    json,
    secret::{Place, open, seal},
};

/// A platform's side of a livestream.
#[derive(Clone, Debug)]
pub struct BroadcastRecord {
    /// On which platform.
    pub platform: Platform,
    /// Of which livestream.
    pub livestream: LivestreamId,
    /// When it was decided on. Kept to the millisecond.
    pub planned_at: Timestamp,
    /// How far it has come.
    pub state: BroadcastState,
    /// What its manager keeps of it: how it was planned, what the platform made.
    pub broadcast: Option<serde_json::Value>,
    /// Where its stream is sent to; none as long as that is not known.
    pub ingest: Option<IngestRecord>,
    /// Where people watch it.
    pub watch_url: Option<Box<str>>,
}

/// Where a broadcast's stream is sent to.
#[derive(Clone, Debug)]
pub struct IngestRecord {
    /// The server, without the stream key.
    pub url: Box<str>,
    /// The stream key.
    pub stream_key: SecretString,
}

/// How far a broadcast has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroadcastState {
    /// Its making was begun, and the outcome is not known.
    Intended,
    /// It is there.
    Open,
    /// It was ended.
    Ended,
}

impl BroadcastState {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Open => "open",
            Self::Ended => "ended",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Intended, Self::Open, Self::Ended]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::unreadable("broadcasts", format!("state {text:?}")))
    }
}

statements! {
    ALL_OF_USER = "select platform, livestream, planned_at, state, broadcast, ingest_url, ingest_key, watch_url
                   from broadcasts where user_id = $1 order by platform";
    GET = "select platform, livestream, planned_at, state, broadcast, ingest_url, ingest_key, watch_url
           from broadcasts where user_id = $1 and platform = $2";
    PUT = "insert into broadcasts (user_id, platform, livestream, planned_at, state, broadcast, ingest_url,
               ingest_key, watch_url)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (user_id, platform) do update set livestream = excluded.livestream,
               planned_at = excluded.planned_at, state = excluded.state, broadcast = excluded.broadcast,
               ingest_url = excluded.ingest_url, ingest_key = excluded.ingest_key, watch_url = excluded.watch_url";
    pub(crate) FORGET = "delete from broadcasts where user_id = $1 and platform = $2";
}

type Row =
    (String, Uuid, i64, String, Option<String>, Option<String>, Option<Vec<u8>>, Option<String>);

pub(crate) fn place<'a>(user: &'a str, platform: &'a str) -> Place<'a> {
    Place { table: "broadcasts", column: "ingest_key", user, row: platform }
}

impl Store {
    /// The latest broadcast of each of the user's platforms, by their platforms.
    pub async fn broadcasts(&self, user: &UserId) -> Result<Vec<BroadcastRecord>, StoreError> {
        let rows: Vec<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(ALL_OF_USER)
            .bind(user.as_str())
            .fetch_all(pool)
            .await?))?;
        rows.into_iter().map(|row| self.broadcast_record(user, row)).collect()
    }

    /// The latest one on a platform.
    pub async fn broadcast(
        &self,
        user: &UserId,
        platform: &Platform,
    ) -> Result<Option<BroadcastRecord>, StoreError> {
        let row: Option<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(platform.as_str())
            .fetch_optional(pool)
            .await?))?;
        row.map(|row| self.broadcast_record(user, row)).transpose()
    }

    /// Writes down a broadcast, or the intent to make one, in place of the latest one on its platform.
    pub async fn put_broadcast(
        &self,
        user: &UserId,
        record: &BroadcastRecord,
    ) -> Result<(), StoreError> {
        let place = place(user.as_str(), record.platform.as_str());
        let ingest = record.ingest.as_ref();
        let key =
            ingest.map(|ingest| seal(self.keyring(), place, &ingest.stream_key)).transpose()?;
        let broadcast = record.broadcast.as_ref().map(json::write);
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(user.as_str())
                .bind(record.platform.as_str())
                .bind(*record.livestream.as_uuid())
                .bind(record.planned_at.as_millisecond())
                .bind(record.state.as_str())
                .bind(broadcast.as_deref())
                .bind(ingest.map(|ingest| &*ingest.url))
                .bind(key.as_deref())
                .bind(record.watch_url.as_deref())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Forgets the latest broadcast on a platform; says whether there was one.
    pub async fn forget_broadcast(
        &self,
        user: &UserId,
        platform: &Platform,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let done = sqlx::query(FORGET)
                .bind(user.as_str())
                .bind(platform.as_str())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }

    fn broadcast_record(&self, user: &UserId, row: Row) -> Result<BroadcastRecord, StoreError> {
        let (platform, livestream, planned_at, state, broadcast, url, key, watch_url) = row;
        let ingest = match (url, key) {
            (Some(url), Some(stored)) => Some(IngestRecord {
                url: url.into(),
                stream_key: open(self.keyring(), place(user.as_str(), &platform), &stored)?,
            }),
            _ => None,
        };
        Ok(BroadcastRecord {
            platform: Platform::from(&*platform),
            livestream: LivestreamId::from_uuid(livestream),
            planned_at: Timestamp::from_millisecond(planned_at)
                .map_err(|error| StoreError::unreadable("broadcasts", error))?,
            state: BroadcastState::parse(&state)?,
            broadcast: broadcast.map(|text| json::read("broadcasts", &text)).transpose()?,
            ingest,
            watch_url: watch_url.map(Into::into),
        })
    }
}
