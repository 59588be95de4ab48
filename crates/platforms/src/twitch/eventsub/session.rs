//! The life of a session, without sockets: what came and what time it is go in, what is to be done comes out.
//!
//! ```text
//!            welcome            session_reconnect          welcome on the fresh socket
//! Opening ────────────▶ Standing ────────────────▶ Moving ────────────────▶ Standing
//!    │                     │ silence, close           │ 30 s are over           the old socket is closed and read
//!    └─────────────────────┴──────────▶ End ◀─────────┘                         to its end: nothing is lost
//! ```
//!
//! While a session moves, the old socket is read until the fresh one is welcomed, and both bring their messages to the
//! same memory of what came already. Subscriptions move with the session: none is made again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::EventReport;
use tokio::time::Instant;

use super::{
    frame::{self, Frame, Says},
    recent::Recent,
};
use crate::{Disconnect, Link, twitch::events};

/// How long a socket may take to be opened and welcomed.
const WELCOME: Duration = Duration::from_secs(10);

/// How long the old socket of a session that moves is kept by Twitch.
const MOVE: Duration = Duration::from_secs(30);

/// How long until a fresh socket is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A message that is older was held back somewhere: it is history. Twitch says to expect none.
const OLD: SignedDuration = SignedDuration::from_mins(10);

/// By which socket something came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that the session has.
    Main,
    /// The one to which it moves.
    Fresh,
    /// One that it had.
    Old,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// This happened.
    Report(Box<EventReport>),
    /// Subscribe to everything, in this session.
    Subscribe { session_id: Box<str> },
    /// Open the fresh socket, instead of one that is there.
    Open { url: Box<str> },
    /// The fresh socket is the main one now; the one before is closed and read to its end.
    Swap { session_id: Box<str> },
    /// This became of the connection.
    Link(Link),
    /// It is over.
    End(Disconnect),
}

#[derive(Debug)]
enum State {
    Opening { until: Instant },
    Standing { silent_at: Instant },
    Moving(Moving),
    Ended,
}

#[derive(Debug)]
struct Moving {
    url: Box<str>,
    /// When the old socket is dead; none if it is gone.
    silent_at: Option<Instant>,
    fresh: Fresh,
    /// When it is too late.
    until: Instant,
}

#[derive(Debug)]
enum Fresh {
    /// It has until then to be welcomed.
    Opening { until: Instant },
    /// It failed and is tried again then.
    Again { at: Instant },
}

#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    keepalive: Duration,
    recent: Recent,
    seen_at: Option<Timestamp>,
    encrypted: bool,
}

impl Session {
    /// A session whose first socket is about to be opened: an encrypted one, or not.
    pub(crate) fn new(encrypted: bool, now: Instant) -> Self {
        Self {
            state: State::Opening { until: now + WELCOME },
            keepalive: Duration::ZERO,
            recent: Recent::default(),
            seen_at: None,
            encrypted,
        }
    }

    /// When Twitch sent the newest of what came, by its own clock.
    pub(crate) fn seen_at(&self) -> Option<Timestamp> {
        self.seen_at
    }

    /// When to call [`time`](Self::time) at the latest.
    pub(crate) fn due(&self) -> Option<Instant> {
        Some(match &self.state {
            State::Opening { until } => *until,
            State::Standing { silent_at } => *silent_at,
            State::Moving(moving) => {
                let fresh = match moving.fresh {
                    Fresh::Opening { until } => until,
                    Fresh::Again { at } => at,
                };
                moving.silent_at.map_or(fresh, |silent_at| fresh.min(silent_at)).min(moving.until)
            }
            State::Ended => return None,
        })
    }

    /// A message came.
    pub(crate) fn message(
        &mut self,
        side: Side,
        message: &str,
        now: Instant,
        clock: Timestamp,
    ) -> Option<Step> {
        self.is_alive(side, now);
        let Some(frame) = frame::read(message, clock) else {
            tracing::debug!(bytes = message.len(), "a message of EventSub is none");
            return None;
        };
        self.seen_at = self.seen_at.max(frame.sent_at);
        if matches!(frame.says, Says::Notification(_) | Says::Revocation { .. })
            && !self.recent.is_new(&frame.message_id)
        {
            return None;
        }
        self.frame(side, frame, now, clock)
    }

    fn frame(&mut self, side: Side, frame: Frame, now: Instant, clock: Timestamp) -> Option<Step> {
        match frame.says {
            Says::Notification(notification) => {
                let is_old = clock.duration_since(notification.sent_at) > OLD;
                let mut report = events::report(notification, clock)?;
                report.replayed |= is_old;
                Some(Step::Report(Box::new(report)))
            }
            Says::Welcome { session_id, keepalive } => {
                self.welcome(side, session_id, keepalive, now)
            }
            Says::Reconnect { url } => self.reconnect(side, url, now),
            Says::Revocation { kind, status } => Some(revoked(&kind, &status)),
            Says::Keepalive => None,
            Says::Other { kind } => {
                tracing::debug!(%kind, "a message of EventSub is of an unknown type");
                None
            }
        }
    }

    /// A sign of life.
    fn is_alive(&mut self, side: Side, now: Instant) {
        let silent_at = self.silent_at(now);
        match &mut self.state {
            State::Standing { silent_at: at } if side == Side::Main => *at = silent_at,
            State::Moving(Moving { silent_at: Some(at), .. }) if side == Side::Main => {
                *at = silent_at;
            }
            _ => {}
        }
    }

    /// When a socket that is silent from now on is dead: a fifth later than Twitch says, for the way here.
    fn silent_at(&self, now: Instant) -> Instant {
        now + self.keepalive + self.keepalive / 5
    }

    fn welcome(
        &mut self,
        side: Side,
        session_id: Box<str>,
        keepalive: Duration,
        now: Instant,
    ) -> Option<Step> {
        let step = match (&self.state, side) {
            (State::Opening { .. }, Side::Main) => Step::Subscribe { session_id },
            (State::Moving(_), Side::Fresh) => Step::Swap { session_id },
            _ => return None,
        };
        self.keepalive = keepalive;
        self.state = State::Standing { silent_at: self.silent_at(now) };
        Some(step)
    }

    fn reconnect(&mut self, side: Side, url: Box<str>, now: Instant) -> Option<Step> {
        if side != Side::Main {
            return None;
        }
        // The address is taken as it is, but nobody is led from an encrypted socket to one that is not.
        if self.encrypted && !url.starts_with("wss://") {
            return Some(self.end("the socket is to move to an address without encryption"));
        }
        match &mut self.state {
            State::Standing { silent_at } => {
                self.state = State::Moving(Moving {
                    url: url.clone(),
                    silent_at: Some(*silent_at),
                    fresh: Fresh::Opening { until: now + WELCOME },
                    until: now + MOVE,
                });
                Some(Step::Open { url })
            }
            // The attempt under way may be on its way already; if it fails, the newer address is next.
            State::Moving(moving) => {
                moving.url = url;
                None
            }
            State::Opening { .. } | State::Ended => None,
        }
    }

    /// A socket is gone, or could not be opened.
    pub(crate) fn gone(&mut self, side: Side, why: &str, now: Instant) -> Option<Step> {
        match (&mut self.state, side) {
            (State::Ended, _) | (_, Side::Old) => None,
            (State::Moving(moving), Side::Fresh) => {
                moving.fresh = Fresh::Again { at: now + TRY_AGAIN };
                None
            }
            // Its subscriptions wait for the fresh one.
            (State::Moving(moving), Side::Main) => {
                moving.silent_at = None;
                None
            }
            (_, Side::Main) => Some(self.end(why)),
            (_, Side::Fresh) => None,
        }
    }

    /// Time has passed.
    pub(crate) fn time(&mut self, now: Instant) -> Option<Step> {
        let over = match &mut self.state {
            State::Opening { until } if *until <= now => "no welcome came",
            State::Standing { silent_at } if *silent_at <= now => "the keepalives have stopped",
            State::Moving(moving) if moving.until <= now => "the session could not be moved",
            State::Moving(moving) => {
                moving.silent_at.take_if(|silent_at| *silent_at <= now);
                let is_due = match moving.fresh {
                    Fresh::Opening { until } => until <= now,
                    Fresh::Again { at } => at <= now,
                };
                if !is_due {
                    return None;
                }
                moving.fresh = Fresh::Opening { until: now + WELCOME };
                return Some(Step::Open { url: moving.url.clone() });
            }
            _ => return None,
        };
        Some(self.end(over))
    }

    fn end(&mut self, reason: &str) -> Step {
        self.state = State::Ended;
        Step::End(Disconnect::Lost { reason: reason.into(), retry_after: None })
    }
}

/// A subscription is gone: with the authorisation all are, and otherwise the rest stands.
///
/// <https://dev.twitch.tv/docs/api/reference/#get-eventsub-subscriptions> lists the statuses.
fn revoked(kind: &str, status: &str) -> Step {
    match status {
        "authorization_revoked" => Step::End(Disconnect::NeedsReauth {
            reason: "the authorisation was revoked at Twitch".into(),
        }),
        "user_removed" => {
            Step::End(Disconnect::NeedsReauth { reason: "the account is gone from Twitch".into() })
        }
        status => Step::Link(Link::Degraded {
            reason: format!("Twitch ended the subscription to {kind}: {status}").into(),
        }),
    }
}

#[cfg(test)]
mod tests;
