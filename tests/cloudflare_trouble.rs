//! Cloudflare is down, or there are more users than calls.

use std::time::Duration;

use stagedoor_cloudflare::Priority;
use stagedoor_domain::UserId;
use stagedoor_fakes::cloudflare::{Call, Effect, Encoder, FakeConfig};
use stagedoor_testkit::wait_until;
use tokio::time::Instant;

use crate::stage::{
    PLATFORMS, all, becomes, cloudflare, cloudflare_with, command, daemon_at, daemon_hearing,
    destinations, live, live_input, live_on, outputs, ready, start, stop,
};

#[tokio::test]
async fn a_start_during_an_outage_succeeds_when_it_is_over() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = ready(&daemon, &fake, "ada").await;
    fake.set_outage(Some(Effect::CloseAfterWork));
    start(&daemon, "ada").await;
    let tries = async || fake.count(Call::CreateOutput) + fake.count(Call::ListOutputs);
    wait_until("it was tried again", tries, |tries| *tries > PLATFORMS.len() + 1).await;
    becomes(&daemon, "ada", "starting").await;
    fake.set_outage(None);
    live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
    assert_eq!(fake.outputs_created(), PLATFORMS.len());
}

#[tokio::test]
async fn a_start_during_an_outage_that_lasts_fails_and_nothing_stays_behind() {
    let fake = cloudflare().await;
    let daemon = daemon_at(&fake).configure(|config| {
        config.stream.start_deadline = Duration::from_secs(1);
    });
    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = ready(&daemon, &fake, "ada").await;
    // The worst of all outages: what is asked for is done, and nobody says so.
    fake.set_outage(Some(Effect::CloseAfterWork));
    start(&daemon, "ada").await;
    let failing = becomes(&daemon, "ada", "ending").await;
    assert!(failing["failure"].is_string(), "{failing}");
    assert_eq!(outputs(&fake, "ada").len(), PLATFORMS.len(), "nobody knows of them yet");
    fake.set_outage(None);
    becomes(&daemon, "ada", "failed").await;
    let left = async || outputs(&fake, "ada");
    wait_until("they are found and deleted", left, Vec::is_empty).await;
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true));
}

#[tokio::test]
async fn a_stop_during_an_outage_ends_when_it_is_over() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    let tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    fake.set_outage(Some(Effect::status(503)));
    stop(&daemon, "ada").await;
    let tries = async || fake.count(Call::UpdateOutput);
    wait_until("it was tried again", tries, |tries| *tries > PLATFORMS.len()).await;
    becomes(&daemon, "ada", "ending").await;
    // Whoever leaves now leaves a tree that is held until all is stopped.
    tab.close().await.unwrap();
    let refused = command(&daemon, "ada", "start").await;
    assert_eq!((refused.status, refused.code()), (409, Some("already_on_air")));
    fake.set_outage(None);
    daemon.gone("users/ada").await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
}

#[tokio::test]
async fn who_comes_during_an_outage_gets_a_live_input_when_it_is_over() {
    let fake = cloudflare().await;
    fake.set_outage(Some(Effect::CloseAfterWork));
    let daemon = daemon_hearing(&fake).await;
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = daemon.open_dashboard("ada", "stream").await;
    let tries = async || fake.calls();
    wait_until("it was tried again", tries, |tries| *tries >= 2).await;
    let none = daemon.user("ada").get("/live_input").await;
    assert_eq!(none.status, 404, "{none:?}");
    fake.set_outage(None);
    let _tab = ready(&daemon, &fake, "ada").await;
    assert_eq!(fake.inputs_created(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_users_keep_the_limit_and_a_start_among_them_waits_for_nobody() {
    // A quarter of what Cloudflare allows, so that it does not take long until there is too little.
    const LIMIT: u32 = 300;
    let fake = cloudflare_with(FakeConfig { limit: LIMIT, ..FakeConfig::default() }).await;
    let daemon = daemon_at(&fake).configure(|config| {
        config.cloudflare.call_limit = LIMIT as usize;
        config.stream.poll_interval = Duration::from_millis(100);
    });
    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    destinations(&daemon, "ada", &PLATFORMS).await;
    let _tab = daemon.open_dashboard("ada", "stream").await;
    let input = live_input(&daemon, &fake, "ada").await;

    let tracker = daemon.daemon().tracker();
    let guests: Vec<_> = (0..1_000)
        .map(|n| {
            let user = UserId::new(format!("guest-{n}")).unwrap();
            tracker.track(&user, "laptop".parse().unwrap(), "home".parse().unwrap()).unwrap()
        })
        .collect();
    let services = daemon.daemon().services();
    let budget = async || services.cloudflare.as_ref().unwrap().budget().snapshot();
    let scarce = |budget: &stagedoor_cloudflare::BudgetSnapshot| {
        // All trees have started: who has no live input yet waits for one.
        let waiting = |priority| budget.waiting[priority];
        budget.used >= LIMIT as usize / 2
            && waiting(Priority::Confirm) > 800
            && waiting(Priority::Poll) > 0
    };
    wait_until("calls are scarce", budget, scarce).await;

    assert!(fake.encoder(&input, Encoder::Connected));
    becomes(&daemon, "ada", "ready").await;
    let begun = Instant::now();
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    // The others wait for the window's end, in five minutes.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));

    assert!(fake.most_calls_in_a_window() <= LIMIT as usize, "{}", fake.most_calls_in_a_window());
    assert_eq!(fake.refused(), 0);
    drop(guests);
}
