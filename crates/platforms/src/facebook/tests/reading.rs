use stagedoor_fakes::{Effect, facebook::Call};

use super::*;
use crate::Link;

fn is_degraded(batch: &Batch) -> bool {
    matches!(batch.link, Some(Link::Degraded { .. }))
}

fn has(batch: &Batch, kind: &EventKind) -> bool {
    batch.reports.iter().any(|report| report.kind == *kind)
}

#[tokio::test]
async fn comments_come_with_the_first_answer_and_then_as_they_are_written() {
    let house = House::start().await;
    let broadcast = house.on_air();
    let old = Timestamp::now() - Duration::from_mins(1);
    house.fake.comment_at(&broadcast.id, BOB, "first", old).unwrap();
    let mut connection = house.connect(&broadcast, None);
    let batch = next(&mut connection).await.unwrap();
    assert_eq!(batch.link, Some(Link::Connected));
    assert!(batch.reports[0].replayed, "it is older than the connection");
    assert!(batch.cursor.is_some());
    house.fake.comment(&broadcast.id, BOB, "second").unwrap();
    let batch = read_until(&mut connection, |batch| has(batch, &EventKind::ChatMessage)).await;
    let report = batch.reports.iter().find(|report| report.message.is_some()).unwrap();
    assert!(!report.replayed);
    assert_eq!(report.actor.as_ref().unwrap().name.as_deref(), Some("Bob"));
}

#[tokio::test]
async fn who_goes_on_from_a_cursor_misses_nothing() {
    let house = House::start().await;
    let broadcast = house.on_air();
    house.fake.comment(&broadcast.id, BOB, "before").unwrap();
    let mut connection = house.connect(&broadcast, None);
    let cursor = read_until(&mut connection, |batch| batch.cursor.is_some()).await.cursor;
    drop(connection);
    let late = Timestamp::now() - Duration::from_mins(1);
    house.fake.comment_at(&broadcast.id, BOB, "meanwhile", Timestamp::now()).unwrap();
    house.fake.comment_at(&broadcast.id, BOB, "long before", late).unwrap();
    let mut connection = house.connect(&broadcast, cursor);
    let batch = read_until(&mut connection, |batch| has(batch, &EventKind::ChatMessage)).await;
    let mut texts: Vec<_> = batch
        .reports
        .into_iter()
        .inspect(|report| assert!(!report.replayed, "it was not read by anybody"))
        .filter_map(|report| report.message)
        .map(|message| message.text)
        .collect();
    texts.sort();
    assert_eq!(texts, ["before".into(), "long before".into(), "meanwhile".into()]);
}

#[tokio::test]
async fn late_comments_are_found_within_the_overlap_and_very_late_ones_by_a_sweep() {
    let house = House::start().await;
    let broadcast = house.on_air();
    let mut connection = house.connect(&broadcast, None);
    let ago = |seconds| Timestamp::now() - Duration::from_secs(seconds);
    for (text, written) in [("now", ago(0)), ("late", ago(4)), ("very late", ago(100))] {
        house.fake.comment_at(&broadcast.id, BOB, text, written).unwrap();
        assert_eq!(texts(&mut connection, 1).await, [text.into()]);
    }
}

#[tokio::test]
async fn pages_are_followed_to_their_end() {
    let house = House::start().await;
    house.fake.set_page_size(Some(3));
    let broadcast = house.on_air();
    let expected: Vec<Box<str>> = (0..20).map(|number| format!("{number}").into()).collect();
    for text in &expected {
        house.fake.comment(&broadcast.id, BOB, text).unwrap();
    }
    let mut connection = house.connect(&broadcast, None);
    assert_eq!(texts(&mut connection, 20).await, expected);
}

#[tokio::test]
async fn what_the_app_may_not_have_is_gone_without() {
    let house = House::start().await;
    house.fake.set_no_authors(true);
    house.fake.set_no_live_filter(true);
    house.fake.set_no_reactions(true);
    let broadcast = house.on_air();
    house.fake.comment(&broadcast.id, BOB, "by whom?").unwrap();
    let mut connection = house.connect(&broadcast, None);
    let batch = next(&mut connection).await.unwrap();
    assert!(is_degraded(&batch), "{batch:?}");
    assert_eq!(batch.reports[0].actor, None);
    read_until(&mut connection, |batch| has(batch, &EventKind::StreamOnline)).await;
}

#[tokio::test]
async fn going_on_air_reactions_and_the_end_are_told() {
    let house = House::start().await;
    let id = house.fake.create_by_hand(PAGE, "Bread");
    let broadcast = Broadcast { id, chat_id: None, stream_id: None, watch_url: None };
    let mut connection = house.connect(&broadcast, None);
    assert_eq!(next(&mut connection).await.unwrap().link, Some(Link::Connected));
    house.fake.stream_arrives(&broadcast.id);
    let online = read_until(&mut connection, |batch| has(batch, &EventKind::StreamOnline)).await;
    let facts = online.reports[0].stream.as_ref().unwrap();
    assert_eq!(facts.title.as_deref(), Some("Bread"));
    for count in 1..3 {
        house.fake.react(&broadcast.id, "love");
        let reaction = EventKind::from("reaction");
        let holds = |batch: &Batch| batch.reports.iter().any(|report| report.revision == count);
        let batch = read_until(&mut connection, holds).await;
        assert!(has(&batch, &reaction));
        assert_eq!(batch.reports[0].units.as_ref().unwrap().amount, u64::from(count));
    }
    house.fake.comment(&broadcast.id, BOB, "Bye!").unwrap();
    house.fake.end_by_hand(&broadcast.id);
    let mut kinds = Vec::new();
    let end = loop {
        match next(&mut connection).await {
            Ok(batch) => kinds.extend(batch.reports.into_iter().map(|report| report.kind)),
            Err(end) => break end,
        }
    };
    assert_eq!(end, Disconnect::Ended);
    kinds.retain(|kind| *kind != EventKind::from("reaction"));
    assert_eq!(kinds, [EventKind::ChatMessage, EventKind::StreamOffline]);
    assert_eq!(next(&mut connection).await, Err(Disconnect::Ended), "and stays so");
}

#[tokio::test]
async fn a_deleted_video_has_ended_and_one_that_never_was_is_not_reached() {
    let house = House::start().await;
    let broadcast = house.on_air();
    let mut connection = house.connect(&broadcast, None);
    next(&mut connection).await.unwrap();
    house.fake.delete_by_hand(&broadcast.id);
    read_until(&mut connection, |batch| has(batch, &EventKind::StreamOffline)).await;
    assert_eq!(next(&mut connection).await, Err(Disconnect::Ended));
    let mut connection = house.connect(&broadcast, None);
    let lost = next(&mut connection).await;
    assert!(matches!(lost, Err(Disconnect::Lost { .. })), "{lost:?}");
    let mut connection = house.facebook.connect(&house.account(), Resume::default());
    assert_eq!(next(&mut connection).await, Err(Disconnect::Ended), "there is no broadcast");
}

#[tokio::test]
async fn dead_tokens_and_lost_permissions_stop_the_asking() {
    let house = House::start().await;
    let broadcast = house.on_air();
    for code in ["190", "190/463", "190/467", "102", "10", "200"] {
        let mut connection = house.connect(&broadcast, None);
        next(&mut connection).await.unwrap();
        house.fake.fail(Call::GetComments, Effect::refuse(400, code, "no more"), 1);
        let end = loop {
            if let Err(end) = next(&mut connection).await {
                break end;
            }
        };
        assert!(matches!(end, Disconnect::NeedsReauth { .. }), "{code}: {end:?}");
    }
    house.fake.set_forbidden(PAGE, true);
    let end = next(&mut house.connect(&broadcast, None)).await;
    assert!(matches!(end, Err(Disconnect::NeedsReauth { .. })), "{end:?}");
}

#[tokio::test]
async fn one_failure_is_endured_and_two_are_not() {
    let house = House::start().await;
    let broadcast = house.on_air();
    for effect in [
        Effect::status(500),
        Effect::status(503),
        Effect::Close,
        Effect::Garbage,
        Effect::CutAfterWork,
    ] {
        let mut connection = house.connect(&broadcast, None);
        next(&mut connection).await.unwrap();
        house.fake.fail(Call::GetComments, effect.clone(), 1);
        house.fake.comment(&broadcast.id, BOB, "still there").unwrap();
        texts(&mut connection, 1).await;
        house.fake.set_outage(Some(effect.clone()));
        let lost = loop {
            if let Err(lost) = next(&mut connection).await {
                break lost;
            }
        };
        assert!(matches!(lost, Disconnect::Lost { .. }), "{effect:?}: {lost:?}");
        let mut connection = house.connect(&broadcast, None);
        let lost = next(&mut connection).await;
        assert!(matches!(lost, Err(Disconnect::Lost { .. })), "{effect:?}: {lost:?}");
        house.fake.set_outage(None);
    }
}

#[tokio::test]
async fn too_many_calls_degrade_the_link_and_the_rest_comes_later() {
    let house = House::start().await;
    let broadcast = house.on_air();
    for code in ["4", "17", "32", "613", "80001"] {
        let mut connection = house.connect(&broadcast, None);
        next(&mut connection).await.unwrap();
        let effect = Effect::refuse(400, code, "slowly").with_header("retry-after", "0");
        house.fake.fail(Call::GetComments, effect, 2);
        read_until(&mut connection, is_degraded).await;
        read_until(&mut connection, |batch| batch.link == Some(Link::Connected)).await;
        house.fake.comment(&broadcast.id, BOB, "there").unwrap();
        texts(&mut connection, 1).await;
    }
}

#[tokio::test]
async fn a_page_near_its_limit_is_asked_less_and_one_beyond_it_not_at_all() {
    let house = House::start().await;
    let broadcast = house.on_air();
    let mut connection = house.connect(&broadcast, None);
    next(&mut connection).await.unwrap();
    house.fake.set_page_usage(PAGE, Some((80, 0)));
    read_until(&mut connection, is_degraded).await;
    house.fake.set_page_usage(PAGE, Some((20, 0)));
    read_until(&mut connection, |batch| batch.link == Some(Link::Connected)).await;
    house.fake.set_page_usage(PAGE, Some((130, 19)));
    read_until(&mut connection, is_degraded).await;
    let calls = house.fake.count(Call::GetComments) + house.fake.count(Call::GetLiveVideo);
    let account = house.account();
    let place = Place { account: &account, broadcast: Some(&broadcast) };
    let metadata = Metadata { title: "another".into(), ..Metadata::default() };
    let error = house.facebook.update_metadata(place, &metadata).await.unwrap_err();
    let wait = error.retry_after().unwrap();
    assert!(wait > Duration::from_mins(18) && wait <= Duration::from_mins(19), "{wait:?}");
    assert_eq!(house.fake.count(Call::UpdateLiveVideo), 0, "it would be refused, and count");
    house.fake.set_page_usage(PAGE, None);
    house.facebook.end_broadcast(&account, &broadcast).await.unwrap();
    let after = house.fake.count(Call::GetComments) + house.fake.count(Call::GetLiveVideo);
    assert_eq!(after, calls + 1, "to end it is tried all the same");
}

#[tokio::test]
async fn a_call_for_more_that_is_dropped_loses_nothing() {
    let house = House::start().await;
    let broadcast = house.on_air();
    let mut connection = house.connect(&broadcast, None);
    let mut all = Vec::<Box<str>>::new();
    for number in 0..30 {
        house.fake.comment(&broadcast.id, BOB, &number.to_string()).unwrap();
        let impatient = Duration::from_micros(300 * number);
        if let Ok(batch) = tokio::time::timeout(impatient, connection.next()).await {
            let messages = batch.unwrap().reports.into_iter().filter_map(|report| report.message);
            all.extend(messages.map(|message| message.text));
        }
    }
    let rest = 30 - all.len();
    all.extend(texts(&mut connection, rest).await);
    let expected: Vec<Box<str>> = (0..30).map(|number| number.to_string().into()).collect();
    assert_eq!(all, expected);
}
