//! The README's tours, as pasted.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use stagedoor_testkit::PATIENCE;
use tokio::{process::Command, time::timeout};

use crate::support::{STAGEDOOR, STAGEDOORD};

/// Where a tour's daemon listens; here, where nobody else does.
const PORT: &str = "127.0.0.1:4000";
/// Ends what the tour started, however it ends.
const TRAP: &str = "trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT\ntrap 'exit 1' TERM\n";

/// The block of the README that is marked with this name.
fn tour(name: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = fs::read_to_string(readme).unwrap();
    let (_, after) = text.split_once(&format!("```sh {name}\n")).expect("the README has it");
    after.split_once("```").expect("the tour has an end").0.to_owned()
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A folder in which everything is built already: `cargo` has nothing to do.
fn checkout(dir: &Path) {
    let (release, bin) = (dir.join("target/release"), dir.join("bin"));
    fs::create_dir_all(&release).unwrap();
    fs::create_dir(&bin).unwrap();
    symlink(STAGEDOORD, release.join("stagedoord")).unwrap();
    symlink(STAGEDOOR, release.join("stagedoor")).unwrap();
    let cargo = bin.join("cargo");
    fs::write(&cargo, "#!/bin/sh\n").unwrap();
    fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Pastes it into a shell, and returns what that says.
async fn paste(text: &str, limit: Duration) -> String {
    let dir = tempfile::tempdir().unwrap();
    checkout(dir.path());
    let public = free_port();
    assert!(text.contains(PORT) || !text.contains("curl"), "{text}");
    let text = text.replace(PORT, &public).replace("--demo ", "--demo --demo-listen 127.0.0.1:0 ");
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", &format!("{TRAP}{text}")])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", format!("{}:{path}", dir.path().join("bin").display()))
        .env("STAGEDOOR__GATEWAY__LISTEN", &public)
        .env("STAGEDOOR__GATEWAY__ADMIN_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let shell = shell.spawn().unwrap();
    let pid = Pid::from_raw(shell.id().unwrap().cast_signed()).unwrap();
    let Ok(output) = timeout(limit, shell.wait_with_output()).await else {
        kill_process(pid, Signal::TERM).unwrap();
        panic!("the tour takes longer than {limit:?}");
    };
    let output = output.unwrap();
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}");
    assert_eq!(complaints, "", "{said}");
    said.into_owned()
}

/// All of these, in this order.
fn assert_says(said: &str, expected: &[&str]) {
    let mut rest = said;
    for expected in expected {
        let at = rest.find(expected).unwrap_or_else(|| panic!("no {expected:?} in {rest}\n{said}"));
        rest = &rest[at + expected.len()..];
    }
}

#[tokio::test]
async fn the_readmes_tour_shows_what_it_says() {
    let said = paste(&tour("tour"), PATIENCE).await;
    let expected = [
        r#""session":"tab-1""#,
        "users/ada/stream_state",
        r#"["ada"]"#,
        "pending timers",
        "[]",
        "[PresenceManager] Phoenix.Presence join: ada",
        "[UserStreamManager:ada] Started for user ada",
        "[PresenceManager] Phoenix.Presence leave: ada",
        "[PresenceManager] User ada cleanup scheduled in 5000ms",
        "[UserStreamManager:ada] Stopping for user ada",
    ];
    assert_says(&said, &expected);
}

#[tokio::test]
async fn the_readmes_demo_leads_a_stream_over_four_platforms_from_start_to_end() {
    // Five programs of the wire in one, and everything that the reader waits for.
    let said = paste(&tour("demo"), 3 * PATIENCE).await;
    let expected = [
        r#""session":"tab-1""#,
        "encoder\tconnected",
        "Ada's Engine Room\tstandby",
        "ada\tconnected",
        r#"{"status":"starting"}"#,
        "on facebook\tlive",
        "on kick\tlive",
        "on twitch\tlive",
        "on youtube\tlive",
        r#""facebook":{"ok":{}}"#,
        r#""facebook":{"ok":{"message_id""#,
        "Good evening, everybody!",
        "Good evening, everybody!",
        "Good evening, everybody!",
        "Good evening, everybody!",
        r#""duplicate":false"#,
        "donation\tEve\t5.00 EUR: Break a leg!",
        "donation\tEve",
        "youtube quota",
        r#"{"status":"ending"}"#,
        r#""EUR":"#,
        "Twitch is connected",
    ];
    assert_says(&said, &expected);
}
