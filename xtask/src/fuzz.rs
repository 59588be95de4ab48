//! A short run of every fuzz target, from what platforms send.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, root, run, target_dir, works};

/// For how long each target runs, in seconds.
const SECONDS: u32 = 2;

/// A target, and where what it is fed with at first lies.
const TARGETS: [(&str, &str); 9] = [
    ("channel_message", "fuzz/seeds/channel_message"),
    ("cloudflare_webhook", "fuzz/seeds/cloudflare_webhook"),
    ("facebook_comments", "crates/platforms/fixtures/facebook"),
    ("kick_webhook", "crates/platforms/fixtures/kick/webhooks"),
    ("token_answer", "fuzz/seeds/token_answer"),
    ("twitch_frame", "crates/platforms/fixtures/twitch"),
    ("websocket_frames", "fuzz/seeds/websocket_frames"),
    ("youtube_message", "crates/platforms/fixtures/youtube"),
    ("youtube_stream", "fuzz/seeds/youtube_stream"),
];

/// Builds and runs all, if cargo-fuzz is there. They are built without a sanitizer: there is no unsafe code of ours for
/// one to watch, and so they need no nightly toolchain.
pub(crate) fn all() -> Result<Vec<String>> {
    if !works("cargo-fuzz", &["--version"]) {
        return Ok(vec![
            "skipped: cargo-fuzz is not installed; `cargo install --locked cargo-fuzz` brings it"
                .into(),
        ]);
    }
    let folder = target_dir().join("fuzz");
    let mut build = cargo(&["fuzz", "build", "--sanitizer", "none"]);
    build.current_dir(root().join("fuzz")).env("CARGO_TARGET_DIR", &folder);
    run(build)?;
    let binaries = binaries(&folder)?;
    let found = folder.join("corpus");
    for (target, seeds) in TARGETS {
        let corpus = found.join(target);
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
        let program = binaries.join(target);
        let mut fuzz = command(&program.to_string_lossy(), &[]);
        // What is found goes to the first folder; what breaks a target is named after it.
        fuzz.arg(&corpus).arg(root().join(seeds)).args([
            format!("-max_total_time={SECONDS}"),
            format!("-artifact_prefix={}/{target}-", folder.display()),
            "-rss_limit_mb=1024".into(),
            "-timeout=5".into(),
            "-verbosity=0".into(),
            "-print_final_stats=1".into(),
        ]);
        run(fuzz).with_context(|| {
            format!("{target} is broken by what lies in {}/{target}-*", folder.display())
        })?;
    }
    Ok(vec![format!("{} targets held for {SECONDS} s each", TARGETS.len())])
}

/// Where cargo-fuzz puts its programs: below the name of the machine that they are for.
fn binaries(folder: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(folder).context("nothing was built")? {
        let release = entry?.path().join("release");
        if release.join(TARGETS[0].0).is_file() {
            return Ok(release);
        }
    }
    bail!("cargo-fuzz has built nothing below {}", folder.display())
}
