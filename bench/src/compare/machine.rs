//! On what it was measured.

use std::{fs, path::Path, process::Command, thread};

use serde_json::{Value, json};

use super::HERE;
use crate::system::ALLOCATOR;

/// The machine, the versions, the commit and the date.
pub(super) fn describe() -> Value {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let memory = field("/proc/meminfo", "MemTotal", ':');
    let gigabytes = memory
        .split_whitespace()
        .next()
        .and_then(|kilobytes| kilobytes.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes / 1_000_000);
    json!({
        "date": date,
        "commit": commit(),
        "cores": thread::available_parallelism().map_or(1, usize::from),
        "cpu": field("/proc/cpuinfo", "model name", ':'),
        "memory": format!("{gigabytes} GB"),
        "os": field("/etc/os-release", "PRETTY_NAME", '=').trim_matches('"'),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "rustc": output(Command::new("rustc").arg("--version")),
        "allocator": ALLOCATOR,
    })
}

/// With a mark when files that are built differ from it.
fn commit() -> String {
    let git = |words: &[&str]| {
        output(Command::new("git").arg("-C").arg(Path::new(HERE).join("..")).args(words))
    };
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no", "--", "crates", "Cargo.lock"]);
    let mark = if changed.is_empty() { "" } else { " and changes" };
    format!("{}{mark}", git(&["rev-parse", "--short", "HEAD"]))
}

fn output(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The first value of `key` in a file of lines.
fn field(path: &str, key: &str, separator: char) -> String {
    let file = read(path);
    let mut lines = file.lines().filter_map(|line| line.split_once(separator));
    lines
        .find(|(name, _)| name.trim() == key)
        .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
