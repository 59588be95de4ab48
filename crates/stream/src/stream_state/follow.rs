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
use crate::{CloudflareMsg, OnAirEntry, Wanted};

/// How long a failed write waits before it is tried again.
const SAVE_AGAIN: Duration = Duration::from_secs(1);

impl State {
    /// Compares what should be with what is, and does what is missing.
    pub(super) fn settle(&mut self) {
        self.save(Duration::ZERO);
        self.tell_wanted();
        self.set_deadline();
        self.tell_on_air();
    }

    fn save(&mut self, delay: Duration) {
        let Some(livestream) = self.machine.livestream.clone() else { return };
        if self.saving || self.saved.as_ref() == Some(&livestream) {
            return;
        }
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
        let failed = match result {
            Ok(()) => {
                self.saved = Some(livestream);
                false
            }
            Err(error) => {
                tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "livestream not saved");
                true
            }
        };
        match self.starting.take() {
            Some(reply) if failed => {
                self.change(Machine::abandon_start);
                answer(reply, Err(StreamCommandError::StoreUnavailable));
            }
            Some(reply) => answer(reply, Ok(())),
            None => {}
        }
        if failed {
            self.save(SAVE_AGAIN);
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
        let _ = self.cx.cloudflare().cast(CloudflareMsg::Want(wanted));
    }

    fn set_deadline(&mut self) {
        let wanted = self.machine.deadline();
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
        let unsaved = |livestream: &&Livestream| self.saved.as_ref() != Some(*livestream);
        let entry = |livestream: &Livestream| OnAirEntry {
            livestream: livestream.id,
            status: if livestream.ended_at.is_some() {
                StreamStatus::Ending
            } else {
                livestream.status
            },
        };
        let ended_unsaved = || self.machine.livestream.as_ref().filter(unsaved);
        let on_air = self.machine.on_air().or_else(ended_unsaved).map(entry);
        self.cx.services().on_air.set(self.cx.user(), on_air);
    }
}
