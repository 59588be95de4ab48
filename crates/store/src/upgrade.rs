//! Databases of earlier versions are brought up to date with what is in them.

use std::fmt::Write;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, migrate::Migrator};
use stagedoor_domain::{Account, Platform, UserId};

use crate::{
    Database, Keyring, Store, StoreConfig, WriterConfig, accounts, json, migrations, secret::seal,
    statements::Schema,
};

/// Who had connected which account, when.
const CONNECTED: [(&str, &str, &str, &str); 6] = [
    ("ada", "twitch", "42", "2026-01-01T00:00:00.123456789Z"),
    ("ada", "kick", "42", "2026-01-02T00:00:00Z"),
    ("bob", "twitch", "42", "2026-03-01T00:00:00Z"),
    ("eve", "twitch", "42", "2026-02-01T00:00:00Z"),
    ("eve", "kick", "43", "2026-02-01T00:00:00Z"),
    ("zoe", "twitch", "44", "2026-02-01T00:00:00Z"),
];

fn keyring() -> Keyring {
    Keyring::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// The statements that the first version would have made, for [`CONNECTED`].
fn rows(hex: impl Fn(&[u8]) -> String) -> Vec<String> {
    let row = |(user, platform, external_id, connected_at): (&str, &'static str, &str, &str)| {
        let account = Account {
            platform: Platform::from(platform),
            external_id: external_id.into(),
            name: format!("{user} \"o'Neil\" \u{1f3b8}").into(),
            scopes: vec!["chat:read".into()],
            needs_reauth: false,
            expires_at: None,
            connected_at: connected_at.parse::<Timestamp>().unwrap(),
            version: 3,
        };
        let place = accounts::place(user, platform, "access_token");
        let token = seal(&keyring(), place, &format!("token of {user}").into()).unwrap();
        let body = json::write(&account).replace('\'', "''");
        format!(
            "insert into accounts (user_id, platform, version, body, access_token, refresh_token)
             values ('{user}', '{platform}', 3, '{body}', {}, null)",
            hex(&token)
        )
    };
    CONNECTED.map(row).into()
}

fn the_first(mut migrator: Migrator) -> Migrator {
    migrator.migrations = migrator.migrations.iter().take(1).cloned().collect();
    migrator
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

async fn check(database: Database) {
    let config = StoreConfig { database, keyring: keyring(), writer: WriterConfig::default() };
    let store = Store::open(config).await.unwrap();
    let of = async |platform, id| store.user_of_account(&platform, id).await.unwrap();
    assert_eq!(of(Platform::Twitch, "42").await, Some(user("bob")), "the last of three");
    assert_eq!(of(Platform::Kick, "42").await, Some(user("ada")), "of another platform");
    assert_eq!(of(Platform::Kick, "43").await, Some(user("eve")));
    assert_eq!(of(Platform::Twitch, "44").await, Some(user("zoe")));
    assert_eq!(of(Platform::Twitch, "45").await, None);

    for (name, platform, external_id, connected_at) in CONNECTED {
        let (account, tokens) =
            store.account(&user(name), &Platform::from(platform)).await.unwrap().unwrap();
        let lost = platform == "twitch" && (name == "ada" || name == "eve");
        assert_eq!(account.needs_reauth, lost, "{name} {platform}");
        assert_eq!((&*account.external_id, account.version), (external_id, 3));
        assert_eq!(&*account.name, format!("{name} \"o'Neil\" \u{1f3b8}"));
        assert_eq!(account.connected_at.to_string(), connected_at);
        assert_eq!(tokens.access.expose_secret(), format!("token of {name}"));
    }

    // Who has lost it is refused, until the other one lets it go.
    let (account, tokens) = store.account(&user("ada"), &Platform::Twitch).await.unwrap().unwrap();
    store.put_account(&user("ada"), &account, &tokens).await.unwrap_err();
    assert!(store.delete_account(&user("bob"), &Platform::Twitch).await.unwrap());
    store.put_account(&user("ada"), &account, &tokens).await.unwrap();
    assert_eq!(of(Platform::Twitch, "42").await, Some(user("ada")));
}

#[tokio::test]
async fn a_sqlite_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    the_first(migrations::sqlite()).run(&pool).await.unwrap();
    for row in rows(|bytes| format!("x'{}'", hex(bytes))) {
        sqlx::raw_sql(AssertSqlSafe(row)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    check(Database::Sqlite { path }).await;
}

#[tokio::test]
async fn a_postgres_of_the_first_version_is_brought_up_to_date() {
    let Some(schema) = Schema::new().await else { return };
    let Database::Postgres { url } = &schema.database else { unreachable!() };
    let pool = sqlx::PgPool::connect(url.expose_secret()).await.unwrap();
    the_first(migrations::postgres()).run(&pool).await.unwrap();
    for row in rows(|bytes| format!("'\\x{}'", hex(bytes))) {
        sqlx::raw_sql(AssertSqlSafe(row)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    check(schema.database.clone()).await;
    schema.drop().await;
}
