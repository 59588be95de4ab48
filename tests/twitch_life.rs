//! Twitch's sockets move, fall silent and lose their authorisation.

use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_domain::Platform;
use stagedoor_fakes::twitch::{Call, Delivery, FakeConfig, FakeTwitch};
use stagedoor_testkit::{ChannelClient, Frame, Harness, wait_until};

use crate::platforms::{
    ON_TWITCH, chat_is, connect, events, hurried, link, links, twitch, twitch_with,
};

/// Ada's dashboard is open, and Twitch is connected.
async fn connected(fake: &FakeTwitch) -> (Harness, ChannelClient) {
    let daemon = hurried(Harness::builder()).twitch(fake).start().await;
    connect(&daemon, "twitch", ON_TWITCH, fake.grant(ON_TWITCH)).await;
    let tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "twitch", "connected").await;
    (daemon, tab)
}

fn chat(fake: &FakeTwitch, said: &mut Vec<Box<str>>) {
    let text = format!("line {}", said.len());
    said.push(fake.chat(ON_TWITCH, "grace", &text).0);
}

#[tokio::test]
async fn a_session_that_is_told_to_move_loses_nothing_and_subscribes_to_nothing_again() {
    const MOVES: usize = 5;
    let fake = twitch().await;
    let (daemon, _tab) = connected(&fake).await;
    let subscribed = fake.count(Call::Subscribe);
    let mut said = Vec::new();
    for moves in 1..=MOVES {
        (0..40).for_each(|_| chat(&fake, &mut said));
        assert_eq!(fake.reconnect(Some(ON_TWITCH)), 1);
        // The chat does not wait for it.
        let moving = async || {
            chat(&fake, &mut said);
            (fake.sockets_opened(), fake.sockets(Some(ON_TWITCH)))
        };
        wait_until("it has moved", moving, |sockets| *sockets == (moves + 1, 1)).await;
    }
    (0..40).for_each(|_| chat(&fake, &mut said));
    chat_is(&daemon, "twitch", &said).await;
    assert_eq!(fake.count(Call::Subscribe), subscribed, "subscriptions move with their session");
    assert_eq!(links(&daemon, "twitch").await, ["link.connected"], "nobody noticed");
    assert_eq!(fake.client_frames(), 0, "Twitch takes nothing by these sockets");
}

#[tokio::test]
async fn what_twitch_delivers_twice_and_out_of_order_is_stored_once() {
    let fake = twitch().await;
    let (daemon, _tab) = connected(&fake).await;
    fake.set_delivery(Delivery { duplicate_every: 2, reorder: true, ..Delivery::default() });
    let mut said = Vec::new();
    (0..100).for_each(|_| chat(&fake, &mut said));
    fake.set_delivery(Delivery::default());
    chat(&fake, &mut said);
    chat_is(&daemon, "twitch", &said).await;
}

#[tokio::test]
async fn a_socket_that_falls_silent_is_made_again_and_the_gap_is_marked() {
    let keepalive = Some(Duration::from_secs(1));
    let fake = twitch_with(FakeConfig { keepalive, ..FakeConfig::default() }).await;
    let (daemon, _tab) = connected(&fake).await;
    let mut before = Vec::new();
    (0..10).for_each(|_| chat(&fake, &mut before));
    chat_is(&daemon, "twitch", &before).await;

    assert_eq!(fake.freeze_sockets(Some(ON_TWITCH)), 1);
    let mut lost = Vec::new();
    (0..10).for_each(|_| chat(&fake, &mut lost));
    let opened = async || fake.sockets_opened();
    wait_until("another socket is opened", opened, |opened| *opened == 2).await;
    link(&daemon, "twitch", "connected").await;
    let mut after = Vec::new();
    (0..10).for_each(|_| chat(&fake, &mut after));
    chat_is(&daemon, "twitch", before.iter().chain(&after)).await;

    let kinds = "platforms=twitch&kinds=chat.message,link.connected,link.lost";
    let story = events(&daemon, kinds).await;
    let kinds: Vec<_> = story.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let messages = ["chat.message"; 10];
    let expected =
        [&["link.connected"], &messages[..], &["link.lost", "link.connected"], &messages];
    assert_eq!(kinds, expected.concat());
    assert_eq!(story[11]["reason"], "the keepalives have stopped");
}

#[tokio::test]
async fn who_followed_while_twitch_was_lost_is_listed_afterwards() {
    let fake = twitch().await;
    let (daemon, _tab) = connected(&fake).await;
    fake.follow(ON_TWITCH, "grace");
    let follows = async || events(&daemon, "kinds=follow").await;
    wait_until("one", follows, |follows| follows.len() == 1).await;
    fake.set_outage(Some(stagedoor_fakes::Effect::status(503)));
    assert_eq!(fake.drop_sockets(Some(ON_TWITCH)), 1);
    link(&daemon, "twitch", "backing_off").await;
    assert_eq!(fake.follow(ON_TWITCH, "heidi"), 0, "nobody is told");
    fake.set_outage(None);
    let follows = wait_until("both", follows, |follows| follows.len() == 2).await;
    assert_eq!(follows[1]["actor"]["name"], "heidi");
    assert_eq!(follows[1]["replayed"], true);
}

/// Ada's account, as the list of accounts has it.
async fn account(daemon: &Harness) -> Value {
    daemon.user("ada").get("/accounts").await.body["accounts"][0].clone()
}

#[tokio::test]
async fn who_takes_the_authorisation_back_is_asked_for_it_and_nothing_is_tried_until_then() {
    let fake = twitch().await;
    let (daemon, mut tab) = connected(&fake).await;
    fake.revoke_authorization(ON_TWITCH);
    let refused = |frame: &Frame| {
        frame.event == "link"
            && frame.payload["platform"] == "twitch"
            && frame.payload["state"] == "needs_reauth"
    };
    let told = tab.expect_that("the page is told", refused).await.unwrap();
    assert!(told.payload["reason"].is_string(), "{told:?}");
    let seen = account(&daemon).await;
    assert_eq!(seen["link"]["state"], "needs_reauth", "{seen}");
    let marked = async || account(&daemon).await;
    wait_until("the account is marked", marked, |it| it["needs_reauth"] == true).await;
    let story = async || links(&daemon, "twitch").await;
    let stored = |story: &Vec<String>| story.last().is_some_and(|it| it == "link.needs_reauth");
    wait_until("it is stored", story, stored).await;

    // Neither by itself nor by command.
    let calls = || {
        let oauth = fake.oauth().counts();
        (fake.count(Call::Subscribe), fake.count(Call::SendChat), oauth)
    };
    let before = calls();
    for _ in 0..5 {
        let sent = daemon.user("ada").post("/chat", &json!({ "text": "Is anybody there?" })).await;
        let outcome = &sent.body["platforms"]["twitch"];
        assert_eq!(outcome["error"]["code"], "needs_reauth", "{sent:?}");
        let reconnect = daemon.user("ada").post("/platforms/twitch/reconnect", &json!({})).await;
        assert!(reconnect.status < 500, "{reconnect:?}");
    }
    assert_eq!(fake.sockets_opened(), 1, "no connection is made");
    daemon.crash("users/ada/platforms/twitch").await;
    daemon.runs("users/ada/platforms/twitch", 1).await;
    link(&daemon, "twitch", "needs_reauth").await;
    assert_eq!(calls(), before, "nothing is asked of Twitch");

    let page = daemon.connect_by_page("ada", &Platform::Twitch).await;
    assert_eq!(page.status, 200, "{page:?}");
    link(&daemon, "twitch", "connected").await;
    let mut said = Vec::new();
    chat(&fake, &mut said);
    chat_is(&daemon, "twitch", &said).await;
    assert_eq!(account(&daemon).await["needs_reauth"], false);
}
