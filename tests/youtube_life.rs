//! YouTube's chat comes in many calls, and the project's quota is what all of them are paid with.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use stagedoor_domain::Platform;
use stagedoor_fakes::{
    cloudflare::FakeCloudflare,
    youtube::{Author, Call, FakeYouTube, Said},
};
use stagedoor_inspect::PlatformView;
use stagedoor_testkit::{ChannelClient, Harness, wait_until};

use crate::{
    platforms::{ON_YOUTUBE, chat_is, connect, hurried, link, youtube},
    stage::{cloudflare, daemon_at, live_on, ready, start},
};

/// Of 10,000 units a day, so many are kept for what matters more than reading chats.
const KEPT: u64 = 2_000;
const QUOTA: u64 = 10_000;

async fn daemon(cloudflare: &FakeCloudflare, fake: &FakeYouTube) -> Harness {
    let daemon = hurried(daemon_at(cloudflare)).youtube(fake);
    let daemon = daemon.configure(|config| config.platforms.youtube.quota = QUOTA).start().await;
    cloudflare.set_webhook(Some(daemon.webhook()));
    connect(&daemon, "youtube", ON_YOUTUBE, fake.grant(ON_YOUTUBE)).await;
    daemon
}

/// Ada streams to YouTube. Her dashboard, and the chat's id.
async fn live(
    daemon: &Harness,
    cloudflare: &FakeCloudflare,
    fake: &FakeYouTube,
) -> (ChannelClient, String) {
    let tab = ready(daemon, cloudflare, "ada").await;
    start(daemon, "ada").await;
    live_on(daemon, "ada", &["youtube"]).await;
    let broadcast = fake.broadcast_of(ON_YOUTUBE).unwrap();
    assert!(fake.go_live(&broadcast.id), "it waits for its stream");
    (tab, broadcast.chat)
}

fn say(fake: &FakeYouTube, chat: &str, lines: usize) -> Vec<String> {
    let say = |line| fake.say(chat, Author::viewer("grace"), Said::Text(format!("line {line}")));
    (0..lines).map(say).collect()
}

/// The day of the quota, as it is written down.
fn today() -> String {
    let pacific = TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap();
    Timestamp::now().to_zoned(pacific).date().to_string()
}

/// So much of today's quota is spent.
async fn spend(daemon: &Harness, units: u64) {
    let store = &daemon.daemon().services().store;
    store.put_quota("youtube", &today(), units).await.unwrap();
}

async fn degraded(daemon: &Harness, because: &str) {
    let platforms = async || daemon.platforms("ada").await.platforms;
    let because = |platforms: &Vec<PlatformView>| {
        let link = platforms.first().map(|view| &view.link);
        link.is_some_and(|link| {
            link.as_str() == "degraded" && link.reason().is_some_and(|it| it.contains(because))
        })
    };
    wait_until("it is told that the quota is low", platforms, because).await;
}

#[tokio::test]
async fn a_chat_that_comes_in_pieces_and_twice_by_calls_that_break_is_stored_whole() {
    let (cloudflare, fake) = (cloudflare().await, youtube().await);
    let daemon = daemon(&cloudflare, &fake).await;
    let (_tab, chat) = live(&daemon, &cloudflare, &fake).await;
    link(&daemon, "youtube", "connected").await;
    fake.set_calls(Some(Duration::from_millis(300)), Some(15));
    fake.set_duplicates(2);
    let mut said = Vec::new();
    for trouble in 0..4 {
        let streams = async || fake.streams();
        wait_until("a call streams", streams, |streams| *streams == 1).await;
        said.extend(say(&fake, &chat, 12));
        match trouble {
            0 => fake.break_streams(),
            1 => fake.cut_connections(),
            2 => fake.oauth().expire(ON_YOUTUBE),
            _ => {}
        }
        said.extend(say(&fake, &chat, 3));
        chat_is(&daemon, "youtube", &said).await;
    }
    fake.set_calls(None, None);
    said.extend(say(&fake, &chat, 12));
    chat_is(&daemon, "youtube", &said).await;
    let calls = fake.count(Call::StreamList);
    assert!(calls >= 5, "it took {calls} calls");
    assert_eq!(fake.oauth().counts().refreshed, 1);
}

#[tokio::test]
async fn a_daemon_that_comes_back_reads_on_where_it_stopped() {
    let (cloudflare, fake) = (cloudflare().await, youtube().await);
    let daemon = daemon(&cloudflare, &fake).await;
    let (tab, chat) = live(&daemon, &cloudflare, &fake).await;
    link(&daemon, "youtube", "connected").await;
    let mut said = say(&fake, &chat, 20);
    chat_is(&daemon, "youtube", &said).await;
    drop(tab);
    let spent = fake.quota_used();
    // More than is told to who reads a chat for the first time.
    said.extend(say(&fake, &chat, 100));
    let daemon = daemon.restart().await;
    said.extend(say(&fake, &chat, 20));
    chat_is(&daemon, "youtube", &said).await;
    assert_eq!(fake.broadcasts_made(), 1, "it is the same broadcast");
    let store = &daemon.daemon().services().store;
    let written = store.quota("youtube", &today()).await.unwrap();
    assert!(written >= spent, "{written} is written down, {spent} were used");
}

#[tokio::test]
async fn a_quota_that_runs_low_is_told_and_what_comes_is_stored() {
    let (cloudflare, fake) = (cloudflare().await, youtube().await);
    let daemon = daemon(&cloudflare, &fake).await;
    spend(&daemon, QUOTA - KEPT - 100).await;
    let (_tab, chat) = live(&daemon, &cloudflare, &fake).await;
    link(&daemon, "youtube", "connected").await;
    let said = say(&fake, &chat, 20);
    chat_is(&daemon, "youtube", &said).await;
    // The next call has to wait for longer than anybody would not notice.
    fake.break_streams();
    degraded(&daemon, "runs low").await;
}

#[tokio::test]
async fn a_chat_waits_when_the_quota_is_used_up_and_a_moderator_does_not() {
    let (cloudflare, fake) = (cloudflare().await, youtube().await);
    let daemon = daemon(&cloudflare, &fake).await;
    spend(&daemon, QUOTA - KEPT).await;
    let (tab, chat) = live(&daemon, &cloudflare, &fake).await;
    degraded(&daemon, "used up").await;
    assert_eq!((fake.count(Call::StreamList), fake.count(Call::ListMessages)), (0, 0));
    let ban = json!({ "platform": "youtube", "viewer_id": "UCheidi" });
    let banned = daemon.user("ada").post("/moderation/ban", &ban).await;
    assert_eq!(banned.status, 200, "{banned:?}");
    assert_eq!(fake.bans()[0].viewer, "UCheidi");
    let sent = daemon.user("ada").post("/chat", &json!({ "text": "I can hear nothing" })).await;
    assert!(sent.body["platforms"]["youtube"]["ok"].is_object(), "{sent:?}");
    let said = fake.messages(&chat);
    let said = said.iter().filter(|message| matches!(message.said, Said::Text(_)));
    assert_eq!(said.count(), 1);

    drop(tab);
    let daemon = daemon.restart().await;
    degraded(&daemon, "used up").await;
    assert_eq!(fake.count(Call::StreamList), 0, "the ledger goes on where it was");
    let unbanned = daemon.user("ada").post("/moderation/unban", &ban).await;
    assert_eq!((unbanned.status, fake.bans().len()), (200, 0), "{unbanned:?}");
}

#[tokio::test]
async fn what_google_has_used_up_is_used_up_here() {
    let (cloudflare, fake) = (cloudflare().await, youtube().await);
    let daemon = daemon(&cloudflare, &fake).await;
    let (_tab, chat) = live(&daemon, &cloudflare, &fake).await;
    link(&daemon, "youtube", "connected").await;
    // Somebody else uses the same project.
    fake.set_quota(fake.quota_used());
    fake.break_streams();
    degraded(&daemon, "used up").await;
    let sent = daemon.user("ada").post("/chat", &json!({ "text": "Hello" })).await;
    let error = &sent.body["platforms"]["youtube"]["error"];
    assert_eq!(error["code"], "quota_exhausted", "{sent:?}");
    assert!(error["retry_after_s"].as_u64().unwrap() > 0, "{sent:?}");
    assert_eq!(fake.messages(&chat).len(), 0);
    let of_youtube = daemon.daemon().services().platforms.get(&Platform::YouTube).unwrap();
    let calls = fake.count(Call::InsertMessage);
    assert!(!of_youtube.budgets().is_empty());
    daemon.user("ada").post("/chat", &json!({ "text": "Hello" })).await;
    assert_eq!(fake.count(Call::InsertMessage), calls, "Google is not asked again");
}
