//! A stream that is on air holds its user's tree; `presence.keep_while_live = false` lets it go.

use crate::{
    debug_client::answer,
    stage::{
        PLATFORMS, all, becomes, cloudflare, daemon_at, daemon_hearing, live, live_on, outputs,
        stop, stream,
    },
    support::{stagedoord, what_happened},
};

#[tokio::test]
async fn who_leaves_while_live_leaves_the_tree_and_the_stream_behind() {
    let fake = cloudflare().await;
    let daemon = stagedoord().config("presence.cleanup_timeout = '100ms'").cloudflare(&fake);
    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let ada = live(&daemon, &fake, "ada", &PLATFORMS).await;
    ada.close().await.unwrap();
    daemon.said("User ada kept: live").await;
    let users = answer(&daemon, &["users"]).await;
    assert!(users.contains("ada") && users.contains("held: live"), "{users}");

    stop(&daemon, "ada").await;
    daemon.said("User ada cleanup scheduled in 100ms").await;
    let gone = |tree: &Option<_>| Option::is_none(tree);
    let tree = async || daemon.child("users/ada").await;
    stagedoor_testkit::wait_until("the tree is gone", tree, gone).await;
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, false));
}

#[tokio::test]
async fn who_comes_back_while_live_finds_the_same_tree() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    let ada = live(&daemon, &fake, "ada", &PLATFORMS).await;
    let watch = daemon.watch().await;
    ada.close().await.unwrap();
    let ada = daemon.open_dashboard("ada", "home").await;
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    let story = what_happened(&daemon, watch).await;
    assert!(story.is_empty(), "no tree ended, none began: {story:?}");
    ada.close().await.unwrap();
    daemon.gone("users/ada").await;
}

#[tokio::test]
async fn where_streams_hold_nothing_the_tree_goes_and_comes_back_live() {
    let fake = cloudflare().await;
    let daemon = daemon_at(&fake).configure(|config| config.presence.keep_while_live = false);
    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let ada = live(&daemon, &fake, "ada", &PLATFORMS).await;
    ada.close().await.unwrap();
    daemon.gone("users/ada").await;
    let alone = stream(&daemon, "ada").await;
    assert_eq!((&alone["running"], &alone["status"]), (&false.into(), &"live".into()));
    assert_eq!(outputs(&fake, "ada"), all(&PLATFORMS, true), "the stream itself goes on");
    let _ada = daemon.open_dashboard("ada", "home").await;
    let again = live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(again["livestream"], alone["livestream"]);
    assert_eq!(fake.outputs_created(), PLATFORMS.len());
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
}
