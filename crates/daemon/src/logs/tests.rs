use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::subscriber::with_default;

use super::*;

/// A log file in memory.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pages {
    /// What was written, without the time at the start of each line of text.
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8(bytes.clone()).unwrap();
        text.lines()
            .map(|line| {
                line.strip_prefix("20")
                    .and_then(|l| l.split_once("Z "))
                    .map_or(line, |(_, rest)| rest)
                    .to_owned()
            })
            .collect()
    }
}

fn log_to(
    pages: &Pages,
    level: &str,
    format: LogFormat,
    colours: bool,
    act: impl FnOnce(LevelHandle),
) {
    let pages = pages.clone();
    let (subscriber, handle) = subscriber(level, format, colours, move || pages.clone()).unwrap();
    with_default(subscriber, || act(handle));
}

fn text_of(act: impl FnOnce()) -> Vec<String> {
    let pages = Pages::default();
    log_to(&pages, "info", LogFormat::Text, false, |_| act());
    pages.lines()
}

#[test]
fn the_actor_stands_in_front_and_the_fields_behind() {
    let user = "user-id-123";
    let lines = text_of(|| {
        tracing::info!(actor = "PresenceManager", sessions = 1, "Phoenix.Presence join: {user}");
        tracing::info!(actor = %format_args!("UserStreamManager:{user}"), "Started for user {user}");
        tracing::warn!(address = "127.0.0.1:4000", reason = "too many", "connection refused");
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
     INFO [PresenceManager] Phoenix.Presence join: user-id-123 sessions=1
     INFO [UserStreamManager:user-id-123] Started for user user-id-123
     WARN connection refused address=127.0.0.1:4000 reason="too many"
    "#);
}

#[test]
fn a_client_cannot_forge_a_line_or_a_field() {
    let hostile = "ada\n2026-11-22T00:00:00.000Z  INFO [PresenceManager] all is well admin=true";
    let lines = text_of(|| {
        tracing::info!(user = hostile, "said: {hostile}");
        tracing::info!(user = %hostile, actor = %hostile, "\u{1b}[2J");
        tracing::info!(user = ?hostile, "seen");
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
     INFO said: ada\n2026-11-22T00:00:00.000Z  INFO [PresenceManager] all is well admin=true user="ada\n2026-11-22T00:00:00.000Z  INFO [PresenceManager] all is well admin=true"
     INFO [ada\n2026-11-22T00:00:00.000Z  INFO [PresenceManager] all is well admin=true] \u{1b}[2J user="ada\n2026-11-22T00:00:00.000Z  INFO [PresenceManager] all is well admin=true"
     INFO seen user="\"ada\\n2026-11-22T00:00:00.000Z  INFO [PresenceManager] all is well admin=true\""
    "#);
}

#[test]
fn an_error_is_logged_with_its_causes() {
    let error = crate::config::LoadError::Unreadable {
        path: "x.toml".into(),
        source: io::Error::other("no such luck"),
    };
    let lines = text_of(|| {
        tracing::error!(error = &error as &dyn std::error::Error, "not reloaded");
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"ERROR not reloaded error="configuration file x.toml could not be read: no such luck""#);
}

#[test]
fn colours_are_written_only_when_asked_for() {
    let coloured = Pages::default();
    log_to(&coloured, "info", LogFormat::Text, true, |_| tracing::info!(n = 1, "hello"));
    let text = String::from_utf8(coloured.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("\u{1b}[32m INFO\u{1b}[0m hello \u{1b}[2mn=\u{1b}[0m1"), "{text:?}");

    let plain = text_of(|| tracing::info!(n = 1, "hello"));
    assert_eq!(plain, [" INFO hello n=1"]);
}

#[test]
fn a_time_is_utc_to_the_millisecond() {
    let pages = Pages::default();
    log_to(&pages, "info", LogFormat::Text, false, |_| tracing::info!("now"));
    let text = String::from_utf8(pages.0.lock().unwrap().clone()).unwrap();
    let (time, _) = text.split_once("  INFO").unwrap();
    assert_eq!(time.len(), "2026-11-22T15:09:03.121Z".len(), "{time}");
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
}

#[test]
fn json_keeps_the_fields() {
    let pages = Pages::default();
    log_to(&pages, "info", LogFormat::Json, false, |_| {
        tracing::info!(actor = "PresenceManager", sessions = 1, "joined\nforged");
    });
    let lines = pages.lines();
    assert_eq!(lines.len(), 1);
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["actor"], "PresenceManager");
    assert_eq!(line["sessions"], 1);
    assert_eq!(line["message"], "joined\nforged");
    assert_eq!(line["level"], "INFO");
    assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{line}");
}

#[test]
fn the_level_changes_while_the_daemon_runs() {
    let pages = Pages::default();
    log_to(&pages, "info", LogFormat::Text, false, |level| {
        tracing::debug!("before");
        level.set("debug").unwrap();
        tracing::debug!("during");
        assert!(matches!(level.set("loud"), Err(LogError::Level(_))));
        tracing::debug!("still");
        level.set("warn").unwrap();
        tracing::info!("after");
    });
    assert_eq!(pages.lines(), ["DEBUG during", "DEBUG still"]);
}
