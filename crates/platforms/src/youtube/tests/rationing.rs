use stagedoor_fakes::youtube::Call;

use super::*;

/// Noon in Los Angeles, on a day of 24 hours.
fn noon() -> Timestamp {
    Timestamp::constant(1_795_377_600, 0)
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_told_and_nothing_is_asked() {
    let world = World::new().await;
    let (view, broadcast) = world.on_air();
    world.fake.set_quota(7);
    world.fake.set_calls(None, Some(1));
    let mut reading = world.connect(&broadcast, None);
    reading.next().await.unwrap();
    world.fake.say(&view.chat, viewer(), text("one"));
    reading.until(|its| its.degraded().is_some()).await;
    assert_eq!(
        reading.degraded(),
        Some("YouTube's quota of the day is used up: the chat waits for more")
    );
    let calls = world.fake.count(Call::StreamList);
    let more = tokio::time::timeout(Duration::from_millis(300), reading.connection.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert_eq!(world.fake.count(Call::StreamList), calls, "it does not ask in vain");
    let report = &world.youtube.budgets()[0];
    assert_eq!((&*report.name, report.used), ("youtube quota", report.limit));
}

#[tokio::test]
async fn a_quota_that_runs_low_makes_the_chat_come_seldom_and_that_is_told() {
    let fake = FakeConfig { call_brings: Some(1), ..FakeConfig::default() };
    let mut world = World::with(fake, |_| {}).await;
    let ledger = QuotaLedger::with_clock(1_000, Arc::new(NoJournal), noon);
    let config = world.youtube.0.config.clone();
    world.youtube = YouTube::with_ledger(config, http_client().unwrap(), ledger.clone()).unwrap();
    let (view, broadcast) = world.on_air();
    let mut reading = world.connect(&broadcast, None);
    world.fake.say(&view.chat, viewer(), text("one"));
    reading.until(|its| its.texts().len() == 1).await;
    assert_eq!(reading.links, [Link::Connected]);
    // Three quarters of what chats may use are gone.
    for _ in 0..120 {
        ledger.spend(Priority::Chat, 5).await.unwrap();
    }
    reading.until(|its| its.degraded().is_some()).await;
    // Half a day, and 39 calls.
    let seconds = 12 * 60 * 60 / 39;
    let told = format!("YouTube's quota runs low: chat comes every {seconds} s");
    assert_eq!(reading.degraded(), Some(&*told));
    world.fake.say(&view.chat, viewer(), text("two"));
    let more = tokio::time::timeout(Duration::from_millis(100), reading.connection.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert_eq!(world.fake.count(Call::StreamList), 1);
}
