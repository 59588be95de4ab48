//! The log of one visit, as operators know it.

use stagedoor_testkit::Signal;

use crate::support::stagedoord;

const USER: &str = "user-id-123";

/// The part of a log line that a person reads: after the time and the level.
fn message(line: &str) -> &str {
    line.split_once(" INFO ").unwrap_or_else(|| panic!("{line}")).1
}

/// `2025-09-07 17:39:20.121132Z`: digits become nines.
fn shape(time: &str) -> String {
    time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
}

#[tokio::test]
async fn one_visit_reads_as_expected() {
    let daemon = stagedoord().config("presence.cleanup_timeout = '5s'").start().await;
    let tab = daemon.open_dashboard(USER, "home").await;
    daemon.said("Console log #1").await;
    tab.close().await.unwrap();
    daemon.said("Stopping for user").await;
    daemon.signal(Signal::TERM);
    let (code, log) = daemon.ended().await;
    assert_eq!(code, Some(0));

    let visit: Vec<_> =
        log.iter().filter(|line| line.contains(USER)).map(|line| message(line)).collect();
    let (console, others): (Vec<&str>, Vec<&str>) =
        visit.iter().copied().partition(|line| line.contains("Console log #"));
    assert_eq!(
        others,
        [
            "[PresenceManager] Phoenix.Presence join: user-id-123",
            "[UserStreamManager:user-id-123] Started for user user-id-123",
            "[PresenceManager] Phoenix.Presence leave: user-id-123",
            "[PresenceManager] User user-id-123 cleanup scheduled in 5000ms",
            "[UserStreamManager:user-id-123] Stopping for user user-id-123",
        ]
    );
    // In front of the leave, and then once a second.
    assert_eq!(visit[2], console[0]);
    assert!((5..=7).contains(&console.len()), "{console:?}");
    for (line, number) in console.iter().zip(1..) {
        let begin = format!("[UserStreamManager:user-id-123] Console log #{number} - ");
        let time = line.strip_prefix(&begin).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(shape(time), "9999-99-99 99:99:99.999999Z");
    }
}
