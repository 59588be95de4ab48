//! How the world follows the machine: after each change, what should be is compared with what is.

use std::time::Duration;

use jiff::Timestamp;
use stagedoor_domain::{Livestream, StreamStatus};
use stagedoor_store::StoreError;

use super::{
    StreamCommandError,
    machine::Machine,
    server::Outcome,
    state::{ACTOR, State, answer},
};
use crate::{CloudflareMsg, OnAirEntry, PlatformMsg, Wanted};

/// How long a failed write waits before it is tried again.
const SAVE_AGAIN: Duration = Duration::from_secs(1);

/// How long a deadline of an earlier life waits for the first word of the encoder: it may have come back meanwhile.
const FIRST_WORD: Duration = Duration::from_secs(10);

impl State {
    /// Compares what should be with what is, and does what is missing.
    pub(super) fn settle(&mut self) {
        self.save(Duration::ZERO);
        self.tell_wanted();
        self.set_deadline();
        self.tell_on_air();
    }

    /// Saves what is not saved yet, one livestream after the other: the end of one before the start of the next.
    fn save(&mut self, delay: Duration) {
        if let Some(livestream) = &self.machine.livestream
            && self.saved.as_ref() != Some(livestream)
        {
            self.unsaved.insert(livestream.id, livestream.clone());
        }
        let Some(livestream) = self.unsaved.values().next().filter(|_| !self.saving).cloned()
        else {
            return;
        };
        self.saving = true;
        let store = self.cx.services().store.clone();
        self.begin(async move {
            tokio::time::sleep(delay).await;
            let saved = store.put_livestream(&livestream).await;
            Outcome::LivestreamSaved(livestream, saved)
        });
    }

    pub(super) fn livestream_saved(
        &mut self,
        livestream: Livestream,
        result: Result<(), StoreError>,
    ) {
        self.saving = false;
        if !matches!(
            livestream.status,
            StreamStatus::Starting | StreamStatus::Live | StreamStatus::Interrupted
        ) {
            // A stop that cannot be saved is under way all the same.
            self.stopping.drain(..).for_each(|reply| answer(reply, Ok(())));
        }
        let is_current = |machine: &Machine| {
            machine.livestream.as_ref().is_some_and(|current| current.id == livestream.id)
        };
        match result {
            Ok(()) => {
                if self.unsaved.get(&livestream.id) == Some(&livestream) {
                    self.unsaved.remove(&livestream.id);
                }
                if is_current(&self.machine) {
                    if let Some(reply) = self.starting.take() {
                        answer(reply, Ok(()));
                    }
                    self.saved = Some(livestream);
                }
            }
            Err(error) => {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "livestream not saved");
                if let Some(reply) = self.starting.take() {
                    self.change(Machine::abandon_start);
                    answer(reply, Err(StreamCommandError::StoreUnavailable));
                }
                self.save(SAVE_AGAIN);
            }
        }
        self.settle();
    }

    /// What is wanted, as far as it is saved: nothing is attached before there is a record of it.
    fn wanted(&self) -> Wanted {
        match self.machine.wanted() {
            Wanted::Attached { livestream, .. }
                if self.saved.as_ref().is_none_or(|saved| saved.id != livestream) =>
            {
                Wanted::Nothing
            }
            wanted => wanted,
        }
    }

    fn tell_wanted(&mut self) {
        if self.told.as_ref() != Some(&self.wanted()) {
            self.tell_wanted_again();
        }
    }

    pub(super) fn tell_wanted_again(&mut self) {
        if self.is_loading() {
            // It is told when that is over.
            return;
        }
        let wanted = self.wanted();
        self.told = Some(wanted.clone());
        // One that is between two lives asks when it is back.
        for (_, manager) in self.cx.platform_managers() {
            let _ = manager.cast(PlatformMsg::Want(wanted.clone()));
        }
        let _ = self.cx.cloudflare().cast(CloudflareMsg::Want(wanted));
    }

    /// When the stream ends by itself, if its encoder is lost.
    fn ends_at(&self) -> Option<Timestamp> {
        let deadline = self.machine.deadline()?;
        if self.machine.encoder.connected.is_some() {
            return Some(deadline);
        }
        Some(self.born.saturating_add(FIRST_WORD).map_or(deadline, |at| deadline.max(at)))
    }

    pub(super) fn deadline_elapsed(&mut self) {
        self.deadline = None;
        if self.ends_at().is_some_and(|at| at <= Timestamp::now()) {
            self.change(Machine::deadline_elapsed);
        }
        // Should the clock have been set back while the timer ran, it is too early: it runs again.
        self.set_deadline();
    }

    fn set_deadline(&mut self) {
        let wanted = self.ends_at();
        if self.deadline.as_ref().map(|(at, _)| *at) == wanted {
            return;
        }
        if let Some((_, timer)) = self.deadline.take() {
            timer.abort();
        }
        let Some(at) = wanted else { return };
        let wait = Duration::try_from(at - Timestamp::now()).unwrap_or_default();
        let timer = self.begin(async move {
            tokio::time::sleep(wait).await;
            Outcome::DeadlineElapsed
        });
        self.deadline = Some((at, timer));
    }

    /// On air until the end is saved: only then may the tree go.
    fn tell_on_air(&self) {
        let entry = |livestream: &Livestream| OnAirEntry {
            livestream: livestream.id,
            status: if livestream.ended_at.is_some() {
                StreamStatus::Ending
            } else {
                livestream.status
            },
        };
        let unsaved = || self.unsaved.values().next_back();
        let on_air = self.machine.on_air().or_else(unsaved).map(entry);
        self.cx.services().on_air.set(self.cx.user(), on_air);
    }
}
