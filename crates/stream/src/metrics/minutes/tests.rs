use proptest::prelude::*;
use stagedoor_domain::{EventId, Money, UserId};
use uuid::Uuid;

use super::*;

const EPOCH: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(EPOCH + seconds).unwrap()
}

fn event(seconds: i64, kind: EventKind) -> StreamEvent {
    let received_at = at(seconds);
    let mut report = EventReport::new(Platform::Twitch, kind, received_at, "key");
    report.viewers = Some(10);
    report.money = Some(Money { micros: 5, currency: "EUR".parse().unwrap() });
    StreamEvent {
        id: EventId::from_uuid(Uuid::nil()),
        user: UserId::new("ada").unwrap(),
        livestream: None,
        received_at,
        report,
    }
}

fn viewers(seconds: i64, viewers: u32) -> StreamEvent {
    let mut event = event(seconds, EventKind::ViewersSample);
    event.report.viewers = Some(viewers);
    event
}

#[test]
fn events_are_counted_in_the_minute_in_which_they_were_received() {
    let mut minutes = Minutes::default();
    for counted in [
        event(0, EventKind::ChatMessage),
        event(59, EventKind::ChatMessage),
        event(60, EventKind::ChatMessage),
        event(61, EventKind::Follow),
        event(62, EventKind::SubscriptionNew),
        event(63, EventKind::Donation),
        event(64, EventKind::Donation),
    ] {
        assert_eq!(minutes.count(&counted), Count::Done);
    }
    assert_eq!(minutes.count(&event(65, EventKind::Raid)), Count::Nothing);
    assert_eq!(minutes.count(&event(65, EventKind::InputConnected)), Count::Nothing);
    let points = minutes.take_unsaved();
    assert_eq!(points.len(), 2);
    assert_eq!((points[0].at, points[0].chat_messages), (at(0), 2));
    let second = &points[1];
    assert_eq!((second.at, second.length_s, second.chat_messages), (at(60), 60, 1));
    assert_eq!((second.follows, second.subscriptions), (1, 1));
    assert_eq!(second.donated[&"EUR".parse().unwrap()], 10);
    assert_eq!(minutes.of_minute(at(119)), points[1..]);
}

#[test]
fn viewers_are_kept_as_least_most_sum_and_number_of_samples() {
    let mut minutes = Minutes::default();
    for sample in [viewers(0, 7), viewers(1, 3), viewers(2, 11)] {
        minutes.count(&sample);
    }
    let samples = minutes.take_unsaved()[0].viewers;
    assert_eq!(samples, Some(ViewerSamples { min: 3, max: 11, sum: 21, count: 3 }));
}

#[test]
fn platforms_and_livestreams_have_points_of_their_own() {
    let mut minutes = Minutes::default();
    let mut on_kick = event(0, EventKind::Follow);
    on_kick.report.platform = Platform::Kick;
    let mut live = event(0, EventKind::Follow);
    live.livestream = Some(LivestreamId::from_uuid(Uuid::from_u128(1)));
    for event in [event(0, EventKind::Follow), on_kick, live] {
        minutes.count(&event);
    }
    assert_eq!(minutes.take_unsaved().len(), 3);
}

#[test]
fn what_is_saved_goes_after_a_while_and_what_comes_for_it_then_is_late() {
    let mut minutes = Minutes::default();
    minutes.count(&event(0, EventKind::Follow));
    assert!(minutes.has_unsaved());
    minutes.forget_before(at(600));
    assert_eq!(minutes.count(&event(1, EventKind::Follow)), Count::Done, "unsaved ones stay");
    minutes.take_unsaved();
    minutes.forget_before(at(119));
    assert_eq!(minutes.count(&event(2, EventKind::Follow)), Count::Done, "it may still come");
    assert!(minutes.has_unsaved());
    minutes.take_unsaved();
    minutes.forget_before(at(180));
    assert!(minutes.points.is_empty());
    assert_eq!(minutes.count(&event(3, EventKind::Follow)), Count::Late(at(0)));
    assert_eq!(minutes.count(&event(60, EventKind::Follow)), Count::Done);
}

#[test]
fn what_was_counted_again_replaces_what_was_here() {
    let mut minutes = Minutes::default();
    for seconds in [0, 60, 120] {
        minutes.count(&event(seconds, EventKind::Follow));
    }
    minutes.take_unsaved();
    let again = SeriesPoint { follows: 7, ..empty(at(60), &event(60, EventKind::Follow)) };
    minutes.replace(at(60), vec![again.clone()]);
    assert_eq!(minutes.take_unsaved(), [again]);
    let follows =
        |minutes: &Minutes| -> u64 { minutes.points.values().map(|slot| slot.point.follows).sum() };
    assert_eq!(follows(&minutes), 1 + 7);
}

proptest! {
    /// The store counts from nothing; memory goes on from any moment of it. Whatever is saved when, the last that is
    /// saved of each minute is what the store would count.
    #[test]
    fn what_is_saved_is_what_the_events_give(
        events in prop::collection::vec((0..600_i64, 0..3_usize), 0..60),
        crashes in prop::collection::vec(0..60_usize, 0..4),
    ) {
        let kinds = [EventKind::Follow, EventKind::ChatMessage, EventKind::ViewersSample];
        let events: Vec<_> = events
            .into_iter()
            .map(|(seconds, kind)| event(seconds, kinds[kind].clone()))
            .collect();
        let from_nothing = |events: &[StreamEvent], since: Timestamp| {
            let mut minutes = Minutes::default();
            for event in events.iter().filter(|event| event.received_at >= since) {
                minutes.count(event);
            }
            minutes.take_unsaved()
        };
        let mut saved = std::collections::BTreeMap::new();
        let mut minutes = Minutes::default();
        for (stored, event) in (1..).zip(&events) {
            if crashes.contains(&stored) {
                minutes = Minutes::default();
                minutes.replace(at(0), from_nothing(&events[..stored], at(0)));
            } else if let Count::Late(since) = minutes.count(event) {
                minutes.replace(since, from_nothing(&events[..stored], since));
            }
            if stored % 3 == 0 {
                saved.extend(minutes.take_unsaved().into_iter().map(|point| (point.at, point)));
                minutes.forget_before(event.received_at);
            }
        }
        saved.extend(minutes.take_unsaved().into_iter().map(|point| (point.at, point)));
        let expected = from_nothing(&events, at(0));
        prop_assert_eq!(saved.into_values().collect::<Vec<_>>(), expected);
    }
}
