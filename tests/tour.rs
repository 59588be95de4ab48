//! The README's tour, as pasted.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};
use stagedoor_testkit::PATIENCE;
use tokio::{process::Command, time::timeout};

use crate::support::{STAGEDOOR, STAGEDOORD};

const BEGIN: &str = "```sh tour\n";
/// Where the tour's daemon listens; here, where nobody else does.
const PORT: &str = "127.0.0.1:4000";
/// Ends what the tour started, however it ends.
const TRAP: &str = "trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT\ntrap 'exit 1' TERM\n";

fn tour() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = fs::read_to_string(readme).unwrap();
    let (_, after) = text.split_once(BEGIN).expect("the README has a tour");
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

#[tokio::test]
async fn the_readmes_tour_shows_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    checkout(dir.path());
    let (text, public) = (tour(), free_port());
    assert!(text.contains(PORT), "{text}");
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", &format!("{TRAP}{}", text.replace(PORT, &public))])
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
    let Ok(output) = timeout(PATIENCE, shell.wait_with_output()).await else {
        kill_process(pid, Signal::TERM).unwrap();
        panic!("the tour takes longer than {PATIENCE:?}");
    };
    let output = output.unwrap();
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}");
    assert_eq!(complaints, "", "{said}");

    // In this order.
    let mut rest = &*said;
    for expected in [
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
    ] {
        let at = rest.find(expected).unwrap_or_else(|| panic!("no {expected:?} in {rest}\n{said}"));
        rest = &rest[at + expected.len()..];
    }
}
