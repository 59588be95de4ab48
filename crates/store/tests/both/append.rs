//! Appending: once, in order, whatever comes twice.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use serde_json::json;
use stagedoor_domain::{EventId, EventKind, LivestreamId, Platform};
use stagedoor_store::{AppendError, Appended, EventQuery, Store, StoreConfig, WriterConfig};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::*;

on_both! {
    async fn an_event_is_read_as_it_was_given(house: House) {
        let store = house.start().await;
        let mut new = donation("k", 5);
        new.livestream = Some(LivestreamId::from_uuid(Uuid::now_v7()));
        new.received_at = "2026-01-02T03:04:05.123456789Z".parse().unwrap();
        new.report.occurred_at = "2026-01-02T03:04:04.987654321Z".parse().unwrap();
        new.report.kind = EventKind::from("invented.tomorrow");
        new.report.platform = Platform::from("elsewhere");
        new.report.raw = Some(json!({"nul": "\u{0}", "deep": [1, {"x": 1.5}]}));
        new.report.message =
            Some(stagedoor_domain::Message { text: "a \u{0} b 💜".into(), ..Default::default() });
        let stored = append_new(&store, new.clone()).await;
        let read = store.event(&ada(), stored.id).await.unwrap().unwrap();
        assert_eq!(read.report, new.report);
        let mut told = read.clone();
        told.report.raw = None;
        assert_eq!(told, *stored, "what the platform sent is for readers who ask for it");
        assert_eq!((read.livestream, read.received_at), (new.livestream, new.received_at));
        assert_eq!(store.event(&bob(), stored.id).await.unwrap(), None, "not another user's");
    }

    async fn the_same_event_is_stored_once(house: House) {
        let store = house.start().await;
        let first = append_new(&store, chat("k")).await;
        let again = store.append_and_wait(chat("k")).await.unwrap();
        assert!(matches!(again, Appended::Duplicate { of } if of == first.id), "{again:?}");
        let mut of_bob = chat("k");
        of_bob.user = bob();
        append_new(&store, of_bob).await;
        let health = store.health();
        assert_eq!((health.written, health.duplicates, health.buffered), (2, 1, 0));
    }

    async fn twins_in_one_batch_are_told_apart(house: House) {
        let store = house.open().await;
        let answers = Answers::default();
        for key in ["a", "b", "a", "a"] {
            answers.append(&store, chat(key));
        }
        let _store = Running::new(store);
        let kinds = answers.wait(4).await;
        assert_eq!(kinds, ["new", "new", "duplicate", "duplicate"]);
    }

    async fn a_greater_revision_replaces_the_content_and_keeps_id_and_place(house: House) {
        let store = house.start().await;
        let mut first = donation("k", 5);
        first.livestream = Some(LivestreamId::from_uuid(Uuid::now_v7()));
        first.report.raw = Some(json!("first"));
        let first = append_new(&store, first).await;
        let mut second = donation("k", 7);
        second.report.revision = 2;
        second.report.kind = EventKind::Cheer;
        let Ok(Appended::Revised { event }) = store.append_and_wait(second.clone()).await else {
            panic!("must be revised")
        };
        assert_eq!((event.id, event.livestream, event.received_at), (first.id, first.livestream, first.received_at));
        let read = store.event(&ada(), first.id).await.unwrap().unwrap();
        assert_eq!(read, *event);
        assert_eq!(read.report, second.report, "also without the raw of the first");
        for revision in [0, 1, 2] {
            let mut stale = donation("k", 9);
            stale.report.revision = revision;
            let answer = store.append_and_wait(stale).await.unwrap();
            assert!(matches!(answer, Appended::Duplicate { of } if of == first.id));
        }
        let cheers = EventQuery { kinds: vec![EventKind::Cheer], ..EventQuery::default() };
        assert_eq!(store.events(&ada(), &cheers).await.unwrap().len(), 1, "found by its new kind");
    }

    async fn revisions_within_a_batch_follow_each_other(house: House) {
        let store = house.open().await;
        let answers = Answers::default();
        for revision in [1, 3, 2, 4] {
            let mut event = chat("k");
            event.report.revision = revision;
            answers.append(&store, event);
        }
        let store = Running::new(store);
        assert_eq!(answers.wait(4).await, ["new", "revised", "duplicate", "revised"]);
        let events = store.events(&ada(), &EventQuery::default()).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].report.revision, 4);
    }

    async fn an_alert_comes_with_its_event_once(house: House) {
        let store = house.start().await;
        for _ in 0..2 {
            let mut event = donation("k", 5);
            event.alert = Some(alert("Joe"));
            store.append_and_wait(event).await.unwrap();
        }
        let alerts = store.pending_alerts(&ada()).await.unwrap();
        assert_eq!(alerts.len(), 1);
        let events = store.events(&ada(), &EventQuery::default()).await.unwrap();
        assert_eq!(alerts[0].event, Some(events[0].id));
    }

    async fn answers_come_in_order_and_ids_rise_also_over_a_restart(house: House) {
        let mut last = None;
        for round in 0..3 {
            let store = house.start().await;
            let answers = Answers::default();
            for n in 0..700 {
                answers.append(&store, chat(&format!("{round}-{n}")));
            }
            answers.wait(700).await;
            for id in answers.ids() {
                assert!(last < Some(id), "{last:?} {id}");
                last = Some(id);
            }
            store.stop().await;
        }
        let store = house.open().await;
        let query = EventQuery { limit: 5_000, ..EventQuery::default() };
        assert_eq!(store.events(&ada(), &query).await.unwrap().len(), 1_000, "the limit of a page");
    }

    async fn what_no_database_could_keep_is_refused_and_others_go_on(house: House) {
        let store = house.start().await;
        let mut large = chat("large");
        large.report.raw = Some("x".repeat(2 << 20).into());
        for bad in [large, chat(""), chat(&"x".repeat(1_025))] {
            let answer = store.append_and_wait(bad).await;
            assert!(matches!(answer, Err(AppendError::Rejected(_))), "{answer:?}");
        }
        append_new(&store, chat("good")).await;
    }

    async fn a_poisonous_event_is_refused_alone(house: House) {
        let store = house.open().await;
        house.raw().await.execute_all(if house.is_postgres() {
            "create function refuse() returns trigger language plpgsql as $$
             begin if new.dedupe_key like 'poison%' then raise exception 'poison'; end if; return new; end $$;
             create trigger refuse before insert on events for each row execute function refuse();"
        } else {
            "create trigger refuse before insert on events when new.dedupe_key like 'poison%'
             begin select raise(abort, 'poison'); end;"
        }).await;
        let answers = Answers::default();
        for n in 0..600 {
            let name = if n % 97 == 5 { "poison" } else { "good" };
            answers.append(&store, chat(&format!("{name}-{n}")));
        }
        let store = Running::new(store);
        let kinds = answers.wait(600).await;
        for (n, kind) in kinds.iter().enumerate() {
            assert_eq!(*kind, if n % 97 == 5 { "rejected" } else { "new" }, "{n}");
        }
        assert!(matches!(store.health().state, stagedoor_store::StoreState::Ok));
    }

    async fn a_crash_of_the_writer_loses_nothing_and_answers_nobody_twice(house: House) {
        let mut running = house.start().await;
        let answers = Answers::default();
        for round in 0..30 {
            for n in 0..40 {
                answers.append(&running, chat(&format!("{round}-{n}")));
                if n % 10 == 0 {
                    // The same again: its answer must not depend on crashes either.
                    answers.append(&running, chat(&format!("{round}-{n}")));
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(round % 7)).await;
            running = Running::new(running.crash().await);
        }
        let kinds = answers.wait(30 * 44).await;
        assert_eq!(kinds.iter().filter(|kind| **kind == "new").count(), 30 * 40);
        assert_eq!(kinds.iter().filter(|kind| **kind == "duplicate").count(), 30 * 4);
        let ids = answers.ids();
        for id in ids {
            assert!(running.event(&ada(), id).await.unwrap().is_some());
        }
        running.stop().await;
        answers.assert_each_once();
    }

    async fn a_callback_that_panics_takes_nobody_with_it(house: House) {
        let store = house.open().await;
        let answers = Answers::default();
        answers.append(&store, chat("a"));
        store.append(chat("b"), |_| panic!("a callback's own fault"));
        answers.append(&store, chat("c"));
        let writer = store.clone();
        let run = async move { writer.run(CancellationToken::new()).await };
        assert!(tokio::spawn(run).await.unwrap_err().is_panic());
        let store = Running::new(store);
        assert_eq!(answers.wait(2).await, ["new", "new"]);
        let all = store.events(&ada(), &EventQuery::default()).await.unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(store.health().buffered, 0);
    }

    async fn a_shutdown_writes_what_is_left_and_closes(house: House) {
        let store = house.start().await;
        let answers = Answers::default();
        for n in 0..2_000 {
            answers.append(&store, chat(&n.to_string()));
        }
        let store = store.stop().await;
        assert_eq!(answers.wait(2_000).await, vec!["new"; 2_000]);
        assert_eq!(store.append_and_wait(chat("late")).await.unwrap_err(), AppendError::Closed);
        let store = Running::new(store);
        until("the writer is open again", async || {
            !matches!(store.append_and_wait(chat("again")).await, Err(AppendError::Closed))
        })
        .await;
    }

    async fn a_full_buffer_refuses_and_counts(house: House) {
        let writer = WriterConfig { buffer_events: 10, ..WriterConfig::default() };
        let store = Store::open(StoreConfig { writer, ..house.config() }).await.unwrap();
        let answers = Answers::default();
        for n in 0..12 {
            answers.append(&store, chat(&n.to_string()));
        }
        assert_eq!(answers.wait(2).await, ["full", "full"], "at once");
        let health = store.health();
        assert_eq!((health.buffered, health.capacity, health.refused), (10, 10, 2));
        let store = Running::new(store);
        answers.wait(12).await;
        append_new(&store, chat("room again")).await;
    }

    async fn the_buffer_is_bounded_in_bytes_too(house: House) {
        let writer = WriterConfig { buffer_bytes: 1 << 20, ..WriterConfig::default() };
        let store = Store::open(StoreConfig { writer, ..house.config() }).await.unwrap();
        let answers = Answers::default();
        for n in 0..20 {
            let mut event = chat(&n.to_string());
            event.report.raw = Some("x".repeat(100_000).into());
            answers.append(&store, event);
        }
        let health = store.health();
        assert!(health.buffered < 10 && health.refused > 10, "{health:?}");
        let _store = Running::new(store);
        answers.wait(20).await;
    }

    async fn many_large_events_are_written(house: House) {
        let store = house.start().await;
        let answers = Answers::default();
        for n in 0..40 {
            let mut event = chat(&n.to_string());
            event.report.raw = Some("x".repeat(500_000).into());
            answers.append(&store, event);
        }
        assert_eq!(answers.wait(40).await, vec!["new"; 40]);
    }
}

/// What became of an event, and its id.
type Answer = (&'static str, Option<EventId>);

/// Collects what callbacks are told.
#[derive(Clone, Default)]
pub(crate) struct Answers {
    told: Arc<Mutex<Vec<Answer>>>,
    asked: Arc<AtomicUsize>,
}

impl Answers {
    pub(crate) fn append(&self, store: &Store, event: stagedoor_store::NewEvent) {
        let told = self.told.clone();
        self.asked.fetch_add(1, Ordering::Relaxed);
        store.append(event, move |result| {
            let answer = match result {
                Ok(Appended::New { event, .. }) => ("new", Some(event.id)),
                Ok(Appended::Revised { event }) => ("revised", Some(event.id)),
                Ok(Appended::Duplicate { of }) => ("duplicate", Some(of)),
                Err(AppendError::Full) => ("full", None),
                Err(AppendError::Rejected(_)) => ("rejected", None),
                Err(AppendError::Closed) => ("closed", None),
                Err(other) => panic!("{other}"),
            };
            told.lock().unwrap().push(answer);
        });
    }

    pub(crate) fn count(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    /// Waits for so many answers and gives them.
    pub(crate) async fn wait(&self, count: usize) -> Vec<&'static str> {
        until("the answers", async || self.told.lock().unwrap().len() >= count).await;
        self.told.lock().unwrap().iter().map(|(kind, _)| *kind).collect()
    }

    /// The ids of those that were new, in the order of the answers.
    pub(crate) fn ids(&self) -> Vec<EventId> {
        let told = self.told.lock().unwrap();
        told.iter().filter(|(kind, _)| *kind == "new").filter_map(|(_, id)| *id).collect()
    }

    pub(crate) fn assert_each_once(&self) {
        assert_eq!(self.told.lock().unwrap().len(), self.asked.load(Ordering::Relaxed));
    }
}

#[test]
fn what_is_said_of_health_is_flat_json() {
    let health = stagedoor_store::StoreHealth {
        state: stagedoor_store::StoreState::Failing {
            since: Timestamp::UNIX_EPOCH,
            reason: "the disk is full".into(),
        },
        buffered: 1,
        capacity: 2,
        refused: 3,
        written: 4,
        duplicates: 5,
    };
    assert_eq!(
        serde_json::to_value(health).unwrap(),
        json!({
            "state": "failing", "since": "1970-01-01T00:00:00Z", "reason": "the disk is full",
            "buffered": 1, "capacity": 2, "refused": 3, "written": 4, "duplicates": 5,
        })
    );
}
