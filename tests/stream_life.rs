//! A stream from the encoder's first picture to its end.

use std::time::Duration;

use serde_json::Value;
use stagedoor_fakes::cloudflare::{Call, Effect, Encoder};
use stagedoor_testkit::wait_until;
use tokio::time::Instant;

use crate::stage::{
    PLATFORMS, all, becomes, cloudflare, command, daemon_at, daemon_hearing, destination,
    destinations, live, live_input, live_on, lose_encoder, outputs, ready, start, stop, stream,
};

#[tokio::test]
async fn an_encoder_that_connects_makes_the_stream_ready_within_a_second() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    let mut tab = daemon.open_dashboard("ada", "stream").await;
    let input = live_input(&daemon, &fake, "ada").await;
    becomes(&daemon, "ada", "offline").await;
    let begun = Instant::now();
    assert!(fake.encoder(&input, Encoder::Connected));
    let told = |frame: &stagedoor_testkit::Frame| {
        frame.event == "stream_state" && frame.payload["status"] == "ready"
    };
    tab.expect_that("ready", told).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(stream(&daemon, "ada").await["encoder"]["connected"], true);
}

#[tokio::test]
async fn without_webhooks_it_is_ready_within_one_poll() {
    const POLL: Duration = Duration::from_millis(500);
    let fake = cloudflare().await;
    let daemon = daemon_at(&fake).configure(|config| config.stream.poll_interval = POLL);
    let daemon = daemon.start().await;
    let _tab = daemon.open_dashboard("ada", "stream").await;
    let input = live_input(&daemon, &fake, "ada").await;
    becomes(&daemon, "ada", "offline").await;
    let begun = Instant::now();
    assert!(fake.encoder(&input, Encoder::Connected));
    becomes(&daemon, "ada", "ready").await;
    // A quarter longer at most, so that not all users' polls come together; and the poll itself.
    assert!(begun.elapsed() < POLL * 5 / 4 + Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_starts_on_three_destinations_and_stops_on_all_of_them() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    destinations(&daemon, "ada", &PLATFORMS).await;
    let refused = command(&daemon, "ada", "start").await;
    assert_eq!((refused.status, refused.code()), (409, Some("tree_not_running")));
    let tab = daemon.open_dashboard("ada", "stream").await;
    live_input(&daemon, &fake, "ada").await;
    becomes(&daemon, "ada", "offline").await;
    let refused = command(&daemon, "ada", "start").await;
    assert_eq!((refused.status, refused.code()), (409, Some("encoder_not_connected")));
    let _tab = (tab, ready(&daemon, &fake, "ada").await);

    start(&daemon, "ada").await;
    let state = live_on(&daemon, "ada", &PLATFORMS).await;
    assert!(state["started_at"].is_string() && state["livestream"].is_string(), "{state}");
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
    let again = command(&daemon, "ada", "start").await;
    assert_eq!((again.status, again.code()), (409, Some("already_on_air")));

    stop(&daemon, "ada").await;
    let ended = becomes(&daemon, "ada", "ready").await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
    assert_eq!(ended["livestream"], state["livestream"]);
    let again = command(&daemon, "ada", "stop").await;
    assert_eq!((again.status, again.code()), (409, Some("not_on_air")));

    start(&daemon, "ada").await;
    let second = live_on(&daemon, "ada", &PLATFORMS).await;
    assert_ne!(second["livestream"], state["livestream"]);
    assert_eq!((fake.inputs_created(), fake.outputs_created()), (1, 3), "outputs are kept");
}

#[tokio::test]
async fn a_destination_that_cloudflare_refuses_fails_alone_and_says_why() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = ready(&daemon, &fake, "ada").await;
    let message = "this ingest server is not let in";
    let refusal = Effect::refuse(400, "10007", message);
    fake.fail(Call::CreateOutput, refusal, 1);
    start(&daemon, "ada").await;
    let settled = |stream: &Value| {
        let is = |status: &str| {
            PLATFORMS.iter().filter(|id| destination(stream, id)["status"] == status).count()
        };
        (is("live"), is("failed")) == (2, 1)
    };
    let state = wait_until("two live", async || stream(&daemon, "ada").await, settled).await;
    assert_eq!(state["status"], "live");
    let destinations = state["destinations"].as_array().unwrap();
    let failed = destinations.iter().find(|one| one["status"] == "failed").unwrap();
    assert!(failed["reason"].as_str().unwrap().contains(message), "{failed}");
    assert_eq!(outputs(&fake, "ada").len(), 2);
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    assert!(outputs(&fake, "ada").iter().all(|(_, enabled)| !enabled));
}

#[tokio::test]
async fn a_start_that_every_destination_refuses_fails_and_leaves_nothing_behind() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    destinations(&daemon, "ada", &PLATFORMS).await;
    let tab = ready(&daemon, &fake, "ada").await;
    fake.fail(Call::CreateOutput, Effect::status(400), PLATFORMS.len());
    start(&daemon, "ada").await;
    let state = becomes(&daemon, "ada", "failed").await;
    assert!(state["failure"].as_str().unwrap().contains("so it was told"), "{state}");
    assert_eq!(outputs(&fake, "ada"), []);
    assert_eq!(fake.outputs_created(), 0);
    // It can be tried again, and what failed does not hold the tree.
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    tab.close().await.unwrap();
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn an_encoder_that_is_lost_interrupts_and_one_that_comes_back_goes_on() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    let before = stream(&daemon, "ada").await;
    let input = live_input(&daemon, &fake, "ada").await;
    fake.encoder(&input, Encoder::Disconnected);
    let lost = becomes(&daemon, "ada", "interrupted").await;
    assert!(lost["auto_stop_at"].is_string(), "{lost}");
    fake.encoder(&input, Encoder::Connected);
    let back = live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(back["auto_stop_at"], Value::Null);
    assert_eq!(back["livestream"], before["livestream"]);
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
}

#[tokio::test]
async fn an_encoder_that_stays_away_ends_the_stream_at_the_deadline() {
    let fake = cloudflare().await;
    let auto_stop = Duration::from_secs(1);
    let daemon = daemon_at(&fake).configure(|config| config.stream.auto_stop = auto_stop);
    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    let lost = Instant::now();
    fake.encoder(&live_input(&daemon, &fake, "ada").await, Encoder::Disconnected);
    becomes(&daemon, "ada", "interrupted").await;
    let ended = becomes(&daemon, "ada", "offline").await;
    assert!(lost.elapsed() >= auto_stop, "{:?}", lost.elapsed());
    assert!(ended["ended_at"].is_string(), "{ended}");
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
}

#[tokio::test]
async fn a_deadline_outlives_the_daemon() {
    let fake = cloudflare().await;
    let auto_stop = Duration::from_secs(3);
    let daemon = daemon_at(&fake).configure(|config| config.stream.auto_stop = auto_stop);
    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    let lost = lose_encoder(&daemon, &fake, "ada").await;
    drop(tab);
    let daemon = daemon.restart().await;
    // Nobody is there: the stream holds the tree until it has ended.
    daemon.runs("users/ada", 0).await;
    let again = becomes(&daemon, "ada", "interrupted").await;
    assert_eq!(again["auto_stop_at"], lost["auto_stop_at"], "the same deadline");
    daemon.gone("users/ada").await;
    assert_eq!(stream(&daemon, "ada").await["status"], "offline");
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
}
