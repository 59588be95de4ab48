//! Presence on a channel: what the Tracker tells becomes `presence_state` and `presence_diff` on a socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use stagedoor_presence::{Diff, PresenceSink, PresenceState};

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

    /// A push: it belongs to this join.
    fn send_state(&self, state: &RawValue) {
        let (prefix, rest) = self.topic.parts();
        self.socket.send_snapshot(&[
            b"[",
            &encode(&self.join_ref),
            b",null,\"",
            prefix.as_bytes(),
            rest.as_bytes(),
            b"\",\"presence_state\",",
            state.get().as_bytes(),
            b"]",
        ]);
    }

    /// A broadcast: the same for every join of the topic.
    fn send_diff(&self, diff: &RawValue) {
        let (prefix, rest) = self.topic.parts();
        self.socket.send_text(&[
            b"[null,null,\"",
            prefix.as_bytes(),
            rest.as_bytes(),
            b"\",\"presence_diff\",",
            diff.get().as_bytes(),
            b"]",
        ]);
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
