//! Series and the numbers of livestreams.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::{
    EventKind, LivestreamId, Platform, PlatformViewers, SeriesPoint, ViewerSamples,
};
use stagedoor_store::{EventQuery, NewEvent, SeriesQuery, Store};
use uuid::Uuid;

use crate::support::*;

pub(crate) fn point(at: Timestamp, platform: Platform) -> SeriesPoint {
    SeriesPoint {
        at,
        length_s: 60,
        platform,
        livestream: None,
        viewers: Some(ViewerSamples { min: 1, max: 9, sum: 10, count: 2 }),
        chat_messages: 3,
        follows: 2,
        subscriptions: 1,
        donated: BTreeMap::from([("EUR".parse().unwrap(), 5_000_000)]),
    }
}

fn minute(n: i64) -> Timestamp {
    let now = Timestamp::now().as_second() / 60 * 60;
    Timestamp::from_second(now + 60 * n).unwrap()
}

/// Appends an event that was received in a minute.
async fn append_at(
    store: &Store,
    at: Timestamp,
    livestream: Option<LivestreamId>,
    event: NewEvent,
) {
    append_new(store, NewEvent { received_at: at, livestream, ..event }).await;
}

on_both! {
    async fn points_are_kept_and_replaced(house: House) {
        let store = house.open().await;
        let mut points: Vec<_> = (0..3).map(|n| point(minute(n), Platform::Twitch)).collect();
        points[2].viewers = None;
        points[2].livestream = Some(LivestreamId::from_uuid(Uuid::now_v7()));
        store.put_series(&ada(), &points).await.unwrap();
        points[0].chat_messages = 30;
        store.put_series(&ada(), &points[..1]).await.unwrap();
        let read = store.series(&ada(), &SeriesQuery::default()).await.unwrap();
        assert_eq!(read, points);
        assert!(store.series(&bob(), &SeriesQuery::default()).await.unwrap().is_empty());
        assert_eq!(store.last_minute(&ada()).await.unwrap(), Some(minute(2)));
        let hour = SeriesPoint { length_s: 3_600, ..point(minute(1), Platform::Twitch) };
        store.put_series(&ada(), &[hour]).await.unwrap();
        assert_eq!(store.last_minute(&ada()).await.unwrap(), Some(minute(60)));
        assert_eq!(store.last_minute(&bob()).await.unwrap(), None);
    }

    async fn points_are_found_by_time_platform_livestream_and_length(house: House) {
        let store = house.open().await;
        let livestream = LivestreamId::from_uuid(Uuid::now_v7());
        let mut points = Vec::new();
        for n in 0..4 {
            points.push(point(minute(n), Platform::Kick));
            points.push(SeriesPoint { livestream: Some(livestream), ..point(minute(n), Platform::Twitch) });
        }
        points.push(SeriesPoint { length_s: 3_600, ..point(minute(9), Platform::Kick) });
        store.put_series(&ada(), &points).await.unwrap();
        let count = async |query: SeriesQuery| store.series(&ada(), &query).await.unwrap().len();
        let all = SeriesQuery::default();
        assert_eq!(count(all.clone()).await, 9);
        assert_eq!(count(SeriesQuery { limit: 2, ..all.clone() }).await, 2);
        assert_eq!(count(SeriesQuery { from: minute(1), to: Some(minute(3)), ..all.clone() }).await, 4);
        assert_eq!(count(SeriesQuery { platform: Some(Platform::Kick), ..all.clone() }).await, 5);
        assert_eq!(count(SeriesQuery { livestream: Some(livestream), ..all.clone() }).await, 4);
        assert_eq!(count(SeriesQuery { length_s: Some(3_600), ..all.clone() }).await, 1);
        let first = store.series(&ada(), &all).await.unwrap()[0].at;
        assert_eq!(first, minute(0), "oldest first");
    }

    async fn minutes_are_counted_again_from_events(house: House) {
        let store = house.start().await;
        let livestream = Some(LivestreamId::from_uuid(Uuid::now_v7()));
        let (now, next) = (minute(0), minute(1));
        append_at(&store, now, None, chat("before the livestream")).await;
        for n in 0..3 {
            append_at(&store, next, livestream, chat(&format!("c{n}"))).await;
        }
        append_at(&store, next + SignedDuration::from_secs(59), livestream, donation("d1", 5)).await;
        append_at(&store, next, livestream, donation("d2", 7)).await;
        append_at(&store, next, livestream, event(EventKind::Follow, "f")).await;
        append_at(&store, next, livestream, event(EventKind::SubscriptionNew, "s")).await;
        append_at(&store, next, livestream, event(EventKind::Moderation, "not counted")).await;
        for (n, count) in [4, 8].into_iter().enumerate() {
            append_at(&store, next, livestream, viewers(Platform::Twitch, count, &format!("v{n}"))).await;
        }
        append_at(&store, next, livestream, viewers(Platform::Kick, 2, "k")).await;
        let (points, newest) = store.counts_since(&ada(), now).await.unwrap();
        let empty = SeriesPoint {
            viewers: None,
            chat_messages: 0,
            follows: 0,
            subscriptions: 0,
            donated: BTreeMap::new(),
            livestream,
            ..point(next, Platform::Kick)
        };
        let expected = [
            SeriesPoint { at: now, platform: Platform::Twitch, livestream: None, chat_messages: 1, ..empty.clone() },
            SeriesPoint {
                platform: Platform::Twitch,
                viewers: Some(ViewerSamples { min: 4, max: 8, sum: 12, count: 2 }),
                chat_messages: 3,
                follows: 1,
                subscriptions: 1,
                donated: BTreeMap::from([("EUR".parse().unwrap(), 12_000_000)]),
                ..empty.clone()
            },
            SeriesPoint { viewers: Some(ViewerSamples { min: 2, max: 2, sum: 2, count: 1 }), ..empty },
        ];
        assert_eq!(points, expected);
        let last = store.events(&ada(), &EventQuery { limit: 1, ..EventQuery::default() }).await.unwrap();
        assert_eq!(newest, Some(last[0].id), "up to which event they count");
        let (later, _) = store.counts_since(&ada(), next + SignedDuration::from_secs(30)).await.unwrap();
        assert_eq!(later, expected[1..], "a minute that is cut in two is counted as a whole");
        assert_eq!(store.counts_since(&bob(), now).await.unwrap(), (Vec::new(), None));
    }

    async fn a_livestream_is_counted_again_from_its_events(house: House) {
        let store = house.start().await;
        let mut stream = livestream();
        stream.started_at = minute(0);
        store.put_livestream(&stream).await.unwrap();
        append_at(&store, minute(0), None, chat("not of it")).await;
        for n in 0..5 {
            append_at(&store, minute(0), Some(stream.id), chat(&format!("c{n}"))).await;
        }
        append_at(&store, minute(0), Some(stream.id), donation("d1", 5)).await;
        append_at(&store, minute(1), Some(stream.id), donation("d2", 7)).await;
        append_at(&store, minute(1), Some(stream.id), event(EventKind::Raid, "r")).await;
        append_at(&store, minute(1), Some(stream.id), event(EventKind::Follow, "f")).await;
        for (n, platform, count) in [
            (0, Platform::Twitch, 10),
            (0, Platform::Kick, 5),
            (1, Platform::Twitch, 2),
            (1, Platform::Kick, 8),
        ] {
            let key = format!("v-{n}-{platform}");
            append_at(&store, minute(n), Some(stream.id), viewers(platform, count, &key)).await;
        }
        let statistics = store.statistics(&ada(), stream.id).await.unwrap();
        assert_eq!((statistics.viewers, statistics.peak_viewers), (10, 15));
        assert_eq!(statistics.platforms[&Platform::Twitch], PlatformViewers { current: 2, peak: 10 });
        assert_eq!((statistics.chat_messages, statistics.donations), (5, 2));
        assert_eq!((statistics.raids, statistics.follows, statistics.subscriptions), (1, 1, 0));
        assert_eq!(statistics.donated[&"EUR".parse().unwrap()], 12_000_000);
        assert_eq!(store.statistics(&bob(), stream.id).await.unwrap(), stagedoor_domain::Statistics::default());

        stream.ended_at = Some(stream.started_at + SignedDuration::from_secs(90));
        store.put_livestream(&stream).await.unwrap();
        let summary = store.summary(&ada(), stream.id).await.unwrap().unwrap();
        assert_eq!((summary.duration_s, summary.peak_viewers), (90, 15));
        assert_eq!(summary.average_viewers, Some(12.5));
        assert_eq!(summary.chat_messages, 5);
        assert_eq!(store.statistics(&ada(), stream.id).await.unwrap().viewers, 0, "nobody watches any more");
        assert_eq!(store.summary(&bob(), stream.id).await.unwrap(), None);
    }

    async fn sums_of_money_do_not_overflow(house: House) {
        let store = house.start().await;
        let stream = livestream();
        store.put_livestream(&stream).await.unwrap();
        for n in 0..3 {
            let mut event = donation(&n.to_string(), 1);
            event.report.money.as_mut().unwrap().micros = i64::MAX;
            append_at(&store, minute(0), Some(stream.id), event).await;
        }
        let statistics = store.statistics(&ada(), stream.id).await.unwrap();
        assert_eq!(statistics.donated[&"EUR".parse().unwrap()], i64::MAX);
        let (points, _) = store.counts_since(&ada(), minute(0)).await.unwrap();
        assert_eq!(points[0].donated[&"EUR".parse().unwrap()], i64::MAX);
    }
}
