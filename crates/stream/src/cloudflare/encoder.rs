//! What is known of the encoder, and what of it is news.
//!
//! Three tell of it: notifications, which come at once or never; the live input itself, which costs a call; and its
//! lifecycle address, which costs nothing and says less. A notification is believed and confirmed by a look at the
//! live input. Where that look says something older, it may be the one that lags: it is repeated before it is believed.

use jiff::Timestamp;
use stagedoor_cloudflare::ConnectionStatus;
use stagedoor_domain::{EventKind, EventReport, Platform};

use super::EncoderSnapshot;

/// How often a look that contradicts a newer notification is repeated before it is believed.
const DOUBTS: u32 = 3;

/// What a look has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing that was not known.
    Nothing,
    /// It is known for the first time in this life: no event, for nothing has happened.
    First,
    /// It has changed, and no notification said so.
    Changed,
    /// It contradicts a notification: look again.
    Doubtful,
}

/// What is known of an encoder.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    connected: Option<bool>,
    since: Option<Timestamp>,
    /// What is known comes from a notification that no look has confirmed yet.
    unconfirmed: bool,
    doubts: u32,
    /// What the lifecycle said when it was last found to be wrong or late: it is not asked about that again.
    contradicted: Option<bool>,
}

impl Encoder {
    /// What is known, and since when.
    pub(super) fn known(&self) -> Option<(bool, Timestamp)> {
        Some((self.connected?, self.since?))
    }

    pub(super) fn snapshot(&self) -> EncoderSnapshot {
        EncoderSnapshot { connected: self.connected, since: self.since }
    }

    /// A notification says so. One that is older than what is known changes nothing.
    pub(super) fn notified(&mut self, connected: bool, at: Timestamp) {
        if self.since.is_some_and(|since| at < since) {
            return;
        }
        if self.connected != Some(connected) {
            self.contradicted = None;
        }
        *self = Self {
            connected: Some(connected),
            since: Some(at),
            unconfirmed: true,
            doubts: 0,
            contradicted: self.contradicted,
        };
    }

    /// The live input says so; `created` is when it was.
    pub(super) fn looked(
        &mut self,
        status: &ConnectionStatus,
        created: Option<Timestamp>,
        now: Timestamp,
    ) -> Finding {
        let (connected, said_since) = match (status.is_connected(), self.contradicted) {
            (Some(connected), _) => (connected, status.since),
            // The live input has no word of its own: the lifecycle's counts.
            (None, Some(live)) => (live, None),
            (None, None) if self.connected.is_none() => (false, created),
            (None, None) => return Finding::Nothing,
        };
        if self.connected == Some(connected) {
            self.unconfirmed = false;
            self.doubts = 0;
            return Finding::Nothing;
        }
        let is_newer = said_since > self.since;
        if self.unconfirmed && !is_newer && self.doubts < DOUBTS {
            self.doubts += 1;
            return Finding::Doubtful;
        }
        let first = self.connected.is_none();
        let since = said_since.unwrap_or(now);
        *self = Self {
            connected: Some(connected),
            // Never before what was said last: whoever hears it orders by it.
            since: Some(self.since.map_or(since, |before| before.max(since))),
            contradicted: None,
            ..Self::default()
        };
        if first { Finding::First } else { Finding::Changed }
    }

    /// The lifecycle says so. Whether the live input is to be asked.
    pub(super) fn lifecycle(&mut self, live: bool) -> bool {
        if self.connected == Some(live) {
            self.contradicted = None;
            return false;
        }
        if self.contradicted == Some(live) {
            return false;
        }
        self.contradicted = Some(live);
        true
    }

    /// The live input is gone, and its encoder with it. Whether that is news.
    pub(super) fn input_gone(&mut self, now: Timestamp) -> bool {
        let was_connected = self.connected == Some(true);
        *self = Self { connected: Some(false), since: Some(now), ..Self::default() };
        was_connected
    }

    /// What is known, as an event: no notification has said so.
    pub(super) fn report(&self) -> Option<EventReport> {
        let (connected, since) = self.known()?;
        let kind = if connected { EventKind::InputConnected } else { EventKind::InputDisconnected };
        let key = format!("{SEEN}{kind}:{since}");
        Some(EventReport::new(Platform::Cloudflare, kind, since, key))
    }
}

/// What the keys of the events that come of looks begin with.
const SEEN: &str = "input:";

/// Whether an event came of a look and needs none to confirm it.
pub(super) fn was_seen(report: &EventReport) -> bool {
    report.dedupe_key.starts_with(SEEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::new(1_800_000_000 + second, 0).unwrap()
    }

    fn status(state: &str, since: Option<i64>) -> ConnectionStatus {
        ConnectionStatus {
            state: Some(state.into()),
            since: since.map(at),
            ..ConnectionStatus::default()
        }
    }

    #[test]
    fn the_first_look_is_no_event_and_later_changes_are() {
        let mut encoder = Encoder::default();
        let nothing = ConnectionStatus::default();
        assert_eq!(encoder.looked(&nothing, Some(at(0)), at(9)), Finding::First);
        assert_eq!(encoder.known(), Some((false, at(0))));
        assert_eq!(encoder.looked(&nothing, Some(at(0)), at(10)), Finding::Nothing);
        let connected = status("connected", Some(20));
        assert_eq!(encoder.looked(&connected, None, at(25)), Finding::Changed);
        assert_eq!(encoder.known(), Some((true, at(20))));
        let report = encoder.report().unwrap();
        assert_eq!(report.kind, EventKind::InputConnected);
        assert!(was_seen(&report), "{}", report.dedupe_key);
        assert_eq!(encoder.looked(&connected, None, at(30)), Finding::Nothing);
    }

    #[test]
    fn a_look_that_lags_behind_a_notification_is_repeated_before_it_is_believed() {
        let mut encoder = Encoder::default();
        encoder.looked(&status("disconnected", Some(0)), None, at(1));
        encoder.notified(true, at(10));
        let lagging = status("disconnected", Some(0));
        for _ in 0..DOUBTS {
            assert_eq!(encoder.looked(&lagging, None, at(11)), Finding::Doubtful);
            assert_eq!(encoder.known(), Some((true, at(10))));
        }
        assert_eq!(encoder.looked(&lagging, None, at(12)), Finding::Changed);
        assert_eq!(encoder.known(), Some((false, at(10))), "time does not run backwards");
    }

    #[test]
    fn a_look_that_is_newer_than_a_notification_is_believed_at_once() {
        let mut encoder = Encoder::default();
        encoder.notified(true, at(10));
        let newer = status("client_disconnect", Some(11));
        assert_eq!(encoder.looked(&newer, None, at(12)), Finding::Changed);
    }

    #[test]
    fn notifications_that_come_late_change_nothing() {
        let mut encoder = Encoder::default();
        encoder.notified(false, at(10));
        encoder.notified(true, at(9));
        assert_eq!(encoder.known(), Some((false, at(10))));
    }

    #[test]
    fn the_lifecycle_is_asked_about_the_same_thing_once() {
        let mut encoder = Encoder::default();
        encoder.looked(&status("connected", Some(0)), None, at(1));
        assert!(encoder.lifecycle(false));
        assert_eq!(encoder.looked(&status("connected", Some(0)), None, at(2)), Finding::Nothing);
        assert!(!encoder.lifecycle(false), "the live input has said what holds");
        assert!(!encoder.lifecycle(true));
        assert!(encoder.lifecycle(false), "it may have changed since");
    }

    #[test]
    fn where_the_live_input_says_nothing_the_lifecycle_counts() {
        let mut encoder = Encoder::default();
        let nothing = ConnectionStatus::default();
        encoder.looked(&nothing, Some(at(0)), at(1));
        assert!(encoder.lifecycle(true));
        assert_eq!(encoder.looked(&nothing, Some(at(0)), at(5)), Finding::Changed);
        assert_eq!(encoder.known(), Some((true, at(5))));
    }
}
