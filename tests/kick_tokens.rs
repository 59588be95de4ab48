//! Kick takes a refresh token once. Whoever dies while it is used has nothing to use again, and says so.

use std::time::Duration;

use serde_json::json;
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use stagedoor_domain::Platform;
use stagedoor_fakes::{
    Effect, OAuthCall,
    kick::{Call, FakeKick},
};
use stagedoor_testkit::{Process, ProcessBuilder, wait_until};

use crate::{
    platforms::{ON_KICK, chat_is, connect, kick, link},
    support::stagedoord,
};

const REFRESH: Call = Call::OAuth(OAuthCall::Token);

/// How the account stands once it is known: what its owner can do with it.
async fn standing(daemon: &Process) -> String {
    let state = async || {
        let accounts = daemon.user("ada").get("/accounts").await.body;
        accounts["accounts"][0]["link"]["state"].as_str().unwrap_or_default().to_owned()
    };
    let known = |state: &String| state == "connected" || state == "needs_reauth";
    wait_until("it works, or it says that it must be connected again", state, known).await
}

/// Ada has Kick connected, and its token ends.
async fn expired(fake: &FakeKick) -> Process {
    let daemon = stagedoord().kick(fake).start().await;
    fake.set_webhook(Some(daemon.kick_webhook()));
    connect(&daemon, "kick", &ON_KICK.to_string(), fake.grant(ON_KICK)).await;
    let tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "kick", "connected").await;
    fake.oauth().expire(&ON_KICK.to_string());
    drop(tab);
    daemon
}

/// The right to refresh that the dead one had has run out.
async fn half_a_minute_later(daemon: ProcessBuilder) -> ProcessBuilder {
    let options = SqliteConnectOptions::new().filename(daemon.dir().join("var/stagedoor.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let ended =
        sqlx::query("UPDATE accounts SET refresh_until = 1 WHERE refresh_until IS NOT NULL");
    assert_eq!(ended.execute(&pool).await.unwrap().rows_affected(), 1, "it had the right");
    pool.close().await;
    daemon
}

/// Whatever it is, it is no dead end: Ada can go on.
async fn goes_on(daemon: &Process, fake: &FakeKick) -> String {
    let standing = standing(daemon).await;
    if standing == "needs_reauth" {
        let page = daemon.connect_by_page("ada", &Platform::Kick).await;
        assert_eq!(page.status, 200, "{page:?}");
        link(daemon, "kick", "connected").await;
    }
    let sent = daemon.user("ada").post("/chat", &json!({ "text": "I am back" })).await;
    let message = sent.body["platforms"]["kick"]["ok"]["message_id"].as_str();
    let message = message.unwrap_or_else(|| panic!("{sent:?}")).to_owned();
    chat_is(daemon, "kick", [message]).await;
    assert_eq!(fake.oauth().counts().reused, usize::from(standing == "needs_reauth"));
    standing
}

#[tokio::test]
async fn a_daemon_that_is_killed_before_kick_has_refreshed_refreshes_when_it_is_back() {
    let fake = kick().await;
    let daemon = expired(&fake).await;
    let tokens = fake.count(REFRESH);
    fake.fail(REFRESH, Effect::Hang, 1);
    let tab = daemon.open_dashboard("ada", "stream").await;
    let ada = daemon.user("ada");
    let asked = tokio::spawn(async move {
        ada.try_post("/chat", &json!({ "text": "Hello" })).await;
    });
    let asking = async || fake.count(REFRESH);
    wait_until("a refresh is under way", asking, |count| *count > tokens).await;
    let daemon = half_a_minute_later(daemon.kill().await).await.start().await;
    drop((asked.await, tab));
    fake.set_webhook(Some(daemon.kick_webhook()));
    let _tab = daemon.open_dashboard("ada", "stream").await;
    assert_eq!(goes_on(&daemon, &fake).await, "connected", "nothing was lost");
}

#[tokio::test]
async fn a_daemon_that_is_killed_while_kick_has_refreshed_is_no_dead_end() {
    let fake = kick().await;
    let daemon = expired(&fake).await;
    let refreshed = fake.oauth().counts().refreshed;
    fake.fail(REFRESH, Effect::Slow(Duration::from_secs(5)), 1);
    let tab = daemon.open_dashboard("ada", "stream").await;
    let ada = daemon.user("ada");
    let asked = tokio::spawn(async move {
        ada.try_post("/chat", &json!({ "text": "Hello" })).await;
    });
    // The old pair is used up, and nobody has the new one yet.
    let done = async || fake.oauth().counts().refreshed;
    wait_until("Kick has refreshed", done, |count| *count > refreshed).await;
    let daemon = half_a_minute_later(daemon.kill().await).await.start().await;
    drop((asked.await, tab));
    fake.set_webhook(Some(daemon.kick_webhook()));
    let _tab = daemon.open_dashboard("ada", "stream").await;
    assert_eq!(goes_on(&daemon, &fake).await, "needs_reauth");
}
