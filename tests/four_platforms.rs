//! One start and one stop for all platforms, each of which answers for itself.

use std::time::Duration;

use serde_json::Value;
use stagedoor_fakes::{Effect, cloudflare::FakeCloudflare, facebook, facebook::Stage, youtube};
use stagedoor_testkit::{ChannelClient, Reach, wait_until};
use tokio::time::Instant;

use crate::{
    platforms::{FOUR, ON_FACEBOOK, ON_KICK, ON_TWITCH, ON_YOUTUBE, Platforms, link},
    stage::{becomes, destination, live_on, ready, start, stop, stream},
};

/// Where Ada's live input is sent to, by the keys: those of outputs that send.
fn keys_sent_to(fake: &FakeCloudflare) -> Vec<Box<str>> {
    let outputs = fake.input_of("ada").map(|input| input.outputs).unwrap_or_default();
    let mut keys: Vec<_> = outputs
        .into_iter()
        .filter(|output| output.enabled)
        .map(|output| output.stream_key)
        .collect();
    keys.sort();
    keys
}

impl Platforms {
    /// What each of them wants to be sent to by.
    fn ingest_keys(&self) -> Vec<Box<str>> {
        let broadcast = self.youtube.broadcast_of(ON_YOUTUBE).expect("there is a broadcast");
        let mut keys = vec![
            self.youtube.stream_key(&broadcast.id).expect("it is bound to a stream").into(),
            self.twitch.stream_key(ON_TWITCH).into(),
            self.kick.channel(ON_KICK).expect("there is a channel").stream_key,
            self.facebook.broadcast_of(ON_FACEBOOK).expect("there is a live video").stream_key,
        ];
        keys.sort();
        keys
    }

    /// How many broadcasts were made, and how many of them are not over.
    pub(crate) fn broadcasts(&self) -> [(usize, usize); 2] {
        let videos = self.facebook.broadcasts();
        let videos = videos.iter().filter(|video| video.stage != Stage::Ended);
        let of_youtube = self.youtube.broadcasts();
        let open = of_youtube.iter().filter(|broadcast| broadcast.status != "complete");
        [
            (self.facebook.broadcasts_created(), videos.count()),
            (self.youtube.broadcasts_made(), open.count()),
        ]
    }
}

/// Ada has opened the dashboard and connected her encoder.
async fn ready_at(platforms: &Platforms, daemon: &Reach) -> ChannelClient {
    let tab = ready(daemon, &platforms.cloudflare, "ada").await;
    link(daemon, "twitch", "connected").await;
    link(daemon, "kick", "connected").await;
    tab
}

/// Waits until one destination stands so.
async fn destination_is(daemon: &Reach, id: &str, status: &str) -> Value {
    let what = format!("{id} is {status}");
    let seen = async || destination(&stream(daemon, "ada").await, id).clone();
    wait_until(&what, seen, |it| it["status"] == status).await
}

#[tokio::test]
async fn one_start_is_live_on_all_four_and_one_stop_ends_all_of_them() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    assert_eq!(keys_sent_to(&platforms.cloudflare), platforms.ingest_keys());
    assert_eq!(platforms.broadcasts(), [(1, 1), (1, 1)]);

    let begun = Instant::now();
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(keys_sent_to(&platforms.cloudflare), []);
    let ended = async || platforms.broadcasts();
    wait_until("both are over", ended, |now| *now == [(1, 0), (1, 0)]).await;
    assert_eq!(platforms.youtube.recordings_lost(), 0);
    assert_eq!(platforms.facebook.recordings_deleted(), 0);
    // A channel is there without a broadcast, too.
    link(&daemon, "twitch", "connected").await;
    link(&daemon, "facebook", "standby").await;

    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &FOUR).await;
    assert_eq!(platforms.broadcasts(), [(2, 1), (2, 1)], "each livestream has its own");
    assert_eq!(keys_sent_to(&platforms.cloudflare), platforms.ingest_keys());
}

#[tokio::test]
async fn a_platform_that_refuses_says_why_and_the_others_are_live() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = ready_at(&platforms, &daemon).await;
    let refusal = Effect::refuse(400, "1363120", "the page is too young to go live");
    platforms.facebook.fail(facebook::Call::CreateLiveVideo, refusal, 1);
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &["kick", "twitch", "youtube"]).await;
    let failed = destination_is(&daemon, "facebook", "failed").await;
    let why = failed["reason"].as_str().unwrap_or_default();
    assert!(why.contains("too young"), "{failed}");
    assert_eq!(platforms.facebook.broadcasts_created(), 0);
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
}

#[tokio::test]
async fn a_platform_that_is_late_is_tried_alone_and_joins_the_others() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = ready_at(&platforms, &daemon).await;
    platforms.youtube.set_outage(Some(Effect::status(503)));
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &["facebook", "kick", "twitch"]).await;
    let others =
        async || (platforms.cloudflare.outputs_created(), platforms.facebook.broadcasts_created());
    let before = others().await;
    destination_is(&daemon, "youtube", "starting").await;
    platforms.youtube.set_outage(None);
    live_on(&daemon, "ada", &FOUR).await;
    assert_eq!(platforms.broadcasts(), [(1, 1), (1, 1)]);
    assert_eq!(others().await, (before.0 + 1, before.1), "nobody else was started again");
    assert_eq!(keys_sent_to(&platforms.cloudflare), platforms.ingest_keys());
}

#[tokio::test]
async fn a_stop_says_what_could_not_be_ended_and_ends_it_when_it_can() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    platforms.youtube.set_outage(Some(Effect::status(503)));
    stop(&daemon, "ada").await;
    let over = async || (keys_sent_to(&platforms.cloudflare), platforms.broadcasts());
    wait_until("the others end", over, |now| *now == (vec![], [(1, 0), (1, 1)])).await;
    let told = destination_is(&daemon, "youtube", "failed").await;
    let why = told["reason"].as_str().unwrap_or_default();
    assert!(why.starts_with("could not be ended"), "{told}");
    platforms.youtube.set_outage(None);
    becomes(&daemon, "ada", "ready").await;
    wait_until("all have ended", over, |now| *now == (vec![], [(1, 0), (1, 0)])).await;
}

#[tokio::test]
async fn a_stop_in_the_midst_of_a_start_leaves_no_broadcast_behind() {
    const SLOW: Duration = Duration::from_millis(300);
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = ready_at(&platforms, &daemon).await;
    platforms.youtube.fail(youtube::Call::InsertBroadcast, Effect::Slow(SLOW), 1);
    platforms.facebook.fail(facebook::Call::CreateLiveVideo, Effect::Slow(SLOW), 1);
    start(&daemon, "ada").await;
    let calls = async || {
        let inserted = platforms.youtube.count(youtube::Call::InsertBroadcast);
        (inserted, platforms.facebook.count(facebook::Call::CreateLiveVideo))
    };
    wait_until("they are being made", calls, |calls| *calls == (1, 1)).await;
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    let open = async || platforms.broadcasts().map(|(_, open)| open);
    wait_until("what was made is found and ended", open, |open| *open == [0, 0]).await;
    assert_eq!(keys_sent_to(&platforms.cloudflare), []);
}

#[tokio::test]
async fn a_daemon_that_is_killed_in_the_midst_of_a_start_makes_no_broadcast_twice() {
    const SLOW: Duration = Duration::from_millis(500);
    let platforms = Platforms::new().await;
    let daemon = platforms.process().start().await;
    platforms.tell(&daemon);
    platforms.connect(&daemon).await;
    let _tab = ready_at(&platforms, &daemon).await;
    platforms.youtube.fail(youtube::Call::InsertBroadcast, Effect::Slow(SLOW), 1);
    platforms.facebook.fail(facebook::Call::CreateLiveVideo, Effect::Slow(SLOW), 1);
    start(&daemon, "ada").await;
    // They are made, and nobody knows it yet but the platforms.
    let made = async || platforms.broadcasts().map(|(made, _)| made);
    wait_until("they are made", made, |made| *made == [1, 1]).await;
    let daemon = daemon.kill().await.start().await;
    platforms.tell(&daemon);
    // Nobody is there: what is on its way on air brings its tree back.
    live_on(&daemon, "ada", &FOUR).await;
    assert_eq!(platforms.broadcasts(), [(1, 1), (1, 1)], "none is made twice");
    assert_eq!(platforms.cloudflare.outputs_created(), FOUR.len());
    assert_eq!(keys_sent_to(&platforms.cloudflare), platforms.ingest_keys());
    for platform in FOUR {
        link(&daemon, platform, "connected").await;
    }
}
