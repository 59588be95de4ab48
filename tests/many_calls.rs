//! Many calls at once, and platforms that want fewer of them.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use stagedoor_fakes::{Effect, OAuthCounts, kick, twitch};
use stagedoor_testkit::{Api, ChannelClient, Harness, wait_until};
use tokio::{sync::Barrier, task::JoinSet, time::Instant};

use crate::platforms::{
    ON_KICK, ON_TWITCH, chat_is, connect, hurried, kick as a_kick, link, twitch as a_twitch,
};

const COMMANDS: usize = 50;

/// Searches for a category, as often as there are commands, all at once. How many were answered well.
async fn search_at_once(ada: impl Fn() -> Api, platform: &str) -> usize {
    let ready = Arc::new(Barrier::new(COMMANDS));
    let mut searches = JoinSet::new();
    for _ in 0..COMMANDS {
        let (ada, ready) = (ada(), Arc::clone(&ready));
        let path = format!("/platforms/{platform}/categories?name=chat");
        searches.spawn(async move {
            ready.wait().await;
            ada.get(&path).await
        });
    }
    let answers = searches.join_all().await;
    answers.iter().filter(|answer| answer.status == 200).count()
}

async fn on_twitch(fake: &twitch::FakeTwitch) -> (Harness, ChannelClient) {
    let daemon = hurried(Harness::builder()).twitch(fake).start().await;
    connect(&daemon, "twitch", ON_TWITCH, fake.grant(ON_TWITCH)).await;
    let tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "twitch", "connected").await;
    (daemon, tab)
}

#[tokio::test]
async fn fifty_commands_that_find_twitchs_token_over_refresh_it_once() {
    let fake = a_twitch().await;
    let (daemon, _tab) = on_twitch(&fake).await;
    fake.oauth().expire(ON_TWITCH);
    assert_eq!(search_at_once(|| daemon.user("ada"), "twitch").await, COMMANDS);
    let OAuthCounts { refreshed, reused, refused, .. } = fake.oauth().counts();
    assert_eq!((refreshed, reused, refused), (1, 0, 0));
    assert_eq!(fake.sockets_opened(), 1, "the socket does not mind");
}

#[tokio::test]
async fn fifty_commands_that_find_kicks_token_over_refresh_it_once_though_it_rotates() {
    let fake = a_kick().await;
    let daemon = hurried(Harness::builder()).kick(&fake).start().await;
    connect(&daemon, "kick", &ON_KICK.to_string(), fake.grant(ON_KICK)).await;
    let _tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "kick", "connected").await;
    for times in 1..=2 {
        fake.oauth().expire(&ON_KICK.to_string());
        // A category is searched for in the app's name: what goes in the account's is said.
        let mut sent = JoinSet::new();
        for line in 0..COMMANDS {
            let ada = daemon.user("ada");
            sent.spawn(async move {
                ada.post("/chat", &json!({ "text": format!("line {line}") })).await
            });
        }
        let answers = sent.join_all().await;
        let taken = answers.iter().filter(|it| it.body["platforms"]["kick"]["ok"].is_object());
        assert_eq!(taken.count(), COMMANDS, "{answers:#?}");
        let OAuthCounts { refreshed, reused, refused, .. } = fake.oauth().counts();
        assert_eq!((refreshed, reused, refused), (times, 0, 0));
    }
    assert_eq!(fake.messages(ON_KICK).len(), 2 * COMMANDS);
}

#[tokio::test]
async fn who_is_told_to_come_later_comes_as_late_as_told_and_not_more_often() {
    const STORM: usize = 3;
    let wait = Duration::from_secs(1);
    let fake = a_twitch().await;
    let until = (Timestamp::now() + SignedDuration::from_secs(2)).as_second().to_string();
    let refusal = Effect::status(429).with_header("ratelimit-reset", until);
    fake.fail(twitch::Call::Subscribe, refusal.with_header("ratelimit-remaining", "0"), STORM);
    let begun = Instant::now();
    let (daemon, _tab) = on_twitch(&fake).await;
    assert!(begun.elapsed() >= wait, "{:?}; {:?}", begun.elapsed(), daemon.platforms("ada").await);
    let subscribed = fake.subscriptions(ON_TWITCH).len();
    let calls = fake.count(twitch::Call::Subscribe);
    assert!(calls <= subscribed + STORM * subscribed, "{calls} for {subscribed}");
    let said = fake.chat(ON_TWITCH, "grace", "It works again").0;
    chat_is(&daemon, "twitch", [said]).await;
}

#[tokio::test]
async fn a_command_that_is_one_too_many_says_when_to_come_again() {
    let fake = a_kick().await;
    let daemon = hurried(Harness::builder()).kick(&fake).start().await;
    connect(&daemon, "kick", &ON_KICK.to_string(), fake.grant(ON_KICK)).await;
    let _tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "kick", "connected").await;
    fake.fail(kick::Call::SendChat, Effect::too_many(Some(2)), 1);
    let begun = Instant::now();
    let say = async || {
        let sent = daemon.user("ada").post("/chat", &json!({ "text": "Hello" })).await;
        sent.body["platforms"]["kick"].clone()
    };
    let refused = say().await;
    assert_eq!(refused["error"]["code"], "rate_limited", "{refused}");
    assert!(refused["error"]["retry_after_s"].as_u64().unwrap() >= 1, "{refused}");
    let sent = wait_until("it goes", say, |sent| sent["ok"].is_object()).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "{sent} after {:?}", begun.elapsed());
    assert_eq!(fake.count(kick::Call::SendChat), 2, "nobody asks before it is time");
    assert_eq!(fake.messages(ON_KICK).len(), 1);
}
