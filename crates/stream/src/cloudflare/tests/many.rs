//! Many users and one budget. The scenarios have a thousand of them.

use std::time::Duration;

use super::*;

const USERS: usize = 100;
/// Calls in a second.
const LIMIT: u32 = 80;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_users_share_the_budget_and_one_goes_on_air_past_their_polls() {
    let window = Duration::from_secs(1);
    let fake = FakeConfig { limit: LIMIT, window, ..FakeConfig::default() };
    let fake = FakeCloudflare::start(fake).await.unwrap();
    let budget = BudgetConfig { limit: LIMIT, window, burst: LIMIT, ..LIMITS };
    // All of them poll all the time: far more than the budget has.
    // Whoever the store turns away comes back at the usual pace: many who hurried would keep it busy for ever.
    let settings = StreamSettings {
        poll_interval: Duration::from_millis(100),
        cloudflare: CloudflarePace {
            retry_max: Duration::from_secs(5),
            ..CloudflarePace::default()
        },
        ..settings()
    };
    let client = client_with(&fake, budget, PATIENCE);
    let world = World::through(client, fake, settings).await;
    for user in 1..USERS {
        world.house.start(&format!("user{user}"), components()).await;
    }
    let deadline = tokio::time::Instant::now() + Duration::from_mins(2);
    while world.fake.inputs().len() < USERS && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.fake.inputs().len(), USERS, "{:?}", world.client.budget());
    let polls = || async { world.client.budget().snapshot().waiting[Priority::Poll] };
    until("polls queue up", polls, |waiting| *waiting > USERS as u64 / 2).await;
    world.live(&["kick", "twitch", "youtube"]).await;
    world.stop().await;
    world.becomes(StreamStatus::Ready).await;
    assert_eq!((world.fake.refused(), world.fake.inputs_created()), (0, USERS));
    assert!(world.fake.most_calls_in_a_window() <= LIMIT as usize);
}
