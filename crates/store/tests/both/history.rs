//! Reading events and livestreams.

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::{EventId, EventKind, LivestreamId, Platform, StreamEvent, StreamStatus};
use stagedoor_store::EventQuery;
use uuid::Uuid;

use crate::support::*;

fn keys(events: &[StreamEvent]) -> Vec<&str> {
    events.iter().map(|event| &*event.report.dedupe_key).collect()
}

on_both! {
    async fn events_come_newest_first_page_by_page(house: House) {
        let store = house.start().await;
        for n in 0..7 {
            append_new(&store, chat(&n.to_string())).await;
        }
        let mut query = EventQuery { limit: 3, ..EventQuery::default() };
        let page = store.events(&ada(), &query).await.unwrap();
        assert_eq!(keys(&page), ["6", "5", "4"]);
        query.before = Some(page[2].id);
        let page = store.events(&ada(), &query).await.unwrap();
        assert_eq!(keys(&page), ["3", "2", "1"]);
        query.before = Some(page[2].id);
        assert_eq!(keys(&store.events(&ada(), &query).await.unwrap()), ["0"]);
        assert!(store.events(&bob(), &EventQuery::default()).await.unwrap().is_empty());
    }

    async fn reading_goes_on_after_an_event_oldest_first(house: House) {
        let store = house.start().await;
        let mut ids: Vec<EventId> = Vec::new();
        for n in 0..6 {
            ids.push(append_new(&store, chat(&n.to_string())).await.id);
        }
        let query = EventQuery { after: Some(ids[1]), limit: 2, ..EventQuery::default() };
        assert_eq!(keys(&store.events(&ada(), &query).await.unwrap()), ["2", "3"]);
        let between = EventQuery { before: Some(ids[5]), limit: 10, ..query };
        assert_eq!(keys(&store.events(&ada(), &between).await.unwrap()), ["4", "3", "2"]);
    }

    async fn filters_hold_alone_and_together(house: House) {
        let store = house.start().await;
        let on_air = LivestreamId::from_uuid(Uuid::now_v7());
        for (n, kind) in [EventKind::ChatMessage, EventKind::Donation, EventKind::Raid, EventKind::from("odd")]
            .into_iter()
            .cycle()
            .take(16)
            .enumerate()
        {
            let mut new = event(kind, &n.to_string());
            new.livestream = (n >= 8).then_some(on_air);
            if n % 3 == 0 {
                new.report.platform = Platform::Kick;
            }
            append_new(&store, new).await;
        }
        let ask = async |query: EventQuery| {
            let mut keys: Vec<usize> = store.events(&ada(), &query).await.unwrap()
                .iter().map(|event| event.report.dedupe_key.parse().unwrap()).collect();
            keys.reverse();
            keys
        };
        let all = EventQuery::default();
        let kinds = |kinds: &[EventKind]| EventQuery { kinds: kinds.to_vec(), ..all.clone() };
        assert_eq!(ask(kinds(&[EventKind::Donation])).await, [1, 5, 9, 13]);
        assert_eq!(ask(kinds(&[EventKind::from("odd"), EventKind::Raid])).await, [2, 3, 6, 7, 10, 11, 14, 15]);
        assert_eq!(ask(kinds(&[EventKind::ChatMessage, EventKind::Raid])).await, [0, 2, 4, 6, 8, 10, 12, 14]);
        let kick = EventQuery { platforms: vec![Platform::Kick], ..all.clone() };
        assert_eq!(ask(kick.clone()).await, [0, 3, 6, 9, 12, 15]);
        let on_air = EventQuery { livestream: Some(on_air), ..all };
        assert_eq!(ask(on_air.clone()).await, [8, 9, 10, 11, 12, 13, 14, 15]);
        let together = EventQuery { kinds: vec![EventKind::Donation], platforms: kick.platforms, ..on_air };
        assert_eq!(ask(together).await, [9]);
    }

    async fn what_the_platform_sent_comes_only_when_asked_for(house: House) {
        let store = house.start().await;
        let mut new = chat("k");
        new.report.raw = Some(serde_json::json!({"a": [1]}));
        append_new(&store, new).await;
        let query = EventQuery::default();
        assert_eq!(store.events(&ada(), &query).await.unwrap()[0].report.raw, None);
        let query = EventQuery { with_raw: true, ..query };
        let events = store.events(&ada(), &query).await.unwrap();
        assert_eq!(events[0].report.raw, Some(serde_json::json!({"a": [1]})));
    }

    async fn a_livestream_is_open_until_it_ends(house: House) {
        let store = house.open().await;
        let mut stream = livestream();
        stream.started_at = "2026-01-02T03:04:05.123456789Z".parse().unwrap();
        stream.auto_stop_at = Some(stream.started_at + SignedDuration::from_mins(5));
        store.put_livestream(&stream).await.unwrap();
        assert_eq!(store.open_livestream(&ada()).await.unwrap().as_ref(), Some(&stream));
        assert_eq!(store.open_livestream(&bob()).await.unwrap(), None);
        let reopened = house.open().await;
        assert_eq!(reopened.open_livestreams().await.unwrap(), [stream.clone()]);
        stream.status = StreamStatus::Offline;
        stream.ended_at = Some(Timestamp::now());
        store.put_livestream(&stream).await.unwrap();
        assert_eq!(store.open_livestream(&ada()).await.unwrap(), None);
        assert!(store.open_livestreams().await.unwrap().is_empty());
        assert_eq!(store.livestream(&ada(), stream.id).await.unwrap(), Some(stream.clone()));
        assert_eq!(store.livestream(&bob(), stream.id).await.unwrap(), None);
    }

    async fn livestreams_come_newest_first_page_by_page(house: House) {
        let store = house.open().await;
        let mut ids = Vec::new();
        for n in 0..5_u128 {
            let mut stream = livestream();
            stream.id = LivestreamId::from_uuid(Uuid::from_u128(100 + n));
            store.put_livestream(&stream).await.unwrap();
            ids.push(stream.id);
        }
        ids.reverse();
        let page = store.livestreams(&ada(), None, 2).await.unwrap();
        assert_eq!(page.iter().map(|stream| stream.id).collect::<Vec<_>>(), ids[..2]);
        let page = store.livestreams(&ada(), Some(ids[1]), 10).await.unwrap();
        assert_eq!(page.iter().map(|stream| stream.id).collect::<Vec<_>>(), ids[2..]);
    }

    async fn nobody_changes_another_users_livestream(house: House) {
        let store = house.open().await;
        let stream = livestream();
        store.put_livestream(&stream).await.unwrap();
        let mut stolen = stream.clone();
        stolen.user = bob();
        store.put_livestream(&stolen).await.unwrap();
        assert_eq!(store.livestream(&ada(), stream.id).await.unwrap(), Some(stream));
        assert_eq!(store.livestream(&bob(), stolen.id).await.unwrap(), None);
    }
}
