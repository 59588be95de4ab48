//! Chat messages that went out through us come back in as if somebody had written them. Whichever of the platform's
//! answer and that echo comes first, they become one event, marked as ours.
//!
//! ```text
//! Sending ──▶ the platform is called ──▶ Sent { message id } ──▶ event, revision 1
//!                    └──▶ echo ─┬─ its id is known to be ours ──▶ event, revision 2: all that the platform tells
//!                               └─ same text as one under way: held until the answer, for the echo window at most
//! ```
//!
//! All of them carry the same key, [`EventReport::chat_key`], and the store keeps the greatest revision: an echo that slips
//! through unrecognised, because the answer took too long or this actor had crashed, is stored with revision 0 and
//! marked as soon as the answer comes. The text alone decides nothing: a streamer may say the same twice, and a viewer
//! may say it too.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::{Actor, EventKind, EventReport, Message, Platform};
use tokio::time::Instant;
use uuid::Uuid;

use super::submission::Submission;

/// The revision of an event that is made of a platform's answer.
const ANSWER: u32 = 1;

/// What is added to the revision of an echo that is known to be ours.
const ECHO: u32 = 2;

/// How long an id is remembered as ours.
const REMEMBERED: Duration = Duration::from_mins(1);

/// How many messages may be under way, and how many sent ones are remembered.
const MESSAGES: usize = 64;

/// How many echoes may be held. More go through and are marked later.
const HELD: usize = 256;

/// A chat message of the streamer that goes out through us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMessage {
    /// Which: chosen by whoever sends it.
    pub intent: Uuid,
    /// On which platform.
    pub platform: Platform,
    /// What it says.
    pub text: Box<str>,
    /// The streamer's account there.
    pub author: Option<Actor>,
}

/// Messages under way, sent ones, and echoes that are held.
#[derive(Debug)]
pub(super) struct Echoes {
    window: Duration,
    under_way: VecDeque<(OwnMessage, Instant)>,
    sent: VecDeque<(Box<str>, Instant)>,
    held: Vec<Submission>,
}

impl Echoes {
    /// Echoes are held for `window` at most.
    pub(super) fn new(window: Duration) -> Self {
        Self { window, under_way: VecDeque::new(), sent: VecDeque::new(), held: Vec::new() }
    }

    /// The platform is about to be called.
    pub(super) fn sending(&mut self, message: OwnMessage, now: Instant) {
        if self.under_way.len() >= MESSAGES {
            self.under_way.pop_front();
        }
        self.under_way.push_back((message, now + self.window));
    }

    /// The platform has answered: this is the message's id. Answers what is to be stored now.
    pub(super) fn sent(
        &mut self,
        message: OwnMessage,
        message_id: &str,
        now: Instant,
        at: Timestamp,
    ) -> Vec<Submission> {
        self.under_way.retain(|(other, _)| other.intent != message.intent);
        let key = EventReport::chat_key(&message.platform, message_id);
        let mut due: Vec<_> =
            self.held.extract_if(.., |held| held.report.dedupe_key == key).map(ours).collect();
        if due.is_empty() {
            due.push(Submission::new(answer(message, message_id, &key, at)));
        }
        self.remember(key, now);
        due.extend(self.release());
        due
    }

    /// The platform has refused it. Answers what is to be stored now.
    pub(super) fn failed(&mut self, intent: Uuid) -> Vec<Submission> {
        self.under_way.retain(|(message, _)| message.intent != intent);
        self.release()
    }

    /// A report has come in. Answers it if it is to be stored now; one that may be an echo is held.
    pub(super) fn take_in(&mut self, submission: Submission, now: Instant) -> Option<Submission> {
        if submission.report.kind != EventKind::ChatMessage || self.is_idle() {
            return Some(submission);
        }
        let is_ours = |(key, until): &(Box<str>, Instant)| {
            *key == submission.report.dedupe_key && now < *until
        };
        if self.sent.iter().any(is_ours) {
            return Some(ours(submission));
        }
        if self.may_be_ours(&submission.report, Some(now)) && self.held.len() < HELD {
            self.held.push(submission);
            return None;
        }
        Some(submission)
    }

    /// Answers the echoes whose time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Submission> {
        self.under_way.retain(|(_, until)| now < *until);
        self.sent.retain(|(_, until)| now < *until);
        self.release()
    }

    /// When [`expire`](Self::expire) is to be called, if there is anything to expire.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let held = self.under_way.front().map(|(_, until)| *until);
        held.or_else(|| self.sent.front().map(|(_, until)| *until))
    }

    /// All that is held: the actor ends.
    pub(super) fn take_held(&mut self) -> Vec<Submission> {
        std::mem::take(&mut self.held)
    }

    pub(super) fn holds(&self) -> usize {
        self.held.len()
    }

    fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.sent.is_empty()
    }

    /// Whether the report says what a message under way says.
    fn may_be_ours(&self, report: &EventReport, now: Option<Instant>) -> bool {
        let Some(message) = &report.message else { return false };
        !report.replayed
            && self.under_way.iter().any(|(own, until)| {
                own.platform == report.platform
                    && own.text.trim() == message.text.trim()
                    && now.is_none_or(|now| now < *until)
            })
    }

    /// Takes out what waits for nothing any more.
    fn release(&mut self) -> Vec<Submission> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let mut held = std::mem::take(&mut self.held);
        let released = held.extract_if(.., |held| !self.may_be_ours(&held.report, None)).collect();
        self.held = held;
        released
    }

    fn remember(&mut self, key: Box<str>, now: Instant) {
        if self.sent.len() >= MESSAGES {
            self.sent.pop_front();
        }
        self.sent.push_back((key, now + REMEMBERED));
    }
}

fn ours(mut echo: Submission) -> Submission {
    echo.report.sent_by_us = true;
    echo.report.revision = echo.report.revision.saturating_add(ECHO);
    echo
}

fn answer(message: OwnMessage, message_id: &str, key: &str, at: Timestamp) -> EventReport {
    let mut report = EventReport::new(message.platform, EventKind::ChatMessage, at, key);
    report.revision = ANSWER;
    report.sent_by_us = true;
    report.actor = message.author;
    report.message =
        Some(Message { id: Some(message_id.into()), text: message.text, ..Message::default() });
    report
}

#[cfg(test)]
mod tests;
