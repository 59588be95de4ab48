//! What Kick delivers is stored before it is acknowledged, once, whatever becomes of the deliveries.

use std::time::Duration;

use stagedoor_fakes::kick::{Chaos, FakeKick, Mischief, Viewer};
use stagedoor_testkit::{ChannelClient, Harness, HarnessBuilder, wait_until};
use tokio::task::JoinSet;

use crate::{
    platforms::{ON_KICK, chat_is, connect, hurried, keys, kick, link},
    stage::donation,
    store_trouble::lock,
};

/// Ada's dashboard is open, and Kick delivers.
async fn connected(fake: &FakeKick) -> (Harness, ChannelClient) {
    connected_to(Harness::builder(), fake).await
}

async fn connected_to(builder: HarnessBuilder, fake: &FakeKick) -> (Harness, ChannelClient) {
    let daemon = hurried(builder).kick(fake).start().await;
    fake.set_webhook(Some(daemon.kick_webhook()));
    connect(&daemon, "kick", &ON_KICK.to_string(), fake.grant(ON_KICK)).await;
    let tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "kick", "connected").await;
    (daemon, tab)
}

fn chat(fake: &FakeKick, messages: usize) -> Vec<Box<str>> {
    let grace = Viewer::new(77, "grace");
    (0..messages).map(|line| fake.chat(ON_KICK, &grace, &format!("line {line}"))).collect()
}

/// Waits until nothing is on its way any more.
async fn delivered(fake: &FakeKick) {
    wait_until("all is delivered", async || fake.pending(), |pending| *pending == 0).await;
}

#[tokio::test]
async fn what_is_delivered_twice_late_and_out_of_order_is_stored_once() {
    let fake = kick().await;
    let (daemon, _tab) = connected(&fake).await;
    for mischief in [
        Mischief::Duplicate,
        Mischief::Twin,
        Mischief::Reorder,
        Mischief::Delay(Duration::from_millis(100)),
    ] {
        fake.script(mischief, 3);
    }
    let mut said = chat(&fake, 12);
    let (duplicates, delays, delay) = (30, 30, Duration::from_millis(50));
    fake.set_chaos(Some(Chaos { seed: 4, duplicates, delays, delay }));
    said.extend(chat(&fake, 100));
    fake.set_chaos(None);
    fake.release();
    delivered(&fake).await;
    chat_is(&daemon, "kick", &said).await;
    let (acknowledged, refused, given_up) = fake.deliveries();
    assert!(acknowledged > said.len(), "there were duplicates");
    assert_eq!((refused, given_up), (0, 0));
}

#[tokio::test]
async fn a_delivery_with_a_changed_byte_is_refused_and_not_stored() {
    let fake = kick().await;
    let (daemon, _tab) = connected(&fake).await;
    let mut said = chat(&fake, 1);
    for forged in [Mischief::ChangedByte, Mischief::BadSignature, Mischief::WrongKey] {
        fake.script(forged, 1);
        said.extend(chat(&fake, 1));
    }
    delivered(&fake).await;
    assert_eq!(fake.deliveries(), (4, 3, 3), "what is forged is refused");
    chat_is(&daemon, "kick", &said).await;
    assert_eq!(keys(&daemon, "platforms=kick&kinds=chat.message").await.len(), 4);
}

#[tokio::test]
async fn what_happens_while_nobody_is_there_is_stored_and_starts_no_tree() {
    let fake = kick().await;
    let (daemon, tab) = connected(&fake).await;
    tab.close().await.unwrap();
    daemon.gone("users/ada").await;
    let said = chat(&fake, 20);
    fake.follow(ON_KICK, &Viewer::new(78, "heidi"));
    delivered(&fake).await;
    chat_is(&daemon, "kick", &said).await;
    assert_eq!(keys(&daemon, "kinds=follow").await.len(), 1);
    assert_eq!(daemon.find("users/ada"), None, "nobody needs a tree for it");
}

#[tokio::test]
async fn what_cannot_be_stored_now_is_not_acknowledged_and_comes_again() {
    const BUFFER: usize = 100;
    let fake = kick().await;
    let builder = Harness::builder().configure(|config| config.store.buffer_events = BUFFER);
    let (daemon, _tab) = connected_to(builder, &fake).await;
    let mut said = chat(&fake, 5);
    delivered(&fake).await;
    let refused_before = fake.deliveries().1;

    let locked = lock(daemon.dir()).await;
    let mut donated = JoinSet::new();
    for n in 0..BUFFER {
        let ada = daemon.user("ada");
        donated.spawn(async move { ada.post("/donations", &donation(&format!("tip-{n}"))).await });
    }
    let (store, full) = (&daemon.daemon().services().store, |waiting: &usize| *waiting == BUFFER);
    wait_until("there is no room", async || store.health().buffered, full).await;
    said.extend(chat(&fake, 5));
    let refused = async || fake.deliveries().1;
    wait_until("they are refused", refused, |refused| *refused >= refused_before + 5).await;
    locked.rollback().await.unwrap();
    assert!(donated.join_all().await.iter().all(|answer| answer.status == 201));
    delivered(&fake).await;
    chat_is(&daemon, "kick", &said).await;
    assert_eq!(fake.deliveries().2, 0, "nothing is given up");
}
