//! The outputs: what is read, listed and done.

use stagedoor_cloudflare::{Error, Output, Permit, Priority};
use stagedoor_domain::{DestinationId, LivestreamId, UserId};
use stagedoor_store::{OutputRecord, Store, StoreError};
use tokio::{task::AbortHandle, time::Instant};

use super::{
    Wanted,
    act::{Act, Acted},
    entry::Doing,
    listing::Epochs,
    output::Step,
    outputs::Due,
    state::{DueTimes, Outcome, State},
    targets::Targets,
};
use crate::jitter::jittered;

/// What is being read from the store: records, and the destinations with their keys.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Counts the reasons to read; what was read for an earlier one does not count.
    wanted: u64,
    busy: bool,
    done: u64,
    failures: u32,
    retry_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct ReadOutcome {
    wanted: u64,
    result: Result<(Vec<OutputRecord>, Targets), StoreError>,
}

/// What is being listed.
#[derive(Debug, Default)]
pub(super) struct Looking {
    now: Option<(Priority, AbortHandle)>,
    /// When the outputs are listed without a reason; none when nothing is on air.
    audit_at: Option<Instant>,
    audited: bool,
    failures: u32,
    retry_at: Option<Instant>,
}

pub(super) type List = Result<Vec<Output>, Error>;

impl State {
    pub(super) fn drive_outputs(&mut self, now: Instant, due: &mut DueTimes) {
        self.drive_read(now, due);
        if let Some(at) = self.deadline {
            if at <= now && matches!(self.outputs.wanted, Some(Wanted::Detached { .. })) {
                self.deadline = None;
                self.outputs.overdue = true;
            } else if at <= now {
                self.deadline = None;
                let input = self.input.uid.is_none();
                let otherwise =
                    if input { "there is no live input yet" } else { "cloudflare did not answer" };
                self.outputs.deadline(otherwise);
            } else if self.outputs.is_waited_for() {
                due.at(at);
            } else {
                self.deadline = None;
            }
        }
        let Some(input) = self.input.uid.clone() else { return };
        let mut look = None;
        for destination in self.outputs.destinations() {
            match self.outputs.due(&destination, now) {
                Due::Nothing => self.call_off(&destination, None),
                Due::At(at) => {
                    self.call_off(&destination, None);
                    due.at(at);
                }
                Due::Look(priority) => {
                    self.call_off(&destination, None);
                    look = Some(greater(look, priority));
                }
                Due::Step(step) => self.queue(&destination, step, &input),
            }
        }
        self.drive_look(look, input, now, due);
    }

    pub(super) fn read_again(&mut self) {
        self.read.wanted += 1;
        self.read.retry_at = None;
    }

    fn drive_read(&mut self, now: Instant, due: &mut DueTimes) {
        if self.read.busy || self.read.done == self.read.wanted {
            return;
        }
        if let Some(at) = self.read.retry_at.filter(|at| *at > now) {
            return due.at(at);
        }
        self.read.busy = true;
        let wanted = self.read.wanted;
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        let told = self.outputs.wanted.as_ref().and_then(Wanted::told);
        let told = told.map(|(livestream, destinations)| (livestream, destinations.to_vec()));
        self.begin(async move {
            let result = read(&store, &user, told).await;
            Outcome::Read(ReadOutcome { wanted, result })
        });
    }

    pub(super) fn read_outcome(&mut self, outcome: ReadOutcome) {
        self.read.busy = false;
        match outcome.result {
            Ok((records, targets)) if outcome.wanted == self.read.wanted => {
                (self.read.done, self.read.failures, self.read.retry_at) =
                    (outcome.wanted, 0, None);
                self.outputs.read(records, targets);
            }
            // Something else is wanted meanwhile: it is read again.
            Ok(_) => {}
            Err(error) => {
                self.note_error(&error);
                self.read.failures = self.read.failures.saturating_add(1);
                self.read.retry_at =
                    Some(Instant::now() + self.pace().retry_after(self.read.failures));
            }
        }
    }

    /// A step waits for its turn from now on, unless it does already. Another one that waits is called off.
    fn queue(&mut self, destination: &DestinationId, step: Step, input: &str) {
        self.call_off(destination, Some(&step));
        if !matches!(self.outputs.entry(destination).doing, Doing::Nothing) {
            return;
        }
        let Some(priority) = step.priority() else {
            return self.act(destination, step, None, input);
        };
        let budget = self.client.budget().clone();
        let (of, waits) = (destination.clone(), step.clone());
        let waiting = self.begin(async move {
            let permit = budget.acquire(priority).await;
            Outcome::Turn { destination: of, step: waits, permit }
        });
        self.outputs.entry(destination).doing = Doing::Waiting(step, waiting);
    }

    /// What waits for its turn and is not `unless` waits no more.
    fn call_off(&mut self, destination: &DestinationId, unless: Option<&Step>) {
        let entry = self.outputs.entry(destination);
        if let Doing::Waiting(step, waiting) = &entry.doing
            && Some(step) != unless
        {
            waiting.abort();
            entry.doing = Doing::Nothing;
        }
    }

    /// The turn of a step has come: it is carried out, if it is still the one to do.
    pub(super) fn turn(&mut self, destination: &DestinationId, step: &Step, permit: Permit) {
        let now = Instant::now();
        let still = self.outputs.due(destination, now) == Due::Step(step.clone());
        let doing = &self.outputs.entry(destination).doing;
        match (self.input.uid.clone(), doing) {
            (Some(input), Doing::Waiting(waits, _)) if still && waits == step => {
                self.act(destination, step.clone(), Some(permit), &input);
            }
            (_, Doing::Waiting(waits, _)) if waits == step => {
                permit.give_back();
                self.outputs.entry(destination).doing = Doing::Nothing;
            }
            _ => permit.give_back(),
        }
    }

    fn act(
        &mut self,
        destination: &DestinationId,
        step: Step,
        permit: Option<Permit>,
        input: &str,
    ) {
        let act = Act {
            store: self.cx.services().store.clone(),
            client: self.client.clone(),
            user: self.cx.user().clone(),
            input: input.into(),
            destination: destination.clone(),
            presence: self.outputs.entry(destination).presence.clone(),
            target: self.outputs.target(destination),
        };
        self.outputs.entry(destination).doing = Doing::Acting;
        let (input, destination) = (act.input.clone(), destination.clone());
        self.begin(async move {
            let acted = act.carry_out(&step, permit).await;
            Outcome::Acted { input, destination, acted }
        });
    }

    pub(super) fn acted(&mut self, input: &str, destination: &DestinationId, acted: Acted) {
        if self.input.uid.as_deref() != Some(input) {
            // It was done to a live input that is gone.
            self.outputs.entry(destination).doing = Doing::Nothing;
            return;
        }
        match &acted.obstacle {
            None => self.last_error = None,
            Some(obstacle) => {
                self.note_error(obstacle);
                if obstacle.is_not_found() {
                    self.confirm_now();
                }
            }
        }
        self.outputs.acted(destination, acted, &self.pace(), Instant::now());
    }

    fn drive_look(
        &mut self,
        look: Option<Priority>,
        input: Box<str>,
        now: Instant,
        due: &mut DueTimes,
    ) {
        let worth = self.outputs.is_worth_a_look();
        let on_air = matches!(self.outputs.wanted, Some(Wanted::Attached { .. }));
        if !self.looking.audited && self.outputs.is_loaded() {
            // What was recorded in an earlier life is compared at once.
            (self.looking.audited, self.looking.audit_at) = (!worth, worth.then_some(now));
        } else if on_air && self.looking.audit_at.is_none() {
            self.looking.audit_at = Some(now + jittered(self.pace().audit_interval));
        }
        let audit = self.looking.audit_at.filter(|_| worth);
        let priority = match (look, audit) {
            (Some(priority), _) => Some(priority),
            (None, Some(at)) if at <= now => {
                Some(if on_air { Priority::Confirm } else { Priority::Poll })
            }
            (None, Some(at)) => {
                due.at(at);
                None
            }
            (None, None) => None,
        };
        let Some(priority) = priority else { return };
        if let Some(at) = self.looking.retry_at.filter(|at| *at > now) {
            return due.at(at);
        }
        match &self.looking.now {
            Some((before, _)) if !is_greater(priority, *before) => return,
            Some((_, listing)) => listing.abort(),
            None => {}
        }
        let (client, epochs) = (self.client.clone(), self.outputs.epochs());
        let listing = self.begin(async move {
            let list = client.outputs(&input, priority).await;
            Outcome::Listed { input, epochs, list }
        });
        self.looking.now = Some((priority, listing));
    }

    pub(super) fn listed(&mut self, input: &str, epochs: &Epochs, list: List) {
        self.looking.now = None;
        if self.input.uid.as_deref() != Some(input) {
            return;
        }
        match list {
            Ok(list) => {
                self.last_error = None;
                (self.looking.failures, self.looking.retry_at) = (0, None);
                (self.looking.audited, self.looking.audit_at) = (true, None);
                for record in self.outputs.listed(&list, epochs) {
                    let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
                    self.begin(
                        async move { Outcome::Recorded(store.put_output(&user, &record).await) },
                    );
                }
            }
            Err(error) => {
                self.note_error(&error);
                if matches!(error, Error::NotFound) {
                    self.confirm_now();
                }
                self.looking.failures = self.looking.failures.saturating_add(1);
                self.looking.retry_at =
                    Some(Instant::now() + self.pace().retry_after(self.looking.failures));
            }
        }
    }
}

/// Reads the records and, of all destinations that are named in them or wanted, where they lead to.
async fn read(
    store: &Store,
    user: &UserId,
    told: Option<(LivestreamId, Vec<DestinationId>)>,
) -> Result<(Vec<OutputRecord>, Targets), StoreError> {
    let records = store.outputs(user).await?;
    let (livestream, mut all) = told.unzip();
    let all = all.get_or_insert_default();
    all.extend(records.iter().map(|record| record.destination.clone()));
    let targets = Targets::read(store, user, livestream, all).await?;
    Ok((records, targets))
}

fn is_greater(one: Priority, other: Priority) -> bool {
    let rank = |priority| Priority::ALL.iter().position(|of_all| *of_all == priority);
    rank(one) < rank(other)
}

fn greater(one: Option<Priority>, other: Priority) -> Priority {
    one.filter(|one| !is_greater(other, *one)).unwrap_or(other)
}
