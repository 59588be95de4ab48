//! What is deleted.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::{EventKind, Platform, SeriesPoint, ViewerSamples};
use stagedoor_store::{EventQuery, NewEvent, Retained, Retention, SeriesQuery};

use super::series::point;
use crate::support::*;

const FOR_EVER: Retention = Retention {
    raw: Duration::MAX,
    chat: Duration::MAX,
    events: Duration::MAX,
    minutes: Duration::MAX,
    alerts: Duration::MAX,
};

/// A second after everything that was just stored.
fn soon() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(1)
}

on_both! {
    async fn each_kind_goes_at_its_own_time(house: House) {
        let store = house.start().await;
        for n in 0..600 {
            let mut new = chat(&format!("c{n}"));
            new.report.raw = Some(n.into());
            store.append(new, |_| ());
        }
        append_new(&store, donation("d", 5)).await;
        store.insert_alert(&alert("Joe")).await.unwrap();
        assert_eq!(store.retain(&FOR_EVER, soon()).await.unwrap(), Retained::default());
        assert_eq!(store.retain(&Retention::default(), soon()).await.unwrap(), Retained::default());

        let raw = Retention { raw: Duration::ZERO, ..FOR_EVER };
        assert_eq!(store.retain(&raw, soon()).await.unwrap(), Retained { raws: 600, ..Retained::default() });
        let query = EventQuery { with_raw: true, limit: 1_000, ..EventQuery::default() };
        let events = store.events(&ada(), &query).await.unwrap();
        assert_eq!(events.len(), 601);
        assert!(events.iter().all(|event| event.report.raw.is_none()));

        let chat = Retention { chat: Duration::ZERO, ..FOR_EVER };
        assert_eq!(store.retain(&chat, soon()).await.unwrap(), Retained { events: 600, ..Retained::default() });
        let events = store.events(&ada(), &query).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].report.kind, EventKind::Donation);

        let events = Retention { events: Duration::ZERO, ..FOR_EVER };
        assert_eq!(store.retain(&events, soon()).await.unwrap(), Retained { events: 1, ..Retained::default() });
        let alerts = Retention { alerts: Duration::ZERO, ..FOR_EVER };
        assert_eq!(store.retain(&alerts, soon()).await.unwrap(), Retained { alerts: 1, ..Retained::default() });
        assert!(store.alerts(&ada(), 10).await.unwrap().is_empty());
    }

    async fn what_the_platform_sent_goes_with_its_event(house: House) {
        let store = house.start().await;
        let mut new = chat("k");
        new.report.raw = Some(serde_json::json!(1));
        append_new(&store, new).await;
        let chat = Retention { chat: Duration::ZERO, ..FOR_EVER };
        store.retain(&chat, soon()).await.unwrap();
        assert_eq!(house.raw().await.number("select count(*) from event_raws").await, 0);
    }

    async fn the_numbers_of_a_livestream_outlive_its_chat(house: House) {
        let store = house.start().await;
        let (mut ended, open) = (livestream(), livestream());
        for stream in [&ended, &open] {
            store.put_livestream(stream).await.unwrap();
            for n in 0..3 {
                let key = format!("{}-{n}", stream.id);
                append_new(&store, NewEvent { livestream: Some(stream.id), ..chat(&key) }).await;
                let sample = viewers(Platform::Twitch, n, &format!("v-{key}"));
                append_new(&store, NewEvent { livestream: Some(stream.id), ..sample }).await;
            }
        }
        ended.ended_at = Some(Timestamp::now());
        store.put_livestream(&ended).await.unwrap();
        let before = store.summary(&ada(), ended.id).await.unwrap().unwrap();
        assert_eq!((before.chat_messages, before.peak_viewers, before.average_viewers), (3, 2, Some(1.0)));
        let chat = Retention { chat: Duration::ZERO, ..FOR_EVER };
        assert_eq!(store.retain(&chat, soon()).await.unwrap().events, 6, "the open one keeps its chat");
        assert_eq!(store.summary(&ada(), ended.id).await.unwrap(), Some(before));
        assert_eq!(store.statistics(&ada(), open.id).await.unwrap().chat_messages, 3);
        let mut open = open;
        open.ended_at = Some(Timestamp::now());
        store.put_livestream(&open).await.unwrap();
        assert_eq!(store.retain(&chat, soon()).await.unwrap().events, 6, "until it has ended");
        assert_eq!(store.statistics(&ada(), open.id).await.unwrap().chat_messages, 3);
    }

    async fn minutes_become_hours_and_nothing_is_counted_twice(house: House) {
        let store = house.open().await;
        let hour: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
        let points: Vec<_> = (0..90)
            .flat_map(|n| [Platform::Twitch, Platform::Kick].map(|platform| point(hour + SignedDuration::from_mins(n), platform)))
            .collect();
        store.put_series(&ada(), &points).await.unwrap();
        store.put_series(&bob(), &points[..1]).await.unwrap();
        let now = hour + SignedDuration::from_mins(119);
        let minutes = Retention { minutes: Duration::ZERO, ..FOR_EVER };
        assert_eq!(store.retain(&minutes, now).await.unwrap().minutes, 121, "only hours that are over");
        let series = store.series(&ada(), &SeriesQuery::default()).await.unwrap();
        assert_eq!(series.len(), 2 + 60);
        let expected = SeriesPoint {
            length_s: 3_600,
            viewers: Some(ViewerSamples { min: 1, max: 9, sum: 600, count: 120 }),
            chat_messages: 180,
            follows: 120,
            subscriptions: 60,
            donated: [("EUR".parse().unwrap(), 300_000_000)].into(),
            ..point(hour, Platform::Kick)
        };
        assert_eq!(series[0], expected);
        assert_eq!(store.retain(&minutes, now).await.unwrap().minutes, 0);
        store.put_series(&ada(), &[point(hour, Platform::Kick)]).await.unwrap();
        store.retain(&minutes, now).await.unwrap();
        let series = store.series(&ada(), &SeriesQuery::default()).await.unwrap();
        assert_eq!(series[0].chat_messages, 183, "a late minute is added");
    }
}
