//! Facebook tells nothing of itself: what is under a live video is asked for again and again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::Platform;
use stagedoor_fakes::{
    Agreement,
    cloudflare::FakeCloudflare,
    facebook::{Call, FakeFacebook},
};
use stagedoor_testkit::{ChannelClient, Harness, wait_until};

use crate::{
    platforms::{ON_FACEBOOK, chat_is, connect, facebook, hurried, link, links},
    stage::{cloudflare, daemon_at, live_on, ready, start},
};

const GRACE: (&str, &str) = ("77", "Grace");

async fn daemon(cloudflare: &FakeCloudflare, fake: &FakeFacebook) -> Harness {
    let daemon = hurried(daemon_at(cloudflare)).facebook(fake).start().await;
    cloudflare.set_webhook(Some(daemon.webhook()));
    connect(&daemon, "facebook", ON_FACEBOOK, fake.grant(ON_FACEBOOK)).await;
    daemon
}

/// Ada streams to Facebook. Her dashboard, and the live video.
async fn live(
    daemon: &Harness,
    cloudflare: &FakeCloudflare,
    fake: &FakeFacebook,
) -> (ChannelClient, Box<str>) {
    let tab = ready(daemon, cloudflare, "ada").await;
    start(daemon, "ada").await;
    live_on(daemon, "ada", &["facebook"]).await;
    let video = fake.broadcast_of(ON_FACEBOOK).unwrap().id;
    assert!(fake.stream_arrives(&video));
    link(daemon, "facebook", "connected").await;
    (tab, video)
}

fn comment(fake: &FakeFacebook, video: &str, comments: usize, age_s: i64) -> Vec<Box<str>> {
    let written = Timestamp::now() - SignedDuration::from_secs(age_s);
    let comment = |line| fake.comment_at(video, GRACE, &format!("line {line}"), written).unwrap();
    (0..comments).map(comment).collect()
}

#[tokio::test]
async fn comments_that_turn_up_late_are_stored_over_a_restart_of_the_daemon() {
    let (cloudflare, fake) = (cloudflare().await, facebook().await);
    let daemon = daemon(&cloudflare, &fake).await;
    let (tab, video) = live(&daemon, &cloudflare, &fake).await;
    fake.set_duplicates(true);
    fake.set_reorders(true);
    fake.set_page_size(Some(7));
    let mut written = comment(&fake, &video, 20, 0);
    written.extend(comment(&fake, &video, 10, 1));
    chat_is(&daemon, "facebook", &written).await;
    written.extend(comment(&fake, &video, 10, 60));
    chat_is(&daemon, "facebook", &written).await;

    drop(tab);
    written.extend(comment(&fake, &video, 5, 0));
    let daemon = daemon.restart().await;
    written.extend(comment(&fake, &video, 5, 30));
    written.extend(comment(&fake, &video, 20, 0));
    chat_is(&daemon, "facebook", &written).await;
    assert_eq!(fake.broadcasts_created(), 1, "it is the same live video");
}

#[tokio::test]
async fn a_token_that_is_dead_ends_the_questions_until_the_account_is_connected_again() {
    let (cloudflare, fake) = (cloudflare().await, facebook().await);
    let daemon = daemon(&cloudflare, &fake).await;
    let (mut tab, video) = live(&daemon, &cloudflare, &fake).await;
    let mut written = comment(&fake, &video, 5, 0);
    chat_is(&daemon, "facebook", &written).await;

    fake.kill_tokens(ON_FACEBOOK);
    link(&daemon, "facebook", "needs_reauth").await;
    let story = async || links(&daemon, "facebook").await;
    let told = |story: &Vec<String>| story.last().is_some_and(|it| it == "link.needs_reauth");
    wait_until("it is stored", story, told).await;
    let accounts = async || daemon.user("ada").get("/accounts").await.body;
    let marked = |list: &serde_json::Value| list["accounts"][0]["needs_reauth"] == true;
    wait_until("the account is marked", accounts, marked).await;
    let asked = || (fake.count(Call::GetComments), fake.count(Call::GetLiveVideo));
    let before = asked();
    // For as long as it would have asked ten times.
    tab.drain(Duration::from_millis(500)).await.unwrap();
    assert_eq!(asked(), before, "nobody asks any more");
    written.extend(comment(&fake, &video, 5, 0));

    let owner = format!("5{ON_FACEBOOK}").into();
    fake.oauth().set_agreement(Agreement::As(owner));
    let page = daemon.connect_by_page("ada", &Platform::Facebook).await;
    assert_eq!(page.status, 200, "{page:?}");
    link(&daemon, "facebook", "connected").await;
    written.extend(comment(&fake, &video, 5, 0));
    chat_is(&daemon, "facebook", &written).await;
    live_on(&daemon, "ada", &["facebook"]).await;
}
