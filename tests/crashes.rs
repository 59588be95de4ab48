//! A crash of any part: what must survive it does, and the part comes back.

use serde_json::Value;
use stagedoor_gateway::Role;
use stagedoor_inspect::{Action, InspectClient, InspectError, TreeQuery};
use stagedoor_supervision::ChildStatus;
use stagedoor_testkit::{ChannelClient, Harness, PATIENCE, wait_until};

use crate::{
    stage::{
        PLATFORMS, alerts, all, becomes, cloudflare, daemon_hearing, donate, donations, live,
        live_on, outputs, stop, stream,
    },
    support::what_happened,
};

/// Ada and bob, each with a tab and a running tree.
async fn ada_and_bob() -> (Harness, [ChannelClient; 2]) {
    let daemon = Harness::builder().configure(|config| config.stream.console_logger = true);
    let daemon = daemon.start().await;
    let tabs =
        [daemon.open_dashboard("ada", "home").await, daemon.open_dashboard("bob", "home").await];
    daemon.runs("users/ada", 0).await;
    daemon.runs("users/bob", 0).await;
    (daemon, tabs)
}

/// The sockets are as good as before: nobody was disconnected, nothing was lost.
async fn still_connected(tabs: &mut [ChannelClient]) {
    for tab in tabs {
        tab.heartbeat().await.expect("the connection survives");
    }
}

/// Whoever leaves now takes their tree along: presence is followed as before.
async fn leaves_are_followed(daemon: &Harness, tabs: [ChannelClient; 2]) {
    let [ada, bob] = tabs;
    ada.close().await.unwrap();
    daemon.gone("users/ada").await;
    assert!(daemon.running("users/bob").is_some());
    bob.close().await.unwrap();
    daemon.gone("users/bob").await;
}

#[tokio::test]
async fn a_component_comes_back_alone() {
    let (daemon, mut tabs) = ada_and_bob().await;
    for component in ["stream_state", "console_logger"] {
        let path = format!("users/ada/{component}");
        let watch = daemon.watch().await;
        daemon.crash(&path).await;
        let info = daemon.runs(&path, 1).await;
        assert_eq!(info.last_exit.unwrap().class.as_str(), "killed");
        let story = [format!("{path} exited: killed"), format!("{path} restarted: 1")];
        assert_eq!(what_happened(&daemon, watch).await, story, "and nothing else happened");
        daemon.gone("users/witness").await;
    }
    still_connected(&mut tabs).await;
    leaves_are_followed(&daemon, tabs).await;
}

#[tokio::test]
async fn the_metrics_of_one_user_start_over_and_nobody_elses() {
    let daemon = Harness::start().await;
    let _tabs =
        [daemon.open_dashboard("ada", "home").await, daemon.open_dashboard("bob", "home").await];
    let donations = async |user: &str| {
        let path = format!("users/{user}/metrics");
        let snapshot = daemon.ask(async |client| client.snapshot(&path).await).await;
        snapshot.ok().and_then(|snapshot| snapshot.state["donations"]["total"].as_u64())
    };
    for user in ["ada", "bob"] {
        daemon.runs(&format!("users/{user}"), 0).await;
        let info = daemon.find(&format!("users/{user}/metrics")).unwrap();
        assert_eq!(info.status, ChildStatus::NotStarted, "nothing to count yet");
        donate(&daemon, user, "first").await;
        wait_until("it is counted", async || donations(user).await, |n| *n == Some(1)).await;
    }
    daemon.crash("users/ada/metrics").await;
    daemon.runs("users/ada/metrics", 1).await;
    assert_eq!((donations("ada").await, donations("bob").await), (Some(0), Some(1)));
    donate(&daemon, "ada", "second").await;
    wait_until("counted again", async || donations("ada").await, |n| *n == Some(1)).await;
}

#[tokio::test]
async fn each_part_of_a_stream_comes_back_alone_and_the_stream_goes_on() {
    let fake = cloudflare().await;
    let daemon = daemon_hearing(&fake).await;
    let watched = daemon.open_dashboard("bob", "home").await;
    for part in ["stream_state", "cloudflare", "events", "metrics", "alerts"] {
        // A user of its own for each: four crashes in five seconds are more than a tree puts up with.
        let user = format!("streams-{part}").replace('_', "-");
        let mut tab = live(&daemon, &fake, &user, &PLATFORMS).await;
        assert_eq!(donate(&daemon, &user, "before").await.status, 201);
        let path = format!("users/{user}/{part}");
        daemon.runs(&path, 0).await;
        let counted = |stream: &Value| stream["statistics"]["donations"] == 1;
        let before = wait_until("counted", async || stream(&daemon, &user).await, counted).await;
        let watch = daemon.watch().await;
        daemon.crash(&path).await;
        daemon.runs(&path, 1).await;
        let story = [format!("{path} exited: killed"), format!("{path} restarted: 1")];
        assert_eq!(what_happened(&daemon, watch).await, story, "and nothing else happened");
        daemon.gone("users/witness").await;

        tab.heartbeat().await.expect("the connection survives");
        let after = live_on(&daemon, &user, &PLATFORMS).await;
        for field in ["livestream", "started_at", "statistics"] {
            assert_eq!(after[field], before[field], "{part}: {field}");
        }
        assert_eq!(donate(&daemon, &user, "before").await.status, 200);
        assert_eq!(donate(&daemon, &user, "after").await.status, 201);
        assert_eq!(donations(&daemon, &user).await, ["donation:before", "donation:after"]);
        let raised = async || alerts(&daemon, &user).await.len();
        wait_until("an alert each", raised, |raised| *raised == 2).await;
        stop(&daemon, &user).await;
        becomes(&daemon, &user, "ready").await;
        assert_eq!(outputs(&fake, &user), all(&PLATFORMS, false));
    }
    assert_eq!(fake.outputs_created(), 5 * PLATFORMS.len());
    still_connected(&mut [watched]).await;
}

#[tokio::test]
async fn what_all_streams_need_comes_back_and_nobody_notices() {
    let (daemon, mut tabs) = ada_and_bob().await;
    assert_eq!(donate(&daemon, "ada", "before").await.status, 201);
    for part in ["services/store", "services/retention"] {
        let watch = daemon.watch().await;
        daemon.crash(part).await;
        daemon.runs(part, 1).await;
        let story = [format!("{part} exited: killed"), format!("{part} restarted: 1")];
        assert_eq!(what_happened(&daemon, watch).await, story, "and nothing else happened");
        daemon.gone("users/witness").await;
        assert_eq!(donate(&daemon, "ada", part).await.status, 201);
        assert_eq!(daemon.admin("/ready").await.status, 200);
    }
    let all = ["donation:before", "donation:services/store", "donation:services/retention"];
    assert_eq!(donations(&daemon, "ada").await, all);
    still_connected(&mut tabs).await;
    leaves_are_followed(&daemon, tabs).await;
}

#[tokio::test]
async fn a_users_tree_comes_back_and_no_other_user_notices() {
    let (daemon, mut tabs) = ada_and_bob().await;
    let watch = daemon.watch().await;
    daemon.crash("users/ada").await;
    daemon.runs("users/ada", 1).await;
    daemon.runs("users/ada/stream_state", 0).await;
    let story = what_happened(&daemon, watch).await;
    assert!(story.iter().all(|line| line.starts_with("users/ada")), "{story:#?}");
    assert_eq!(daemon.running("users"), Some(0));
    still_connected(&mut tabs).await;
    leaves_are_followed(&daemon, tabs).await;
}

#[tokio::test]
async fn when_the_supervisor_of_all_users_crashes_every_tree_is_started_anew() {
    let (daemon, mut tabs) = ada_and_bob().await;
    daemon.crash("users").await;
    daemon.runs("users", 1).await;
    // It is behind `users` in `rest_for_one`: restarted with them, it starts what is missing.
    daemon.runs("presence", 1).await;
    for user in ["ada", "bob"] {
        daemon.runs(&format!("users/{user}/stream_state"), 0).await;
        assert_eq!(daemon.running(&format!("users/{user}")), Some(0), "a fresh tree");
    }
    assert_eq!(daemon.running("edge/gateway"), Some(0));
    still_connected(&mut tabs).await;
    leaves_are_followed(&daemon, tabs).await;
}

#[tokio::test]
async fn presence_manager_comes_back_and_neither_trees_nor_sockets_notice() {
    let (daemon, mut tabs) = ada_and_bob().await;
    let watch = daemon.watch().await;
    daemon.crash("presence").await;
    daemon.runs("presence", 1).await;
    let story = what_happened(&daemon, watch).await;
    assert_eq!(story, ["presence exited: killed", "presence restarted: 1"]);
    still_connected(&mut tabs).await;
    leaves_are_followed(&daemon, tabs).await;
}

#[tokio::test]
async fn the_gateway_comes_back_and_the_sockets_never_close() {
    let (daemon, mut tabs) = ada_and_bob().await;
    assert_eq!(daemon.put_lease("cyd", "laptop", "home", "1h").await.status, 201);
    let watch = daemon.watch().await;
    daemon.crash("edge/gateway").await;
    daemon.runs("edge/gateway", 1).await;
    still_connected(&mut tabs).await;
    assert_eq!(daemon.put_lease("cyd", "laptop", "home", "1h").await.status, 200, "renewed");
    let story = what_happened(&daemon, watch).await;
    assert_eq!(story, ["edge/gateway exited: killed", "edge/gateway restarted: 1"]);
    assert_eq!(daemon.admin("/ready").await.status, 200);
    leaves_are_followed(&daemon, tabs).await;
}

#[tokio::test]
async fn the_inspector_comes_back_behind_a_connection_that_stays_open() {
    let (daemon, mut tabs) = ada_and_bob().await;
    let watch = daemon.watch().await;
    daemon
        .ask(async |client| {
            let crash = client.act(Action::Crash, "edge/inspector").await;
            // It dies while it answers that it has been killed.
            assert!(crash.as_ref().map_or_else(InspectError::is_transient, |_| true), "{crash:?}");
            daemon.runs("edge/inspector", 1).await;
            client.overview().await.expect("the same connection is answered");
        })
        .await;
    let story = what_happened(&daemon, watch).await;
    assert_eq!(story, ["edge/inspector exited: killed", "edge/inspector restarted: 1"]);
    still_connected(&mut tabs).await;
}

#[tokio::test]
async fn the_door_of_the_debug_client_opens_again() {
    let (daemon, mut tabs) = ada_and_bob().await;
    let watch = daemon.watch().await;
    let path = "edge/inspect_socket";
    let client = InspectClient::new(daemon.daemon().inspector().clone(), PATIENCE);
    client.act(Action::Crash, path).await.unwrap();
    daemon.runs(path, 1).await;
    let tree = daemon.ask(async |client| client.tree(TreeQuery::default(), 100).await).await;
    assert!(tree.unwrap().rows.iter().any(|row| row.path == path));
    let story = what_happened(&daemon, watch).await;
    assert_eq!(story, [format!("{path} exited: killed"), format!("{path} restarted: 1")]);
    still_connected(&mut tabs).await;
}

#[tokio::test]
async fn when_the_whole_edge_crashes_the_sockets_stay_and_every_user_has_a_tree_again() {
    let (daemon, mut tabs) = ada_and_bob().await;
    daemon.crash("edge").await;
    daemon.runs("edge", 1).await;
    for path in ["edge/gateway", "edge/inspector", "edge/inspect_socket"] {
        daemon.runs(path, 0).await;
    }
    daemon.runs("presence", 1).await;
    daemon.runs("users/ada", 0).await;
    daemon.runs("users/bob", 0).await;
    still_connected(&mut tabs).await;
    let mut late = daemon.connect("cyd", Role::User).connect().await.unwrap();
    late.enter("dashboard:home").await.unwrap();
    daemon.runs("users/cyd", 0).await;
    leaves_are_followed(&daemon, tabs).await;
}
