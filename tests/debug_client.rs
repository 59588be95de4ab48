//! `stagedoor` against a live daemon: it shows what is there, acts on it, and says so when nobody is.

use std::process::Stdio;

use serde_json::{Value, json};
use stagedoor_testkit::{Ended, Harness, PATIENCE, ProcessBuilder, Reach};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::support::STAGEDOOR;

async fn stagedoor(daemon: &Reach, arguments: &[&str]) -> Ended {
    let socket = &daemon.addresses().inspect_socket;
    let client = ProcessBuilder::of(STAGEDOOR).env("STAGEDOOR_SOCKET", socket);
    arguments.iter().fold(client, ProcessBuilder::arg).run().await
}

/// What it answers; it must succeed, and have nothing to complain about.
pub(crate) async fn answer(daemon: &Reach, arguments: &[&str]) -> String {
    let Ended { code, stdout, stderr } = stagedoor(daemon, arguments).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}: {stdout}");
    stdout
}

async fn json(daemon: &Reach, arguments: &[&str]) -> Value {
    let text = answer(daemon, &[arguments, &["--json"]].concat()).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

#[tokio::test]
async fn it_shows_who_is_here_and_what_runs() {
    let daemon = Harness::start().await;
    let _tabs = [
        daemon.open_dashboard("ada", "home").await,
        daemon.open_dashboard("ada", "stream").await,
        daemon.open_dashboard("bob", "home").await,
    ];
    daemon.runs("users/ada", 0).await;
    daemon.runs("users/bob", 0).await;

    assert_eq!(answer(&daemon, &["users", "--json"]).await.trim_end(), r#"["ada","bob"]"#);
    let tree = answer(&daemon, &["tree", "ada"]).await;
    assert!(tree.contains("users/ada/stream_state"), "{tree}");
    assert!(!tree.contains("bob"), "only hers: {tree}");
    let whole = answer(&daemon, &["tree"]).await;
    for path in ["edge/gateway", "edge/inspector", "users/ada", "users/bob/metrics", "presence"] {
        assert!(whole.contains(path), "{path}: {whole}");
    }
    let children = answer(&daemon, &["children", "users/ada"]).await;
    assert!(children.contains("stream_state") && children.contains("metrics"), "{children}");
    let count = json(&daemon, &["count", "users"]).await;
    assert_eq!((&count["active"], &count["supervisors"]), (&json!(2), &json!(2)));
    let shown = json(&daemon, &["show", "users/ada/stream_state"]).await;
    assert_eq!(shown["state"]["status"], "offline", "{shown}");
    let presence = answer(&daemon, &["presence"]).await;
    assert_eq!(presence.matches("home").count(), 2, "{presence}");
    assert!(presence.contains("stream"), "{presence}");

    let debug = answer(&daemon, &["debug"]).await;
    assert!(debug.contains("ada") && debug.contains("bob"), "{debug}");
    let summary = json(&daemon, &["metrics", "--summary"]).await;
    assert_eq!(summary["presence"], json!({"users": 2, "sessions": 3}));
    assert_eq!(summary["daemon"]["pid"], json!(std::process::id()));
    for arguments in [&["debug"][..], &["tree"], &["presence"], &["metrics"], &["history"]] {
        let text = answer(&daemon, arguments).await;
        assert!(!text.contains('\u{1b}'), "no colours in a pipe: {text}");
    }
}

#[tokio::test]
async fn it_acts_when_told_to_and_the_history_remembers() {
    let daemon = Harness::start().await;
    let _tab = daemon.open_dashboard("ada", "home").await;
    daemon.runs("users/ada", 0).await;

    let unasked = stagedoor(&daemon, &["crash", "users/ada/stream_state"]).await;
    assert_eq!(unasked.code, Some(2), "there is nobody to ask: {unasked:?}");
    assert_eq!(daemon.running("users/ada/stream_state"), Some(0));

    answer(&daemon, &["crash", "users/ada/stream_state", "--yes"]).await;
    daemon.runs("users/ada/stream_state", 1).await;
    let history = answer(&daemon, &["history", "users/ada"]).await;
    assert!(history.contains("stream_state") && history.contains("killed"), "{history}");

    answer(&daemon, &["restart", "users/ada/stream_state", "--yes"]).await;
    assert!(daemon.running("users/ada/stream_state").is_some());
    answer(&daemon, &["stop", "users/ada", "--yes"]).await;
    assert_eq!(daemon.find("users/ada"), None);
    assert_eq!(answer(&daemon, &["users", "--json"]).await.trim_end(), "[]");
}

#[tokio::test]
async fn it_watches_a_join_as_it_happens() {
    let daemon = Harness::start().await;
    let mut client = Command::new(STAGEDOOR);
    client.arg("watch").env("STAGEDOOR_SOCKET", &daemon.addresses().inspect_socket);
    client.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut client = client.spawn().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let told = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("users/ada-") && line.contains("started") {
                return line;
            }
        }
        panic!("it ended");
    };
    // It may still be connecting when the first ones come.
    let users = async {
        let mut tabs = Vec::new();
        for n in 0..200 {
            tabs.push(daemon.open_dashboard(&format!("ada-{n}"), "home").await);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    let told = tokio::select! {
        told = timeout(PATIENCE, told) => told.expect("it tells of a join"),
        () = users => unreachable!("they stay"),
    };
    assert!(told.contains("users/ada-"), "{told}");
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_is() {
    let daemon = Harness::start().await;
    let Ended { code, stdout, stderr } = stagedoor(&daemon, &["show", "users/nobody/x"]).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("the nearest that exists is \"users\""), "{stderr}");
}

#[tokio::test]
async fn without_a_daemon_it_says_how_to_start_one() {
    let Ended { code, stdout, stderr } = ProcessBuilder::of(STAGEDOOR).arg("users").run().await;
    assert_eq!((code, stdout.as_str()), (Some(69), ""));
    assert!(stderr.contains("no daemon answers at ./var/stagedoord.sock"), "{stderr}");
    assert!(stderr.contains("cargo run --release, or stagedoord"), "{stderr}");
}
