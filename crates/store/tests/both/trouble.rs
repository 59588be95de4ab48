//! A database that does not work: events wait, and are written when it does.

use std::time::Duration;

use stagedoor_store::{Database, EventQuery, Store, StoreConfig, StoreState};

use super::append::Answers;
use crate::support::*;

fn is_failing(store: &Store) -> bool {
    matches!(store.health().state, StoreState::Failing { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_is_waited_for() {
    let house = House::sqlite();
    let store = house.start().await;
    append_new(&store, chat("before")).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.path());
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let answers = Answers::default();
    for n in 0..50 {
        answers.append(&store, chat(&n.to_string()));
    }
    until("the trouble is seen", async || is_failing(&store)).await;
    let StoreState::Failing { reason, .. } = store.health().state else { panic!("is failing") };
    assert!(reason.contains("locked"), "{reason}");
    assert_eq!(store.health().buffered, 50);
    assert_eq!(
        store.events(&ada(), &EventQuery::default()).await.unwrap().len(),
        1,
        "reading works"
    );
    lock.rollback().await.unwrap();
    assert_eq!(answers.wait(50).await, vec!["new"; 50]);
    until("the trouble is over", async || !is_failing(&store)).await;
}

/// A store whose wire to the server can be cut.
async fn behind_a_proxy(house: &House) -> (Proxy, Store) {
    let (url, schema) = house.server_url();
    let server = url.rsplit_once('@').and_then(|(_, rest)| rest.split('/').next());
    let server =
        server.expect("the URL of a test server is postgres://user:password@host:port/database");
    let proxy = Proxy::to(server.to_owned()).await;
    let url = in_schema(&url.replace(server, &proxy.address.to_string()), schema);
    let database = Database::Postgres { url: url.into() };
    let store = Store::open(StoreConfig { database, ..house.config() }).await.unwrap();
    (proxy, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_server_is_waited_for_and_nothing_is_stored_twice() {
    let Some(house) = House::postgres().await else { return };
    let (proxy, store) = behind_a_proxy(&house).await;
    let store = Running::new(store);
    append_new(&store, chat("before")).await;
    let answers = Answers::default();
    for round in 0..3 {
        // In the midst of writing: whether the last commit had reached the server nobody knows.
        for n in 0..300 {
            answers.append(&store, chat(&format!("{round}-{n}")));
            if n == 150 {
                until("some of it is written", async || answers.count() > round * 300).await;
                proxy.cut();
            }
        }
        until("the trouble is seen", async || is_failing(&store)).await;
        assert!(store.health().buffered > 0);
        let error = store.metadata(&ada()).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        proxy.mend();
        let kinds = answers.wait((round + 1) * 300).await;
        assert_eq!(kinds, vec!["new"; kinds.len()]);
    }
    until("the trouble is over", async || !is_failing(&store)).await;
    let stored = house.raw().await.number("select count(*) from events").await;
    assert_eq!(stored, 901);
    store.stop().await;
    house.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_are_replaced() {
    let Some(house) = House::postgres().await else { return };
    let store = house.start().await;
    let end_all = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where application_name = 'stagedoor' and query like '%' || current_schema() || '%'
                       or pid in (select pid from pg_locks join pg_class on relation = pg_class.oid
                                  join pg_namespace n on relnamespace = n.oid where nspname = current_schema())
                       and pid <> pg_backend_pid()";
    let raw = house.raw().await;
    let answers = Answers::default();
    let mut appended = 0;
    for round in 0..20 {
        for n in 0..50 {
            answers.append(&store, chat(&format!("{round}-{n}")));
            appended += 1;
        }
        raw.number(end_all).await;
        tokio::time::sleep(Duration::from_millis(round)).await;
    }
    assert_eq!(answers.wait(appended).await, vec!["new"; appended]);
    assert_eq!(raw.number("select count(*) from events").await, 1_000);
    store.stop().await;
    house.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_an_error_at_the_start_without_the_password() {
    let Some(house) = House::postgres().await else { return };
    let url = "postgres://stagedoor:hunter2@127.0.0.1:1/stagedoor";
    let database = Database::Postgres { url: url.into() };
    let error = Store::open(StoreConfig { database, ..house.config() }).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    house.drop_schema().await;
}
