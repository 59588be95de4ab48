//! The live input: obtained once, and anew when it is gone.

use jiff::Timestamp;
use stagedoor_cloudflare::Priority;
use stagedoor_store::StoreError;
use tokio::time::Instant;

use super::{
    act::Obstacle,
    input::{Obtained, forget, obtain},
    state::{ACTOR, DueTimes, Outcome, State},
};
use crate::jitter::jittered;

/// What is known of the live input.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) uid: Option<Box<str>>,
    /// A task sees to it.
    busy: bool,
    /// It is gone, and what is recorded of it is not forgotten yet.
    gone: bool,
    failures: u32,
    retry_at: Option<Instant>,
}

/// What came of a task.
#[derive(Debug)]
pub(super) enum InputOutcome {
    Obtained(Result<Obtained, Obstacle>),
    Forgotten(Result<(), StoreError>),
}

impl State {
    pub(super) fn drive_input(&mut self, now: Instant, due: &mut DueTimes) {
        if self.input.busy || (self.input.uid.is_some() && !self.input.gone) {
            return;
        }
        if let Some(at) = self.input.retry_at.filter(|at| *at > now) {
            return due.at(at);
        }
        self.input.busy = true;
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        if self.input.gone {
            self.begin(async move {
                Outcome::Input(InputOutcome::Forgotten(forget(&store, &user).await))
            });
        } else {
            let client = self.client.clone();
            // Somebody who has just opened the dashboard can wait for those who start a stream.
            let priority =
                if self.outputs.has_starts() { Priority::Start } else { Priority::Confirm };
            self.begin(async move {
                let obtained = obtain(&store, &client, &user, priority).await;
                Outcome::Input(InputOutcome::Obtained(obtained))
            });
        }
    }

    pub(super) fn input_outcome(&mut self, outcome: InputOutcome) {
        self.input.busy = false;
        match outcome {
            InputOutcome::Obtained(Ok(obtained)) => self.input_obtained(obtained),
            InputOutcome::Obtained(Err(obstacle)) => {
                self.input_later(&obstacle);
                if obstacle.is_final() {
                    self.outputs.no_input(&format!("there is no live input: {obstacle}"));
                    // It takes a person to change that.
                    let interval = jittered(self.cx.services().settings.poll_interval);
                    self.input.retry_at = Some(Instant::now() + interval);
                }
            }
            InputOutcome::Forgotten(Ok(())) => self.input = Input::default(),
            InputOutcome::Forgotten(Err(error)) => self.input_later(&error),
        }
    }

    fn input_obtained(&mut self, obtained: Obtained) {
        if obtained.is_new {
            self.outputs.input_gone();
        }
        self.input = Input { uid: Some(obtained.uid), ..Input::default() };
        self.last_error = None;
        match obtained.fresh {
            Some(fresh) => {
                self.learn(&fresh);
                self.poll_later();
            }
            None => self.look_first(),
        }
    }

    fn input_later(&mut self, error: &impl std::fmt::Display) {
        self.note_error(error);
        self.input.failures = self.input.failures.saturating_add(1);
        self.input.retry_at = Some(Instant::now() + self.pace().retry_after(self.input.failures));
    }

    /// Cloudflare does not know the live input: somebody has deleted it.
    pub(super) fn input_gone(&mut self) {
        tracing::warn!(actor = ACTOR, user = %self.cx.user(), input = ?self.input.uid, "live input is gone");
        self.input = Input { gone: true, ..Input::default() };
        self.outputs.input_gone();
        let news = self.encoder.input_gone(Timestamp::now());
        self.tell_encoder();
        if news {
            self.tell_event();
        }
    }
}
