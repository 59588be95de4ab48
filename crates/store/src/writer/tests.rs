use std::time::Duration;

use stagedoor_domain::{EventKind, Platform, UserId};

use super::*;
use crate::{Database, EventQuery, Keyring, StoreConfig};

async fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(StoreConfig {
        database: Database::Sqlite { path: folder.path().join("s.db") },
        keyring: Keyring::parse(&Keyring::new_key("k1").unwrap()).unwrap(),
        writer: WriterConfig { buffer_events: 300, ..WriterConfig::default() },
    })
    .await
    .unwrap()
}

fn event(key: &str) -> NewEvent {
    let now = Timestamp::now();
    let mut report = EventReport::new(Platform::Kick, EventKind::ChatMessage, now, key);
    report.raw = Some("x".repeat(4_000).into());
    let user = UserId::new("ada").unwrap();
    NewEvent { user, livestream: None, received_at: now, report, alert: None }
}

/// Appends events all at once and waits for their answers.
async fn append(store: Store, count: u32) -> Vec<Result<Appended, AppendError>> {
    let appends = (0..count).map(|n| store.append_and_wait(event(&n.to_string())));
    futures_util::future::join_all(appends).await
}

/// Says how many pages the database may have, on the one connection that writes.
async fn set_disk_size(store: &Store, pages: u32) {
    let Db::Sqlite(db) = store.db() else { unreachable!() };
    let pragma = format!("pragma max_page_count = {pages}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(pragma)).execute(&db.write).await.unwrap();
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = tokio::time::timeout(Duration::from_secs(20), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waiting.await.expect("it becomes so in time");
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_a_full_buffer_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    set_disk_size(&store, 100).await;
    let writer = tokio::spawn({
        let store = store.clone();
        async move { store.run(CancellationToken::new()).await }
    });
    let waiting = tokio::spawn(append(store.clone(), 250));
    until(|| matches!(store.health().state, StoreState::Failing { .. })).await;
    let StoreState::Failing { reason, .. } = store.health().state else { panic!("it fails") };
    assert!(reason.contains("full"), "{reason}");
    assert!(!waiting.is_finished());

    let mut refused = 0;
    for n in 250..400 {
        let refusals = store.health().refused;
        store.append(event(&n.to_string()), |_| ());
        refused += store.health().refused - refusals;
    }
    assert_eq!(store.health().buffered, 300);
    assert_eq!(refused, 100);

    set_disk_size(&store, 1_000_000).await;
    for answer in waiting.await.unwrap() {
        assert!(matches!(answer, Ok(Appended::New { .. })), "{answer:?}");
    }
    until(|| store.health().buffered == 0).await;
    assert_eq!(store.health().state, StoreState::Ok);
    let query = EventQuery { limit: 1_000, ..EventQuery::default() };
    let user = UserId::new("ada").unwrap();
    assert_eq!(store.events(&user, &query).await.unwrap().len(), 300);
    writer.abort();
}

#[tokio::test]
async fn a_shutdown_with_a_full_disk_ends_and_says_so_to_who_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    set_disk_size(&store, 100).await;
    let shutdown = CancellationToken::new();
    let waiting = tokio::spawn(append(store.clone(), 250));
    until(|| store.health().buffered == 250).await;
    shutdown.cancel();
    let begin = tokio::time::Instant::now();
    store.run(shutdown).await;
    assert!(begin.elapsed() < DRAIN + Duration::from_secs(5));
    for answer in waiting.await.unwrap() {
        assert_eq!(answer.unwrap_err(), AppendError::Closed);
    }
}
