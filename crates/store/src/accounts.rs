//! A user's accounts on the platforms, with their tokens.

use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_domain::{Account, Platform, UserId};

use crate::{
    Store, StoreError, bans, broadcasts, cursors,
    db::{reading, statements, writing},
    json,
    secret::{Place, open, seal},
};

/// The tokens of an account.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// What its calls are made with.
    pub access: SecretString,
    /// What the next access token is fetched with.
    pub refresh: Option<SecretString>,
}

statements! {
    ALL_OF_USER = "select body, version from accounts where user_id = $1 order by platform";
    GET = "select body, version, access_token, refresh_token from accounts where user_id = $1 and platform = $2";
    USER_OF = "select user_id from accounts where platform = $1 and external_id = $2";
    /// Versions rise, also over a time without the account: what belongs to an earlier version never fits a later one.
    PUT = "insert into accounts (user_id, platform, version, body, access_token, refresh_token, external_id)
           values ($1, $2,
               coalesce((select case when cast(value as bigint) < $3 then $3 else cast(value as bigint) + 1 end
                         from marks where name = 'accounts_deleted_version'), $3),
               $4, $5, $6, $7)
           on conflict (user_id, platform) do update set
               version = case when accounts.version < excluded.version then excluded.version
                              else accounts.version + 1 end,
               body = excluded.body, access_token = excluded.access_token,
               refresh_token = excluded.refresh_token, external_id = excluded.external_id, refresh_until = null
           returning version";
    BODY = "select body, version from accounts where user_id = $1 and platform = $2";
    SWAP = "update accounts set version = version + 1, body = $4, access_token = $5, refresh_token = $6,
                refresh_until = null
            where user_id = $1 and platform = $2 and version = $3";
    CHANGE_BODY = "update accounts set body = $4 where user_id = $1 and platform = $2 and version = $3";
    DELETE = "delete from accounts where user_id = $1 and platform = $2 returning version";
    MARK_VERSION = "insert into marks (name, value) values ('accounts_deleted_version', $1)
                    on conflict (name) do update set value = excluded.value
                    where cast(marks.value as bigint) < cast(excluded.value as bigint)";
}

/// What is kept of an account in other tables, and goes with it.
const OF_ACCOUNT: [&str; 3] = [broadcasts::FORGET, bans::FORGET_ALL, cursors::FORGET];

pub(crate) fn place<'a>(user: &'a str, platform: &'a str, column: &'static str) -> Place<'a> {
    Place { table: "accounts", column, user, row: platform }
}

impl Store {
    /// All accounts of the user, by their platforms.
    pub async fn accounts(&self, user: &UserId) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<(String, i64)> = reading!(self.db(), |pool| Ok(sqlx::query_as(ALL_OF_USER)
            .bind(user.as_str())
            .fetch_all(pool)
            .await?))?;
        rows.iter().map(|(body, version)| account(body, *version)).collect()
    }

    /// One of them with its tokens.
    pub async fn account(
        &self,
        user: &UserId,
        platform: &Platform,
    ) -> Result<Option<(Account, Tokens)>, StoreError> {
        type Row = (String, i64, Vec<u8>, Option<Vec<u8>>);
        let row: Option<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(platform.as_str())
            .fetch_optional(pool)
            .await?))?;
        let Some((body, version, access, refresh)) = row else { return Ok(None) };
        let place = |column| place(user.as_str(), platform.as_str(), column);
        let open = |column, stored: &[u8]| open(self.keyring(), place(column), stored);
        let tokens = Tokens {
            access: open("access_token", &access)?,
            refresh: refresh.map(|stored| open("refresh_token", &stored)).transpose()?,
        };
        Ok(Some((account(&body, version)?, tokens)))
    }

    /// Whose account it is, by the platform's id of it.
    pub async fn user_of_account(
        &self,
        platform: &Platform,
        external_id: &str,
    ) -> Result<Option<UserId>, StoreError> {
        let row: Option<(String,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(USER_OF)
            .bind(platform.as_str())
            .bind(external_id)
            .fetch_optional(pool)
            .await?))?;
        row.map(|(user,)| UserId::new(user))
            .transpose()
            .map_err(|error| StoreError::unreadable("accounts", error))
    }

    /// Connects an account, or replaces the one on the same platform, and answers its version: the given one, or a
    /// later one, so that it comes after all that the user's account on this platform ever had. What belonged to
    /// another account there is forgotten: its broadcast, bans and cursor.
    ///
    /// # Errors
    /// [`StoreError::AccountTaken`] when another user has connected this account: it is theirs until they disconnect it.
    pub async fn put_account(
        &self,
        user: &UserId,
        account: &Account,
        tokens: &Tokens,
    ) -> Result<i64, StoreError> {
        let (access, refresh) = self.seal_tokens(user, &account.platform, tokens)?;
        let body = json::write(account);
        writing!(self.db(), |connection| {
            let before: Option<(String, i64)> = sqlx::query_as(BODY)
                .bind(user.as_str())
                .bind(account.platform.as_str())
                .fetch_optional(&mut *connection)
                .await?;
            if let Some((body, version)) = before
                && self::account(&body, version)?.external_id != account.external_id
            {
                for statement in OF_ACCOUNT {
                    sqlx::query(statement)
                        .bind(user.as_str())
                        .bind(account.platform.as_str())
                        .execute(&mut *connection)
                        .await?;
                }
            }
            let put: Result<(i64,), sqlx::Error> = sqlx::query_as(PUT)
                .bind(user.as_str())
                .bind(account.platform.as_str())
                .bind(account.version)
                .bind(&body)
                .bind(&access)
                .bind(&refresh)
                .bind(&*account.external_id)
                .fetch_one(&mut *connection)
                .await;
            match put {
                Ok((version,)) => Ok(version),
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                    Err(StoreError::AccountTaken { platform: account.platform.clone() })
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// Replaces the tokens, provided that nobody else has since `expected_version`; says whether it did. The account
    /// then has the next version, and needs no new authorisation.
    pub async fn swap_tokens(
        &self,
        user: &UserId,
        platform: &Platform,
        expected_version: i64,
        tokens: &Tokens,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let (access, refresh) = self.seal_tokens(user, platform, tokens)?;
        writing!(self.db(), |connection| {
            let row: Option<(String, i64)> = sqlx::query_as(BODY)
                .bind(user.as_str())
                .bind(platform.as_str())
                .fetch_optional(&mut *connection)
                .await?;
            let Some((body, version)) = row else { return Ok(false) };
            let mut account = account(&body, version)?;
            account.expires_at = expires_at;
            account.needs_reauth = false;
            let body = json::write(&account);
            let done = sqlx::query(SWAP)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(expected_version)
                .bind(&body)
                .bind(&access)
                .bind(&refresh)
                .execute(&mut *connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }

    /// Notes that the user must authorise us again, provided that the tokens are still those of `expected_version`: those
    /// that were refused. Says whether it did.
    pub async fn set_needs_reauth(
        &self,
        user: &UserId,
        platform: &Platform,
        expected_version: i64,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let row: Option<(String, i64)> = sqlx::query_as(BODY)
                .bind(user.as_str())
                .bind(platform.as_str())
                .fetch_optional(&mut *connection)
                .await?;
            let Some((body, version)) = row else { return Ok(false) };
            let mut account = account(&body, version)?;
            account.needs_reauth = true;
            let body = json::write(&account);
            let done = sqlx::query(CHANGE_BODY)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(expected_version)
                .bind(&body)
                .execute(&mut *connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        })
    }

    /// Removes an account, its tokens, its broadcast, bans and cursor; says whether there was one.
    pub async fn delete_account(
        &self,
        user: &UserId,
        platform: &Platform,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let deleted: Option<(i64,)> = sqlx::query_as(DELETE)
                .bind(user.as_str())
                .bind(platform.as_str())
                .fetch_optional(&mut *connection)
                .await?;
            let Some((version,)) = deleted else { return Ok(false) };
            sqlx::query(MARK_VERSION).bind(version.to_string()).execute(&mut *connection).await?;
            for statement in OF_ACCOUNT {
                sqlx::query(statement)
                    .bind(user.as_str())
                    .bind(platform.as_str())
                    .execute(&mut *connection)
                    .await?;
            }
            Ok::<_, StoreError>(true)
        })
    }

    fn seal_tokens(
        &self,
        user: &UserId,
        platform: &Platform,
        tokens: &Tokens,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), StoreError> {
        let place = |column| place(user.as_str(), platform.as_str(), column);
        let access = seal(self.keyring(), place("access_token"), &tokens.access)?;
        let refresh = tokens.refresh.as_ref();
        let refresh =
            refresh.map(|token| seal(self.keyring(), place("refresh_token"), token)).transpose()?;
        Ok((access, refresh))
    }
}

/// The version is a column of its own, so that it can be compared and swapped.
fn account(body: &str, version: i64) -> Result<Account, StoreError> {
    let account: Account = json::read("accounts", body)?;
    Ok(Account { version, ..account })
}
