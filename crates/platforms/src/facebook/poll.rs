//! Which comments to ask for next, and which of an answer are new. No clock and no network in here.
//!
//! ```text
//! a round: ask since ─▶ page ─▶ page ─▶ … ─▶ last page: the cursor moves up to the newest comment
//!            ▲                                   │
//!            └── newest − overlap ◀──────────────┘   once in a while: newest − sweep
//! ```
//!
//! Comments are told apart by their ids and ordered by whole seconds; one that was held for review, or came by another
//! datacentre, turns up after younger ones. So each round asks again for the last seconds that it has seen, every now and
//! then for the last minutes, and drops what it knows. The cursor moves only when a round is complete, so whatever order
//! pages come in, nothing before it is unread.

use std::{collections::BTreeSet, time::Duration};

use stagedoor_domain::EventReport;

use super::comment::Comment;

/// Comments that are remembered, to tell the new ones. Beyond it the oldest are forgotten and may be reported again:
/// their keys tell that they are the same.
const MAX_SEEN: usize = 10_000;

/// Pages of one round. Beyond it the round ends, so that one that never ends does not keep us from asking anew.
const MAX_PAGES: u32 = 1_000;

/// How often is asked, and how far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// From one answer with new comments to the next question.
    pub busy: Duration,
    /// The same after a long time without any.
    pub idle: Duration,
    /// From one look at the video's status and reactions to the next.
    pub status: Duration,
    /// How far before the newest comment each question begins; at least one second.
    pub overlap: Duration,
    /// From one sweep to the next: a question that begins further back.
    pub sweep_every: Duration,
    /// How far back a sweep begins.
    pub sweep: Duration,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            busy: Duration::from_secs(2),
            idle: Duration::from_secs(10),
            status: Duration::from_secs(15),
            overlap: Duration::from_secs(5),
            sweep_every: Duration::from_mins(1),
            sweep: Duration::from_mins(2),
        }
    }
}

/// Where reading stands.
#[derive(Debug)]
pub(super) struct Poll {
    /// The newest comment of the complete rounds.
    newest: Option<i64>,
    /// Comments since the farthest moment that is asked for.
    seen: BTreeSet<(i64, Box<str>)>,
    round: Option<Round>,
    /// A round was complete.
    any: bool,
    sweep_next: bool,
}

#[derive(Debug)]
struct Round {
    since: Option<i64>,
    after: Option<Box<str>>,
    newest: Option<i64>,
    pages: u32,
    fresh: bool,
}

/// What to ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// In seconds since 1970.
    pub(super) since: Option<i64>,
    pub(super) after: Option<Box<str>>,
}

/// What an answer came to.
#[derive(Debug)]
pub(super) struct Read {
    /// What is new, the oldest first.
    pub(super) reports: Vec<EventReport>,
    /// The round is complete: whether it brought anything.
    pub(super) complete: Option<bool>,
}

impl Poll {
    /// From the beginning, or from where another one stopped. That one may have stopped anywhere in its last round.
    pub(super) fn new(cursor: Option<&str>) -> Self {
        let newest = cursor.and_then(|cursor| cursor.parse().ok()).filter(|newest| *newest > 0);
        Self { newest, seen: BTreeSet::new(), round: None, any: false, sweep_next: true }
    }

    /// The next round begins further back.
    pub(super) fn sweep_next(&mut self) {
        self.sweep_next = true;
    }

    /// What to ask for now. Asking twice without an answer asks for the same.
    pub(super) fn question(&mut self, polling: &Polling) -> Question {
        let (newest, sweep) = (self.newest, self.sweep_next);
        let round = self.round.get_or_insert_with(|| {
            let back = if sweep { polling.sweep.max(polling.overlap) } else { polling.overlap };
            let back = i64::try_from(back.as_secs().max(1)).unwrap_or(i64::MAX);
            let since = newest.map(|newest| newest.saturating_sub(back).max(0));
            Round { since, after: None, newest, pages: 0, fresh: false }
        });
        Question { since: round.since, after: round.after.clone() }
    }

    /// An answer has come, and where its next page begins.
    pub(super) fn take(
        &mut self,
        mut comments: Vec<Comment>,
        after: Option<&str>,
        polling: &Polling,
    ) -> Read {
        let Some(round) = &mut self.round else {
            return Read { reports: Vec::new(), complete: None };
        };
        comments.sort_by_key(|comment| comment.created);
        let mut reports = Vec::new();
        for comment in comments {
            round.newest = round.newest.max(Some(comment.created));
            if self.seen.insert((comment.created, comment.id)) {
                round.fresh = true;
                reports.push(comment.report);
            }
        }
        while self.seen.len() > MAX_SEEN {
            self.seen.pop_first();
        }
        round.pages += 1;
        // A page that leads to itself leads nowhere.
        let next = after.filter(|after| round.after.as_deref() != Some(*after));
        if let Some(next) = next.filter(|_| round.pages < MAX_PAGES) {
            round.after = Some(next.into());
            return Read { reports, complete: None };
        }
        let fresh = round.fresh;
        self.newest = round.newest;
        self.round = None;
        self.any = true;
        self.sweep_next = false;
        self.forget(polling);
        Read { reports, complete: Some(fresh) }
    }

    /// The page to go on with is not taken any more: the round begins anew.
    pub(super) fn restart_round(&mut self) -> bool {
        let was_within = self.round.as_ref().is_some_and(|round| round.after.is_some());
        self.round = None;
        was_within
    }

    /// Where another one goes on; none before the first round is complete.
    pub(super) fn cursor(&self) -> Option<Box<str>> {
        self.any.then(|| self.newest.unwrap_or(0).to_string().into())
    }

    /// What no question goes back to any more needs not be known.
    fn forget(&mut self, polling: &Polling) {
        let Some(newest) = self.newest else { return };
        let back = i64::try_from(polling.sweep.max(polling.overlap).as_secs().max(1));
        let farthest = newest.saturating_sub(back.unwrap_or(i64::MAX));
        // Those without a time stand first, and stay.
        let first = |seen: &BTreeSet<(i64, Box<str>)>| {
            seen.range((1, Box::default())..).next().filter(|(at, _)| *at < farthest).cloned()
        };
        while let Some(old) = first(&self.seen) {
            self.seen.remove(&old);
        }
    }
}

#[cfg(test)]
mod tests;
