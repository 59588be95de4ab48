//! A daemon on PostgreSQL.

use std::env;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use stagedoor_testkit::Harness;

use crate::stage::{
    PLATFORMS, all, becomes, cloudflare, daemon_at, donate, donations, live, live_on, outputs, stop,
};

/// A schema of the test's own.
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// None where there is no server to test with, unless there must be one.
    async fn create() -> Option<Self> {
        let Ok(server) = env::var("STAGEDOOR_TEST_POSTGRES") else {
            let required = env::var_os("STAGEDOOR_REQUIRE_POSTGRES").is_some();
            assert!(!required, "STAGEDOOR_TEST_POSTGRES must name a server");
            eprintln!("skipped: STAGEDOOR_TEST_POSTGRES names no server");
            return None;
        };
        let schema = Self { server, name: format!("scenario_{}", std::process::id()) };
        schema.execute(&format!("create schema {}", schema.name)).await;
        Some(schema)
    }

    fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{separator}options[search_path]={}", self.server, self.name)
    }

    async fn remove(self) {
        self.execute(&format!("drop schema {} cascade", self.name)).await;
    }

    async fn execute(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_happened_is_still_there_after_a_restart() {
    let Some(schema) = Schema::create().await else { return };
    let fake = cloudflare().await;
    let daemon = daemon_at(&fake).configure(|config| config.store.url = Some(schema.url().into()));
    let daemon: Harness = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    assert_eq!(donate(&daemon, "ada", "tip-1").await.status, 201);
    assert_eq!(donate(&daemon, "ada", "tip-1").await.status, 200);
    drop(tab);

    let daemon = daemon.restart().await;
    let state = live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(state["statistics"]["donations"], 1);
    assert_eq!(donate(&daemon, "ada", "tip-1").await.status, 200);
    assert_eq!(donations(&daemon, "ada").await, ["donation:tip-1"]);
    assert_eq!(fake.outputs_created(), PLATFORMS.len());
    let tab = daemon.open_dashboard("ada", "home").await;
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
    assert!(!daemon.dir().join("stagedoor.db").exists(), "all of it is on the server");
    tab.close().await.unwrap();
    daemon.shutdown().await.unwrap();
    schema.remove().await;
}
