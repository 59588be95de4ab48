//! A user's accounts on the platforms, with their tokens.

use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_domain::{Account, Platform, UserId};

use crate::{
    Store, StoreError,
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
    PUT = "insert into accounts (user_id, platform, version, body, access_token, refresh_token)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (user_id, platform) do update set version = excluded.version, body = excluded.body,
               access_token = excluded.access_token, refresh_token = excluded.refresh_token";
    BODY = "select body, version from accounts where user_id = $1 and platform = $2";
    SWAP = "update accounts set version = version + 1, body = $4, access_token = $5, refresh_token = $6
            where user_id = $1 and platform = $2 and version = $3";
    CHANGE_BODY = "update accounts set body = $4 where user_id = $1 and platform = $2 and version = $3";
    DELETE = "delete from accounts where user_id = $1 and platform = $2";
}

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

    /// Connects an account, or replaces the one on the same platform.
    pub async fn put_account(
        &self,
        user: &UserId,
        account: &Account,
        tokens: &Tokens,
    ) -> Result<(), StoreError> {
        let (access, refresh) = self.seal_tokens(user, &account.platform, tokens)?;
        let body = json::write(account);
        writing!(self.db(), |connection| {
            sqlx::query(PUT)
                .bind(user.as_str())
                .bind(account.platform.as_str())
                .bind(account.version)
                .bind(&body)
                .bind(&access)
                .bind(&refresh)
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
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

    /// Notes that the user must authorise us again; says whether there is such an account.
    pub async fn set_needs_reauth(
        &self,
        user: &UserId,
        platform: &Platform,
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
            // Another version means fresh tokens: those need nothing.
            sqlx::query(CHANGE_BODY)
                .bind(user.as_str())
                .bind(platform.as_str())
                .bind(version)
                .bind(&body)
                .execute(&mut *connection)
                .await?;
            Ok::<_, StoreError>(true)
        })
    }

    /// Removes an account and its tokens; says whether there was one.
    pub async fn delete_account(
        &self,
        user: &UserId,
        platform: &Platform,
    ) -> Result<bool, StoreError> {
        writing!(self.db(), |connection| {
            let done = sqlx::query(DELETE)
                .bind(user.as_str())
                .bind(platform.as_str())
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
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
