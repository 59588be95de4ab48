//! The life of a connection, without the connection.
//!
//! ```text
//! standby ──▶ connecting ──▶ connected ⇄ degraded
//!    ▲            ▲ │              │
//!    │            │ └──▶ backing off ◀── lost         needs_reauth: from anywhere, until the account is connected anew
//!    └── the broadcast is over
//! ```

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::EventKind;
use stagedoor_platforms::Replay;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::PlatformPace;
use crate::jitter::full_jitter;

/// Where the connection to a platform stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// There is nothing to connect to: no broadcast is under way there.
    #[default]
    Standby,
    /// It is being made.
    Connecting,
    /// It stands.
    Connected,
    /// It stands, but not fully.
    Degraded {
        /// What is missing.
        reason: Box<str>,
    },
    /// It is lost, or could not be made, and is made again then.
    BackingOff {
        /// Why.
        reason: Box<str>,
        /// When.
        until: Timestamp,
    },
    /// The user must connect the account again; nothing is tried before.
    NeedsReauth {
        /// The platform's words.
        reason: Box<str>,
    },
}

impl LinkState {
    /// Whether events come in.
    #[must_use]
    pub const fn stands(&self) -> bool {
        matches!(self, Self::Connected | Self::Degraded { .. })
    }

    /// Why it does not stand fully.
    #[must_use]
    pub const fn reason(&self) -> Option<&str> {
        match self {
            Self::Degraded { reason }
            | Self::BackingOff { reason, .. }
            | Self::NeedsReauth { reason } => Some(reason),
            _ => None,
        }
    }
}

/// The same with its history.
#[derive(Debug)]
pub(super) struct Link {
    state: LinkState,
    since: Timestamp,
    /// Since when it has stood without a break.
    standing: Option<Instant>,
    /// In a row.
    failures: u32,
    connected: u64,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            state: LinkState::Standby,
            since: Timestamp::now(),
            standing: None,
            failures: 0,
            connected: 0,
        }
    }

    /// One whose authorisation was gone before.
    pub(super) fn refused(reason: Box<str>) -> Self {
        Self { state: LinkState::NeedsReauth { reason }, ..Self::new() }
    }

    pub(super) const fn state(&self) -> &LinkState {
        &self.state
    }

    pub(super) const fn since(&self) -> Timestamp {
        self.since
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// How often it was made.
    pub(super) const fn connected(&self) -> u64 {
        self.connected
    }

    /// Enters a state; answers what is to be reported of that, if anything.
    pub(super) fn enter(&mut self, state: LinkState, replay: Replay) -> Option<EventKind> {
        if self.state == state {
            return None;
        }
        let (stood, stands) = (self.state.stands(), state.stands());
        let event = match &state {
            LinkState::Connected => Some(EventKind::LinkConnected),
            LinkState::Degraded { .. } => Some(EventKind::LinkDegraded),
            // That it is gone is told once, in whatever words.
            LinkState::NeedsReauth { .. }
                if matches!(self.state, LinkState::NeedsReauth { .. }) =>
            {
                None
            }
            LinkState::NeedsReauth { .. } => Some(EventKind::LinkNeedsReauth),
            // What is sent again later is late, and not lost.
            LinkState::BackingOff { .. } if stood && replay == Replay::None => {
                Some(EventKind::LinkLost)
            }
            LinkState::BackingOff { .. } if stood => Some(EventKind::LinkDegraded),
            _ => None,
        };
        if stands && !stood {
            self.standing = Some(Instant::now());
            self.connected += 1;
        }
        self.state = state;
        self.since = Timestamp::now();
        event
    }

    /// It is lost: how long to wait before it is made again. One that had stood for long begins with short waits.
    pub(super) fn wait(&mut self, pace: &PlatformPace, at_least: Option<Duration>) -> Duration {
        if self.standing.take().is_some_and(|since| since.elapsed() >= pace.steady_after) {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        full_jitter(pace.retry_initial, pace.retry_max, self.failures)
            + at_least.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backing_off() -> LinkState {
        LinkState::BackingOff { reason: "gone".into(), until: Timestamp::now() }
    }

    #[test]
    fn a_gap_is_marked_where_the_platform_sends_nothing_again() {
        let mut link = Link::new();
        let mut enter = |state| link.enter(state, Replay::None);
        assert_eq!(enter(LinkState::Connecting), None);
        assert_eq!(enter(LinkState::Connected), Some(EventKind::LinkConnected));
        assert_eq!(enter(LinkState::Connected), None);
        assert_eq!(enter(backing_off()), Some(EventKind::LinkLost));
        assert_eq!(enter(LinkState::Connecting), None);
        // It was lost once, however often it cannot be made.
        assert_eq!(enter(backing_off()), None);
        assert_eq!(enter(LinkState::Connected), Some(EventKind::LinkConnected));
    }

    #[test]
    fn what_is_sent_again_is_late_and_not_lost() {
        let mut link = Link::new();
        link.enter(LinkState::Connected, Replay::Full);
        assert_eq!(link.enter(backing_off(), Replay::Full), Some(EventKind::LinkDegraded));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_until_the_link_has_stood_for_a_while() {
        let pace = PlatformPace::default();
        let mut link = Link::new();
        for _ in 0..20 {
            assert!(link.wait(&pace, None) <= pace.retry_max);
        }
        link.enter(LinkState::Connected, Replay::None);
        link.wait(&pace, None);
        assert_eq!(link.failures(), 21, "a link that flaps has failed all the same");
        link.enter(backing_off(), Replay::None);
        link.enter(LinkState::Connected, Replay::None);
        tokio::time::advance(pace.steady_after).await;
        assert!(link.wait(&pace, None) <= pace.retry_initial);
        assert!(link.wait(&pace, Some(Duration::from_secs(90))) >= Duration::from_secs(90));
    }
}
