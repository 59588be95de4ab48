//! Streams, their events and alerts, and the quotas.

use stagedoor_domain::{EventId, EventKind, StreamStatus, UserId};
use stagedoor_inspect::{EventQuery, InspectError, MAX_KINDS, MAX_ROWS, StreamAction};

use super::house::House;

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn number(id: EventId) -> u64 {
    u64::try_from(id.as_uuid().as_u128() & 0xffff_ffff_ffff).unwrap()
}

fn id(number: u64) -> EventId {
    format!("019ac3f5-7010-7b2a-9c4d-{number:012x}").parse().unwrap()
}

#[tokio::test]
async fn who_is_held_is_told_with_the_reason() {
    let house = House::with(&["ada", "grace"]).await;
    let client = house.outside().await;
    let users = client.users().await.unwrap();
    assert_eq!(users[0].held.as_deref(), Some("live"));
    assert_eq!(users[1].held, None);
    let overview = client.overview().await.unwrap();
    assert_eq!(overview.managed_users.first[0].held.as_deref(), Some("live"));
}

#[tokio::test]
async fn a_stop_is_answered_with_where_the_stream_stands() {
    let house = House::with(&["ada"]).await;
    for client in [house.inside(), house.outside().await] {
        let acted = client.act_on_stream(&user("ada"), StreamAction::Stop).await.unwrap();
        assert_eq!((acted.action, acted.status), (StreamAction::Stop, StreamStatus::Ending));
    }
}

#[tokio::test]
async fn a_start_that_cannot_be_is_refused_with_the_reason() {
    let house = House::with(&["ada"]).await;
    let client = house.outside().await;
    let start = StreamAction::Start { destinations: vec!["twitch".parse().unwrap()] };
    let refused = client.act_on_stream(&user("ada"), start).await.unwrap_err();
    let (code, reason) = ("already_on_air".into(), "the stream is live already".into());
    assert_eq!(refused, InspectError::Refused { code, reason });
    let many = StreamAction::Start { destinations: vec!["twitch".parse().unwrap(); 101] };
    let many = client.act_on_stream(&user("ada"), many).await.unwrap_err();
    assert!(matches!(many, InspectError::BadRequest { .. }), "{many:?}");
}

#[tokio::test]
async fn whose_stream_nobody_knows_is_told_from_what_does_not_answer() {
    let house = House::open().await;
    let client = house.outside().await;
    let bob = client.stream(&user("bob")).await.unwrap_err();
    let (path, nearest) = ("users/bob".into(), "users".into());
    assert_eq!(bob, InspectError::NotFound { path, nearest });
    let lost = client.alerts(&user("lost")).await.unwrap_err();
    let (what, reason) = ("alerts".into(), "the store does not answer".into());
    assert_eq!(lost, InspectError::Unavailable { what, reason });
    assert!(lost.is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_answer_is_not_waited_for_for_ever() {
    let house = House::open().await;
    let client = house.inside_with(std::time::Duration::from_mins(1));
    let slow = client.stream(&user("slow")).await.unwrap_err();
    let (what, reason) = ("streams".into(), "no answer within 10s".into());
    assert_eq!(slow, InspectError::Unavailable { what, reason });
}

#[tokio::test]
async fn events_come_newest_first_in_pages_that_fit_into_a_frame() {
    let house = House::open().await;
    let client = house.outside().await;
    let first = client.event_page(EventQuery::newest(user("ada"))).await.unwrap();
    assert_eq!(first.rows.len(), MAX_ROWS);
    assert_eq!(number(first.rows[0].id), 1_200);
    assert_eq!(first.next.map(number), Some(701));
    // Among them one of 3 MB.
    let all = client.events(EventQuery::newest(user("ada")), 10_000).await.unwrap();
    let numbers: Vec<_> = all.iter().map(|event| number(event.id)).collect();
    assert_eq!(numbers, (1..=1_200).rev().collect::<Vec<_>>(), "whole, each once");
    let few = client.events(EventQuery::newest(user("ada")), 7).await.unwrap();
    assert_eq!(few, all[..7]);
}

#[tokio::test]
async fn reading_goes_on_from_an_event_the_oldest_first() {
    let house = House::open().await;
    let client = house.outside().await;
    let after = |seen| EventQuery { after: Some(id(seen)), ..EventQuery::newest(user("ada")) };
    let rest = client.events(after(20), 10_000).await.unwrap();
    let numbers: Vec<_> = rest.iter().map(|event| number(event.id)).collect();
    assert_eq!(numbers, (21..=1_200).collect::<Vec<_>>());
    let last = client.event_page(after(1_199)).await.unwrap();
    assert_eq!((last.rows.len(), last.next), (1, None));
    assert!(client.event_page(after(1_200)).await.unwrap().rows.is_empty());
    let both = EventQuery { before: Some(id(9)), ..after(1) };
    let both = client.event_page(both).await.unwrap_err();
    assert!(matches!(both, InspectError::BadRequest { .. }), "{both:?}");
}

#[tokio::test]
async fn events_of_some_kinds_only_are_given_and_no_endless_list_of_kinds_is_taken() {
    let house = House::open().await;
    let client = house.outside().await;
    let of = |kinds| EventQuery { kinds, ..EventQuery::newest(user("ada")) };
    let follows = client.events(of(vec![EventKind::Follow]), 10_000).await.unwrap();
    assert_eq!(follows.len(), 120);
    let many = client.event_page(of(vec![EventKind::Follow; MAX_KINDS + 1])).await.unwrap_err();
    assert_eq!(many, InspectError::BadRequest { reason: "more than 64 kinds".into() });
}

#[tokio::test]
async fn as_many_alerts_as_may_wait_fit_into_an_answer() {
    let house = House::open().await;
    let alerts = house.outside().await.alerts(&user("ada")).await.unwrap();
    assert_eq!((alerts.waiting.len(), alerts.recent.len()), (200, 20));
    let text = alerts.waiting[0].text.as_deref().unwrap();
    assert_eq!((text.chars().count(), text.ends_with('…')), (501, true), "a long text is cut");
    assert_eq!(alerts.showing.unwrap().alert.text.as_deref(), Some("hi"));
}
