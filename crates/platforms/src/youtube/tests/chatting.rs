use stagedoor_domain::EventKind;
use stagedoor_fakes::{
    Effect,
    youtube::{Call, Said},
};

use super::*;

#[tokio::test]
async fn history_is_marked_and_what_comes_after_is_not() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    world.fake.say(&view.chat, viewer(), text("before"));
    let mut reading = world.connect(&broadcast, None);
    reading.until(|its| its.texts().len() == 1).await;
    world.fake.say(&view.chat, viewer(), text("after"));
    reading.until(|its| its.texts().len() == 2).await;
    assert_eq!(reading.texts(), ["before", "after"]);
    assert_eq!([reading.reports[0].replayed, reading.reports[1].replayed], [true, false]);
    assert_eq!(reading.links, [Link::Connected]);
    assert!(reading.reports[0].validate(Timestamp::now()).is_ok());
}

#[tokio::test]
async fn many_calls_that_end_in_good_order_bring_each_message_once_and_in_order() {
    let fake = FakeConfig { call_brings: Some(3), ..FakeConfig::default() };
    let world = World::with(fake, |_| {}).await;
    let (view, broadcast) = world.on_air();
    let mut reading = world.connect(&broadcast, None);
    let said: Vec<_> = (0..100).map(|number| format!("number {number}")).collect();
    for (at, line) in said.iter().enumerate() {
        world.fake.say(&view.chat, viewer(), text(line));
        if at % 7 == 0 {
            reading.until(|its| its.texts().len() > at).await;
        }
    }
    reading.until(|its| its.texts().len() >= 100).await;
    assert_eq!(reading.texts(), said);
    assert!(world.fake.count(Call::StreamList) > 33);
    assert_eq!(reading.links, [Link::Connected], "it is one connection to whoever looks");
    assert_eq!(world.fake.count(Call::ListMessages), 0);
}

#[tokio::test]
async fn another_connection_goes_on_where_the_last_batch_that_was_kept_ended() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    let mut first = world.connect(&broadcast, None);
    world.fake.say(&view.chat, viewer(), text("one"));
    first.until(|its| its.texts().len() == 1).await;
    let cursor = first.cursor.clone();
    drop(first);
    world.fake.say(&view.chat, viewer(), text("two"));
    let mut second = world.connect(&broadcast, cursor);
    second.until(|its| its.texts().len() == 1).await;
    assert_eq!(second.texts(), ["two"]);
    assert!(!second.reports[0].replayed, "it was missed, and is news");
}

#[tokio::test]
async fn who_gives_up_waiting_loses_nothing() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    let mut reading = world.connect(&broadcast, None);
    for number in 0..50 {
        world.fake.say(&view.chat, viewer(), text(&number.to_string()));
    }
    while reading.texts().len() < 50 {
        let next = tokio::time::timeout(Duration::from_micros(50), reading.connection.next());
        if let Ok(batch) = next.await {
            reading.reports.extend(batch.unwrap().reports);
        }
    }
    assert_eq!(world.fake.count(Call::StreamList), 1);
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_once_and_nobody_notices() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    world.fake.oauth().expire(ADA);
    let mut reading = world.connect(&broadcast, None);
    world.fake.say(&view.chat, viewer(), text("hello"));
    reading.until(|its| its.texts().len() == 1).await;
    assert_eq!(world.tokens.renewals.load(Ordering::Relaxed), 1);
    assert_eq!(reading.links, [Link::Connected]);
}

#[tokio::test]
async fn a_token_that_is_refused_when_it_is_fresh_ends_the_connection() {
    let world = World::new().await;
    let (_, broadcast) = world.on_air();
    world.fake.fail(Call::StreamList, Effect::status(401), 2);
    let over = world.connect(&broadcast, None).read_to_the_end().await;
    assert!(matches!(over, Disconnect::Lost { retry_after: Some(_), .. }), "{over:?}");
}

#[tokio::test]
async fn where_chats_are_not_streamed_they_are_polled_and_that_is_told() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    world.fake.fail(Call::StreamList, Effect::status(501), 1);
    let mut reading = world.connect(&broadcast, None);
    world.fake.say(&view.chat, viewer(), text("one"));
    reading.until(|its| its.texts().len() == 1).await;
    assert_eq!(reading.degraded(), Some("chat is polled: YouTube does not stream it"));
    world.fake.say(&view.chat, viewer(), text("two"));
    world.fake.say(&view.chat, viewer(), Said::Odd(99));
    reading.until(|its| its.reports.len() == 3).await;
    assert_eq!(reading.reports[2].kind.as_str(), "youtube.odd99Event");
    assert_eq!(world.fake.count(Call::StreamList), 1);
    assert!(world.fake.count(Call::ListMessages) >= 2);
}

#[tokio::test]
async fn streaming_is_tried_again_after_a_while_of_polling() {
    let world =
        World::with(FakeConfig::default(), |config| config.poll_for = Duration::from_millis(50))
            .await;
    let (view, broadcast) = world.on_air();
    world.fake.fail(Call::StreamList, Effect::status(501), 1);
    let mut reading = world.connect(&broadcast, None);
    world.fake.say(&view.chat, viewer(), text("one"));
    reading.until(|its| its.links.last() == Some(&Link::Connected)).await;
    world.fake.say(&view.chat, viewer(), text("two"));
    reading.until(|its| its.texts().len() == 2).await;
    assert_eq!(reading.texts(), ["one", "two"], "a place in the chat is the same for both");
}

#[tokio::test]
async fn a_server_that_is_ill_is_polled_and_when_that_fails_too_the_connection_is_lost() {
    let world = World::new().await;
    let (_, broadcast) = world.on_air();
    world.fake.set_outage(Some(Effect::status(503)));
    let over = world.connect(&broadcast, None).read_to_the_end().await;
    assert!(matches!(over, Disconnect::Lost { .. }), "{over:?}");
    assert_eq!(world.fake.count(Call::StreamList), 3);
    assert_eq!(world.fake.count(Call::ListMessages), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_costs_nothing() {
    let world = World::with(FakeConfig::default(), |config| {
        config.stream_url = "http://127.0.0.1:1".into();
    })
    .await;
    let (view, broadcast) = world.on_air();
    world.fake.say(&view.chat, viewer(), text("one"));
    let mut reading = world.connect(&broadcast, None);
    reading.until(|its| its.texts().len() == 1).await;
    assert!(reading.degraded().is_some());
    let used = world.youtube.budgets()[0].used;
    assert_eq!(used, 5 * world.fake.count(Call::ListMessages) as u64);
}

#[tokio::test]
async fn the_end_of_the_broadcast_ends_the_connection_for_good() {
    for by_chat in [true, false] {
        let world = World::new().await;
        let (view, broadcast) = world.on_air();
        let mut reading = world.connect(&broadcast, None);
        reading.next().await.unwrap();
        if by_chat {
            world.fake.say(&view.chat, viewer(), Said::Ended);
        } else {
            world.fake.complete(&view.id);
        }
        assert_eq!(reading.read_to_the_end().await, Disconnect::Ended);
        assert_eq!(reading.reports.last().unwrap().kind, EventKind::StreamOffline);
        let again = world.connect(&broadcast, reading.cursor.take()).read_to_the_end().await;
        assert_eq!(again, Disconnect::Ended);
    }
}

#[tokio::test]
async fn reasons_of_a_refusal_differ_in_what_they_lead_to() {
    let refuse = |code: &str| Effect::refuse(403, code, "no");
    for (effect, ended) in [
        (refuse("liveChatEnded"), true),
        (refuse("liveChatDisabled"), false),
        (refuse("insufficientPermissions"), false),
        (Effect::refuse(404, "liveChatNotFound", "no"), true),
    ] {
        let world = World::new().await;
        let (_, broadcast) = world.on_air();
        world.fake.fail(Call::StreamList, effect.clone(), 1);
        let over = world.connect(&broadcast, None).read_to_the_end().await;
        assert_eq!(over == Disconnect::Ended, ended, "{effect:?}: {over:?}");
        let waits = matches!(over, Disconnect::Lost { retry_after: Some(_), .. });
        assert_eq!(waits, !ended, "{effect:?}: {over:?}");
    }
}

#[tokio::test]
async fn too_many_calls_are_told_and_waited_out() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    world.fake.fail(Call::StreamList, Effect::refuse(403, "rateLimitExceeded", "slow down"), 2);
    let mut reading = world.connect(&broadcast, None);
    world.fake.say(&view.chat, viewer(), text("one"));
    reading.until(|its| its.texts().len() == 1).await;
    assert_eq!(reading.links.len(), 2, "{:?}", reading.links);
    assert_eq!(reading.links.last(), Some(&Link::Connected));
}

#[tokio::test]
async fn a_place_that_is_forgotten_there_is_given_up_and_what_is_left_comes_again() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    world.fake.say(&view.chat, viewer(), text("one"));
    let mut reading = world.connect(&broadcast, Some("nowhere~7".into()));
    reading.until(|its| its.texts().len() == 1).await;
    assert!(reading.reports[0].replayed);
}

#[tokio::test]
async fn five_hundred_chats_share_a_few_connections() {
    let world = World::new().await;
    let mut chats = Vec::new();
    for number in 0..500 {
        let (view, broadcast) = world.on_air();
        world.fake.say(&view.chat, viewer(), text(&number.to_string()));
        chats.push(world.connect(&broadcast, None));
    }
    let read = chats.iter_mut().map(|chat| chat.until(|its| its.texts().len() == 1));
    future::join_all(read).await;
    assert_eq!(world.fake.streams(), 500);
    drop(chats);
    let begun = tokio::time::Instant::now();
    while world.fake.streams() > 0 {
        assert!(begun.elapsed() < PATIENCE, "calls go on that nobody reads");
        tokio::task::yield_now().await;
    }
}
