//! What CloudflareManager knows, and how it makes Cloudflare follow.

use std::collections::BTreeMap;

use ractor::ActorRef;
use stagedoor_cloudflare::{Client, Permit};
use stagedoor_domain::{DestinationId, DestinationStatus, EventKind, StreamEvent};
use stagedoor_store::StoreError;
use tokio::{task::AbortHandle, time::Instant};

use super::{
    CloudflareSnapshot, TargetObstacle, Wanted,
    act::Acted,
    drive_encoder::{Asking, Found},
    drive_input::{Input, InputOutcome},
    drive_outputs::{List, Looking, Read, ReadOutcome},
    encoder::{Encoder, was_seen},
    listing::Epochs,
    manager::{CloudflareMsg, Done},
    output::Step,
    outputs::Outputs,
    pace::CloudflarePace,
};
use crate::{StreamStateMsg, UserContext, tasks::Tasks};

pub(super) const ACTOR: &str = "CloudflareManager";

/// What it knows.
pub struct State {
    pub(super) cx: UserContext,
    pub(super) client: Client,
    pub(super) myself: ActorRef<CloudflareMsg>,
    pub(super) tasks: Tasks,
    pub(super) input: Input,
    pub(super) encoder: Encoder,
    pub(super) asking: Asking,
    pub(super) outputs: Outputs,
    pub(super) read: Read,
    pub(super) looking: Looking,
    /// When the starts under way are given up.
    pub(super) deadline: Option<Instant>,
    /// What StreamStateServer was told of each destination.
    reported: BTreeMap<DestinationId, DestinationStatus>,
    timer: Option<(Instant, AbortHandle)>,
    pub(super) last_error: Option<Box<str>>,
}

/// What came of what it began.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A live input was read, found or created, or could not be.
    Input(InputOutcome),
    /// Something was learnt of the encoder.
    Encoder(Found),
    /// Records and destinations were read.
    Read(ReadOutcome),
    /// The outputs were listed.
    Listed { input: Box<str>, epochs: Epochs, list: List },
    /// The turn of a step has come.
    Turn { destination: DestinationId, step: Step, permit: Permit },
    /// A step was carried out.
    Acted { input: Box<str>, destination: DestinationId, acted: Acted },
    /// An output that was found again is recorded.
    Recorded(Result<(), StoreError>),
    /// Something is due.
    Due,
}

impl State {
    pub(super) fn start(cx: UserContext, client: Client, myself: ActorRef<CloudflareMsg>) -> Self {
        let mut state = Self {
            cx,
            client,
            myself,
            tasks: Tasks::default(),
            input: Input::default(),
            encoder: Encoder::default(),
            asking: Asking::default(),
            outputs: Outputs::default(),
            read: Read::default(),
            looking: Looking::default(),
            deadline: None,
            reported: BTreeMap::new(),
            timer: None,
            last_error: None,
        };
        // One that is between two lives tells by itself when it is back.
        let _ = state.cx.stream_state().cast(StreamStateMsg::AskWanted);
        state.drive();
        state
    }

    /// Runs a task whose outcome comes back as a message. It ends with the actor.
    pub(super) fn begin(
        &mut self,
        task: impl Future<Output = Outcome> + Send + 'static,
    ) -> AbortHandle {
        let myself = self.myself.clone();
        self.tasks.spawn(async move {
            let outcome = task.await;
            // An actor that has ended wants to know nothing.
            let _ = myself.cast(CloudflareMsg::Done(Done(outcome)));
        })
    }

    pub(super) fn pace(&self) -> CloudflarePace {
        self.cx.services().settings.cloudflare
    }

    pub(super) fn want(&mut self, wanted: Wanted) {
        // Whoever says it may have forgotten all that it was told.
        self.reported.clear();
        self.tell_encoder();
        if self.outputs.want(wanted) {
            tracing::debug!(actor = ACTOR, user = %self.cx.user(), wanted = ?self.outputs.wanted, "wanted");
            self.read_again();
            let settings = &self.cx.services().settings;
            let limit = match &self.outputs.wanted {
                Some(Wanted::Detached { .. }) => settings.end_deadline,
                _ => settings.start_deadline,
            };
            self.deadline = self.outputs.is_waited_for().then(|| Instant::now() + limit);
        }
    }

    /// A platform has given its ingest, or has ended its side: what is in the store is read again.
    pub(super) fn targets_changed(&mut self) {
        self.read_again();
    }

    pub(super) fn target_obstructed(&mut self, obstacle: TargetObstacle) {
        self.outputs.obstructed(obstacle);
    }

    pub(super) fn input_event(&mut self, event: &StreamEvent) {
        let report = &event.report;
        if was_seen(report) {
            return;
        }
        match report.kind {
            EventKind::InputConnected => self.encoder.notified(true, report.occurred_at),
            EventKind::InputDisconnected => self.encoder.notified(false, report.occurred_at),
            _ => {}
        }
        self.confirm_now();
    }

    pub(super) fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Input(outcome) => self.input_outcome(outcome),
            Outcome::Encoder(found) => self.encoder_found(found),
            Outcome::Read(outcome) => self.read_outcome(outcome),
            Outcome::Listed { input, epochs, list } => self.listed(&input, &epochs, list),
            Outcome::Turn { destination, step, permit } => self.turn(&destination, &step, permit),
            Outcome::Acted { input, destination, acted } => {
                self.acted(&input, &destination, acted);
            }
            Outcome::Recorded(Ok(())) => {}
            // The intent remains recorded: the next life finds it once more.
            Outcome::Recorded(Err(error)) => self.note_error(&error),
            Outcome::Due => self.timer = None,
        }
    }

    /// Begins what is missing, tells what has changed, and sets the clock for what is due later.
    pub(super) fn drive(&mut self) {
        let now = Instant::now();
        let mut due = DueTimes::default();
        self.drive_input(now, &mut due);
        self.drive_encoder(now, &mut due);
        self.drive_outputs(now, &mut due);
        self.report();
        self.outputs.tidy();
        self.set_timer(due.0);
    }

    fn report(&mut self) {
        let statuses = self.outputs.statuses();
        let Some((livestream, _)) = self.outputs.wanted.as_ref().and_then(Wanted::told) else {
            return;
        };
        for (destination, status) in statuses {
            if self.reported.get(&destination) == Some(&status) {
                continue;
            }
            let change = StreamStateMsg::DestinationChanged {
                livestream,
                destination: destination.clone(),
                status: status.clone(),
            };
            // One that is between two lives asks for all of it when it is back.
            let _ = self.cx.stream_state().cast(change);
            self.reported.insert(destination, status);
        }
    }

    fn set_timer(&mut self, due: Option<Instant>) {
        if self.timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            timer.abort();
        }
        let Some(at) = due else { return };
        let timer = self.begin(async move {
            tokio::time::sleep_until(at).await;
            Outcome::Due
        });
        self.timer = Some((at, timer));
    }

    pub(super) fn note_error(&mut self, error: &impl std::fmt::Display) {
        tracing::warn!(actor = ACTOR, user = %self.cx.user(), %error, "cloudflare does not follow");
        self.last_error = Some(error.to_string().into());
    }

    pub(super) fn snapshot(&self) -> CloudflareSnapshot {
        let left = |at: Instant| at.saturating_duration_since(Instant::now()).as_millis();
        CloudflareSnapshot {
            input: self.input.uid.clone(),
            encoder: self.encoder.snapshot(),
            wanted: self.outputs.wanted.clone(),
            outputs: self.outputs.snapshot(),
            last_error: self.last_error.clone(),
            next_poll_in_ms: self
                .asking
                .next_at
                .map(|at| u64::try_from(left(at)).unwrap_or(u64::MAX)),
        }
    }
}

/// The earliest moment at which something is due.
#[derive(Default)]
pub(super) struct DueTimes(Option<Instant>);

impl DueTimes {
    pub(super) fn at(&mut self, at: Instant) {
        self.0 = Some(self.0.map_or(at, |earliest| earliest.min(at)));
    }
}
