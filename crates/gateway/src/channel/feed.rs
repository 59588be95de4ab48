//! What a channel is told, on its socket: what the Tracker tells becomes `presence_state` and `presence_diff`, what the
//! user's tree tells becomes `stream_state`, `event`, `alert`, `metrics` and `link`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use stagedoor_presence::{Diff, PresenceSink, PresenceState};
use stagedoor_stream::{Broadcast, Subscriber};

use super::{message::encode, topic::Topic};
use crate::websocket::{CloseFrame, Socket};

/// A joined channel's line to its socket. As a sink of one user: what it is told goes straight into the outbox.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) topic: Topic,
    /// The join that this channel lives by.
    pub(super) join_ref: Option<Box<str>>,
    socket: Arc<Socket>,
}

impl Feed {
    pub(super) fn new(topic: Topic, join_ref: Option<&str>, socket: &Arc<Socket>) -> Self {
        Self { topic, join_ref: join_ref.map(Box::from), socket: Arc::clone(socket) }
    }

    fn send_state(&self, state: &RawValue) {
        self.push("presence_state", state, Socket::send_snapshot);
    }

    fn send_diff(&self, diff: &RawValue) {
        self.push("presence_diff", diff, Socket::send_text);
    }

    /// A push and not a broadcast, for diffs too: it belongs to this join. A client that leaves and joins anew finds
    /// diffs of the old join still on their way; without the reference it would take them for news to the new state.
    fn push(&self, event: &str, payload: &RawValue, send: impl FnOnce(&Socket, &[&[u8]])) {
        let (prefix, rest) = self.topic.parts();
        send(
            &self.socket,
            &[
                b"[",
                &encode(&self.join_ref),
                b",null,\"",
                prefix.as_bytes(),
                rest.as_bytes(),
                b"\",\"",
                event.as_bytes(),
                b"\",",
                payload.get().as_bytes(),
                b"]",
            ],
        );
    }
}

impl PresenceSink for Feed {
    fn state(&self, state: &PresenceState) {
        self.send_state(state.json());
    }

    fn diff(&self, diff: &Diff) {
        self.send_diff(diff.json());
    }
}

impl Subscriber for Feed {
    fn receive(&self, broadcast: &Broadcast) {
        self.push(broadcast.name(), broadcast.json(), Socket::send_text);
    }
}

/// So many diffs are held at most while a state is written.
const MAX_HELD: usize = 16 * 1024;

/// The sink of everybody's presence. Their state may be megabytes of JSON, too much to write while the Tracker waits:
/// it is written after the subscription, and diffs are held until then.
#[derive(Debug)]
pub(super) struct Overview {
    feed: Arc<Feed>,
    phase: Mutex<Phase>,
}

#[derive(Debug)]
enum Phase {
    Holding { state: Option<PresenceState>, diffs: Vec<Box<RawValue>> },
    Live,
}

impl Overview {
    pub(super) fn new(feed: Arc<Feed>) -> Self {
        let phase = Phase::Holding { state: None, diffs: Vec::new() };
        Self { feed, phase: Mutex::new(phase) }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After the subscription: sends the state and what was held, and holds no more.
    pub(super) fn release(&self) {
        let state = match &mut *self.phase() {
            Phase::Holding { state, .. } => state.take(),
            Phase::Live => None,
        };
        let json = state.as_ref().map(PresenceState::json);
        let mut phase = self.phase();
        if let Some(json) = json {
            self.feed.send_state(json);
        }
        if let Phase::Holding { diffs, .. } = std::mem::replace(&mut *phase, Phase::Live) {
            for diff in diffs {
                self.feed.send_diff(&diff);
            }
        }
    }
}

impl PresenceSink for Overview {
    fn state(&self, told: &PresenceState) {
        if let Phase::Holding { state, .. } = &mut *self.phase() {
            *state = Some(told.clone());
        }
    }

    fn diff(&self, diff: &Diff) {
        match &mut *self.phase() {
            Phase::Live => self.feed.send_diff(diff.json()),
            Phase::Holding { diffs, .. } if diffs.len() < MAX_HELD => {
                diffs.push(diff.json().to_owned());
            }
            Phase::Holding { .. } => {
                self.feed.socket.close(CloseFrame::SLOW_CONSUMER);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use stagedoor_domain::{Page, SessionId, UserId};
    use stagedoor_presence::{Tracker, TrackerLimits};

    use super::*;

    fn overview() -> (Tracker, Arc<Socket>, Arc<Overview>) {
        let socket = Arc::new(Socket::new(1024 * 1024, 0));
        let overview = Overview::new(Arc::new(Feed::new(Topic::UsersPresence, None, &socket)));
        let limits = TrackerLimits { sessions_per_user: 10, users: 10 };
        (Tracker::new(limits), socket, Arc::new(overview))
    }

    fn come_and_go(tracker: &Tracker, name: &str) {
        let session = SessionId::new("s").unwrap();
        let page = Page::new("home").unwrap();
        drop(tracker.track(&UserId::new(name).unwrap(), session, page).unwrap());
    }

    #[test]
    fn what_changes_while_the_overview_is_written_comes_after_it() {
        let (tracker, socket, overview) = overview();
        let _subscription = tracker.subscribe_all(overview.clone());
        come_and_go(&tracker, "ada");
        assert!(socket.sent().is_empty(), "the state is not yet written");
        overview.release();
        come_and_go(&tracker, "bob");
        overview.release();

        let sent = String::from_utf8_lossy(&socket.sent()).into_owned();
        let mut rest = sent.as_str();
        for text in [
            r#"presence_state",{}"#,
            r#""joins":{"ada""#,
            r#""leaves":{"ada""#,
            r#""joins":{"bob""#,
            r#""leaves":{"bob""#,
        ] {
            rest = rest.split_once(text).unwrap_or_else(|| panic!("no {text} in {rest}")).1;
        }
        assert_eq!(sent.matches(r#","presence_"#).count(), 5, "nothing twice: {sent}");
    }

    #[test]
    fn more_changes_than_can_be_held_close_the_connection() {
        let (tracker, socket, overview) = overview();
        let _subscription = tracker.subscribe_all(overview.clone());
        (0..MAX_HELD / 2).for_each(|_| come_and_go(&tracker, "ada"));
        assert_eq!(socket.asked_to_close(), None);
        come_and_go(&tracker, "ada");
        assert_eq!(socket.asked_to_close(), Some(CloseFrame::SLOW_CONSUMER));
    }
}
