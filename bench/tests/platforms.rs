//! The soak of the platforms, small: that it runs, and that nothing is lost on the way.

use std::process::Command;

#[test]
fn a_small_soak_loses_nothing_and_stores_nothing_twice() {
    let output = Command::new(env!("CARGO_BIN_EXE_stagedoor-bench"))
        .args(["platforms", "phases=soak", "users=3", "rate=60", "seconds=2", "calm_ms=100"])
        .output()
        .expect("the benchmark starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
    let soak = &line["soak"];
    for (path, expected) in [
        ("/sent", 120),
        ("/heard", 120),
        ("/heard_again", 0),
        ("/connections_lost", 0),
        ("/stored/different_keys_sent", 120),
        ("/stored/missing/twitch", 0),
        ("/stored/missing/youtube", 0),
        ("/stored/missing/kick", 0),
        ("/stored/missing/facebook", 0),
        ("/stored/twice", 0),
        ("/stored/unknown", 0),
        ("/stored/another_users", 0),
    ] {
        assert_eq!(soak.pointer(path), Some(&expected.into()), "{path} of {soak}");
    }
}
