//! Secrets move from an old key to the first one.

use secrecy::SecretString;

use crate::{
    Keyring, OpenError, Store, StoreError, accounts, broadcasts, cloudflare,
    db::{Db, reading, statements, writing},
    destinations,
    secret::{self, Place},
};

/// How many secrets are moved in one transaction.
const CHUNK: i64 = 200;

/// What [`Store::rotate_secrets`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// How many secrets were encrypted again, with the first key.
    pub values: u64,
}

statements! {
    PREFIXES = "select substr(access_token, 1, 17) from accounts
                union select substr(refresh_token, 1, 17) from accounts where refresh_token is not null
                union select substr(stream_key, 1, 17) from destinations
                union select substr(stream_key, 1, 17) from live_inputs
                union select substr(ingest_key, 1, 17) from broadcasts where ingest_key is not null";
    OLD_ACCESS = "select user_id, platform, access_token from accounts
                  where substr(access_token, 1, 17) <> $1 limit $2";
    SWAP_ACCESS = "update accounts set access_token = $4
                   where user_id = $1 and platform = $2 and access_token = $3";
    OLD_REFRESH = "select user_id, platform, refresh_token from accounts
                   where refresh_token is not null and substr(refresh_token, 1, 17) <> $1 limit $2";
    SWAP_REFRESH = "update accounts set refresh_token = $4
                    where user_id = $1 and platform = $2 and refresh_token = $3";
    OLD_STREAM_KEY = "select user_id, id, stream_key from destinations
                      where substr(stream_key, 1, 17) <> $1 limit $2";
    SWAP_STREAM_KEY = "update destinations set stream_key = $4
                       where user_id = $1 and id = $2 and stream_key = $3";
    OLD_INPUT_KEY = "select user_id, '', stream_key from live_inputs
                     where substr(stream_key, 1, 17) <> $1 limit $2";
    SWAP_INPUT_KEY = "update live_inputs set stream_key = $4
                      where user_id = $1 and $2 = '' and stream_key = $3";
    OLD_INGEST_KEY = "select user_id, platform, ingest_key from broadcasts
                      where ingest_key is not null and substr(ingest_key, 1, 17) <> $1 limit $2";
    SWAP_INGEST_KEY = "update broadcasts set ingest_key = $4
                       where user_id = $1 and platform = $2 and ingest_key = $3";
}

/// A column of secrets.
struct Column {
    old: &'static str,
    swap: &'static str,
    place: for<'a> fn(&'a str, &'a str) -> Place<'a>,
}

const COLUMNS: [Column; 5] = [
    Column {
        old: OLD_ACCESS,
        swap: SWAP_ACCESS,
        place: |user, platform| accounts::place(user, platform, "access_token"),
    },
    Column {
        old: OLD_REFRESH,
        swap: SWAP_REFRESH,
        place: |user, platform| accounts::place(user, platform, "refresh_token"),
    },
    Column { old: OLD_STREAM_KEY, swap: SWAP_STREAM_KEY, place: destinations::place },
    Column { old: OLD_INPUT_KEY, swap: SWAP_INPUT_KEY, place: |user, _| cloudflare::place(user) },
    Column { old: OLD_INGEST_KEY, swap: SWAP_INGEST_KEY, place: broadcasts::place },
];

/// Refuses a database with secrets that no key opens.
pub(crate) async fn check_keys(db: &Db, keyring: &Keyring) -> Result<(), OpenError> {
    let prefixes: Vec<(Vec<u8>,)> =
        reading!(db, |pool| Ok(sqlx::query_as(PREFIXES).fetch_all(pool).await?))?;
    for (prefix,) in prefixes {
        let id = secret::key_id(&prefix).map_err(StoreError::from)?;
        if keyring.find(id).is_none() {
            return Err(OpenError::UnknownKey { key: id.into() });
        }
    }
    Ok(())
}

impl Store {
    /// Encrypts with the first key of the keyring what is encrypted with another one. The store may be in use meanwhile.
    pub async fn rotate_secrets(&self) -> Result<Rotated, StoreError> {
        let mut rotated = Rotated::default();
        for column in COLUMNS {
            loop {
                let moved = self.rotate_some(&column).await?;
                rotated.values += moved;
                if moved == 0 {
                    break;
                }
            }
        }
        Ok(rotated)
    }

    async fn rotate_some(&self, column: &Column) -> Result<u64, StoreError> {
        let current = secret::prefix(self.keyring().first()).to_vec();
        let old: Vec<(String, String, Vec<u8>)> =
            reading!(self.db(), |pool| Ok(sqlx::query_as(column.old)
                .bind(&current)
                .bind(CHUNK)
                .fetch_all(pool)
                .await?))?;
        let mut rows = Vec::with_capacity(old.len());
        for (user, row, stored) in old {
            let place = (column.place)(&user, &row);
            let opened: SecretString = secret::open(self.keyring(), place, &stored)?;
            let sealed = secret::seal(self.keyring(), place, &opened)?;
            rows.push((user, row, stored, sealed));
        }
        writing!(self.db(), |connection| {
            let mut moved = 0;
            for (user, row, stored, sealed) in &rows {
                // Whoever has changed it in between has used the first key.
                let done = sqlx::query(column.swap)
                    .bind(user)
                    .bind(row)
                    .bind(stored)
                    .bind(sealed)
                    .execute(&mut *connection)
                    .await?;
                moved += done.rows_affected();
            }
            Ok::<_, StoreError>(moved)
        })
    }
}
