//! `kill -9` at any moment loses no event that was acknowledged.
//!
//! The test runs its own binary as a child, which appends as fast as it can and prints what is acknowledged.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use secrecy::ExposeSecret;
use stagedoor_domain::EventId;
use stagedoor_store::{Appended, Database, EventQuery, MAX_EVENTS_A_PAGE, Store, StoreConfig};
use tokio::sync::Semaphore;

use crate::support::*;

const ROUNDS: u64 = 25;

on_both! {
    async fn no_acknowledged_event_is_lost(house: House) {
        let mut acknowledged = 0;
        let mut read_until: Option<EventId> = None;
        // Migrated before the first child, whose time is short.
        drop(house.open().await);
        for round in 0..ROUNDS {
            let acks = run_and_kill(house, round).await;
            acknowledged += acks.len();
            let store = house.open().await;
            let mut stored = HashSet::new();
            loop {
                let query = EventQuery { after: read_until.or(Some(EventId::from_uuid(uuid::Uuid::nil()))), limit: MAX_EVENTS_A_PAGE, ..EventQuery::default() };
                let page = store.events(&ada(), &query).await.unwrap();
                let Some(last) = page.last() else { break };
                read_until = Some(last.id);
                stored.extend(page.into_iter().map(|event| event.report.dedupe_key));
            }
            for key in &acks {
                assert!(stored.contains(key.as_str()), "{key} was acknowledged and is lost");
            }
        }
        assert!(acknowledged > 1_000, "killed in the midst of work: {acknowledged}");
    }
}

/// Runs a child until some moment after its first acknowledgement, and gives what it had acknowledged.
async fn run_and_kill(house: &House, round: u64) -> Vec<String> {
    let database = match house.database() {
        Database::Sqlite { path } => format!("sqlite:{}", path.display()),
        Database::Postgres { url } => url.expose_secret().to_owned(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--ignored", "--nocapture"])
        .env("STAGEDOOR_KILL_DATABASE", database)
        .env("STAGEDOOR_KILL_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (first, started) = tokio::sync::oneshot::channel();
    let acks = tokio::task::spawn_blocking(move || {
        let mut first = Some(first);
        let mut acks = Vec::new();
        for line in stdout.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // Only whole lines count, and the last one may be cut.
            if let Some(ack) = line.split_once("ack ").and_then(|(_, ack)| ack.strip_suffix(';')) {
                acks.push(ack.to_owned());
                if let Some(first) = first.take() {
                    let _ = first.send(());
                }
            }
        }
        acks
    });
    tokio::time::timeout(LIMIT, started).await.expect("the child works").unwrap();
    // Different moments, of which some are in the midst of a check-point.
    tokio::time::sleep(Duration::from_millis(3 + round * 37 % 150)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    acks.await.unwrap()
}

/// What is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a helper of the tests in this module"]
async fn child() {
    let Ok(database) = std::env::var("STAGEDOOR_KILL_DATABASE") else { return };
    let round = std::env::var("STAGEDOOR_KILL_ROUND").unwrap();
    let house = House::sqlite();
    let database = Database::parse(&database, std::path::Path::new("/")).unwrap();
    let store = Store::open(StoreConfig { database, ..house.config() }).await.unwrap();
    let store = Running::new(store);
    let in_flight = Arc::new(Semaphore::new(300));
    for n in 0_u64.. {
        let permit = in_flight.clone().acquire_owned().await.unwrap();
        let key = format!("{round}-{n}");
        let mut event = chat(&key);
        event.report.raw = Some("x".repeat(500).into());
        store.append(event, move |result| {
            assert!(matches!(result, Ok(Appended::New { .. })), "{result:?}");
            writeln!(std::io::stdout(), "ack {key};").unwrap();
            drop(permit);
        });
    }
}
