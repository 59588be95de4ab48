//! A stream that is on air goes on, whoever dies: nothing is begun twice, nothing is left behind.

use std::time::Duration;

use serde_json::Value;
use stagedoor_fakes::cloudflare::{Call, Effect};
use stagedoor_testkit::wait_until;

use crate::{
    debug_client::answer,
    stage::{
        PLATFORMS, all, becomes, cloudflare, command, daemon_hearing, destinations, donate, live,
        live_on, lose_encoder, outputs, ready, start, stop, stream,
    },
    support::stagedoord,
};

/// Long enough to crash in it.
const SLOW: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_crash_between_create_and_record_leaks_no_output_and_makes_none_twice() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = ready(&daemon, &fake, "ada").await;
    fake.fail(Call::CreateOutput, Effect::Slow(SLOW), PLATFORMS.len());
    start(&daemon, "ada").await;
    let created = async || fake.outputs_created();
    wait_until("the outputs are made", created, |made| *made == PLATFORMS.len()).await;
    daemon.crash("users/ada/cloudflare").await;
    daemon.runs("users/ada/cloudflare", 1).await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
    assert_eq!(fake.outputs_created(), PLATFORMS.len());
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false), "all of them are known to be ours");
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_work_was_done_makes_nothing_twice() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    fake.fail(Call::CreateInput, Effect::CloseAfterWork, 1);
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = ready(&daemon, &fake, "ada").await;
    fake.fail(Call::CreateOutput, Effect::CloseAfterWork, 1);
    fake.fail(Call::CreateOutput, Effect::StatusAfterWork(502), 1);
    fake.fail(Call::CreateOutput, Effect::Garbage, 1);
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
    assert_eq!((fake.inputs_created(), fake.outputs_created()), (1, PLATFORMS.len()));
}

#[tokio::test]
async fn a_daemon_that_was_killed_while_live_is_live_again() {
    let fake = cloudflare().await;
    let daemon = stagedoord().cloudflare(&fake).start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    for id in ["one", "two", "three"] {
        assert_eq!(donate(&daemon, "ada", id).await.status, 201);
    }
    let counted = |stream: &Value| stream["statistics"]["donations"] == 3;
    let before = wait_until("counted", async || stream(&daemon, "ada").await, counted).await;

    let daemon = daemon.kill().await.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    // Nobody is there: what is on air brings its tree back.
    let after = live_on(&daemon, "ada", &PLATFORMS).await;
    for part in ["livestream", "started_at", "statistics"] {
        assert_eq!(after[part], before[part], "{part}");
    }
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
    let users = answer(&daemon, &["users"]).await;
    assert!(users.contains("ada") && users.contains("(held: live)"), "{users}");
    assert_eq!(donate(&daemon, "ada", "four").await.status, 201);
    let counted = |stream: &Value| stream["statistics"]["donations"] == 4;
    wait_until("counted on", async || stream(&daemon, "ada").await, counted).await;

    stop(&daemon, "ada").await;
    let gone = |tree: &Option<_>| Option::is_none(tree);
    wait_until("the tree is gone", async || daemon.child("users/ada").await, gone).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
    assert_eq!((fake.inputs_created(), fake.outputs_created()), (1, PLATFORMS.len()));
    let summary = before["livestream"].as_str().unwrap();
    let summary = daemon.user("ada").get(&format!("/livestreams/{summary}")).await;
    assert_eq!(summary.status, 200, "{summary:?}");
}

#[tokio::test]
async fn a_daemon_that_is_killed_in_the_midst_of_a_start_finishes_it() {
    let fake = cloudflare().await;
    let daemon = stagedoord().cloudflare(&fake).start().await;
    fake.set_webhook(Some(daemon.webhook()));
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = ready(&daemon, &fake, "ada").await;
    fake.fail(Call::CreateOutput, Effect::Slow(SLOW), PLATFORMS.len());
    start(&daemon, "ada").await;
    let created = async || fake.outputs_created();
    wait_until("an output is made", created, |made| *made > 0).await;
    let daemon = daemon.kill().await.start().await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
    assert_eq!(fake.outputs_created(), PLATFORMS.len());
}

#[tokio::test]
async fn a_daemon_that_is_killed_in_the_midst_of_a_stop_finishes_it() {
    let fake = cloudflare().await;
    let daemon = stagedoord().cloudflare(&fake).start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    fake.set_outage(Some(Effect::status(500)));
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ending").await;
    let daemon = daemon.kill().await.start().await;
    becomes(&daemon, "ada", "ending").await;
    fake.set_outage(None);
    let stopped = async || outputs(&fake, "ada");
    wait_until("all is stopped", stopped, |now| *now == all(&PLATFORMS, false)).await;
    let ended = |stream: &Value| stream["status"] == "offline";
    wait_until("it has ended", async || stream(&daemon, "ada").await, ended).await;
}

#[tokio::test]
async fn a_state_that_crashes_while_the_encoder_is_lost_keeps_its_deadline() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    let lost = lose_encoder(&daemon, &fake, "ada").await;
    daemon.crash("users/ada/stream_state").await;
    daemon.runs("users/ada/stream_state", 1).await;
    let again = becomes(&daemon, "ada", "interrupted").await;
    assert_eq!(again["auto_stop_at"], lost["auto_stop_at"]);
    assert_eq!(again["livestream"], lost["livestream"]);
    let refused = command(&daemon, "ada", "start").await;
    assert_eq!((refused.status, refused.code()), (409, Some("already_on_air")));
}
