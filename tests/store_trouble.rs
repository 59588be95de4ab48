//! The database does not work for a while: nothing that was accepted is lost, and who asks is told.

use std::{collections::BTreeSet, path::Path};

use sqlx::{Sqlite, SqlitePool, Transaction, sqlite::SqliteConnectOptions};
use stagedoor_testkit::{Harness, Reach, wait_until};
use tokio::task::JoinSet;

use crate::stage::{donate, donation, donations};

/// Somebody else has the file for themselves, until this is dropped.
pub(crate) async fn lock(state: &Path) -> Transaction<'static, Sqlite> {
    let options = SqliteConnectOptions::new().filename(state.join("stagedoor.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    pool.begin_with("BEGIN IMMEDIATE").await.unwrap()
}

async fn is_ready(daemon: &Reach) -> (u16, bool) {
    let ready = daemon.admin("/ready").await;
    (ready.status, ready.body["conditions"]["store"].as_bool().unwrap())
}

#[tokio::test]
async fn a_locked_file_delays_donations_and_refuses_none_while_there_is_room() {
    const BUFFER: usize = 100;
    let daemon = Harness::builder().configure(|config| config.store.buffer_events = BUFFER);
    let daemon = daemon.start().await;
    let mut tab = daemon.open_dashboard("ada", "home").await;
    assert_eq!(donate(&daemon, "ada", "before").await.status, 201);
    let locked = lock(daemon.dir()).await;

    let mut sent = JoinSet::new();
    for n in 0..BUFFER {
        let ada = daemon.user("ada");
        sent.spawn(async move { ada.post("/donations", &donation(&format!("tip-{n}"))).await });
    }
    let ready = async || is_ready(&daemon).await;
    wait_until("it says that it is not ready", ready, |ready| *ready == (503, false)).await;
    tab.heartbeat().await.expect("those who are there stay");
    let store = &daemon.daemon().services().store;
    let full = |waiting: &usize| *waiting == BUFFER;
    wait_until("all of them wait", async || store.health().buffered, full).await;
    let refused = donate(&daemon, "ada", "too-much").await;
    assert_eq!((refused.status, refused.code()), (503, Some("store_full")), "{refused:?}");

    locked.rollback().await.unwrap();
    let answers = sent.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    wait_until("it is ready again", ready, |ready| *ready == (200, true)).await;
    assert_eq!(donate(&daemon, "ada", "too-much").await.status, 201, "there is room again");
    let stored: Vec<_> = donations(&daemon, "ada").await;
    let each: BTreeSet<_> = stored.iter().collect();
    assert_eq!((stored.len(), each.len()), (BUFFER + 2, BUFFER + 2), "each once");
}
