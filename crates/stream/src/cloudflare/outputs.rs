//! All outputs of a user: what is wanted of them, what is known, what is being done. Plain data, no I/O.

use std::collections::{BTreeMap, BTreeSet};

use stagedoor_cloudflare::{Output as Listed, Priority};
use stagedoor_domain::{DestinationId, DestinationStatus};
use stagedoor_store::OutputRecord;
use tokio::{task::AbortHandle, time::Instant};

use super::{
    OutputSnapshot, Wanted,
    act::{Acted, Obstacle, Target},
    output::{Goal, Presence, Step, fingerprint},
    pace::CloudflarePace,
};

/// What is known of all outputs of a user.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// What is wanted; none before somebody has said so.
    pub(super) wanted: Option<Wanted>,
    entries: BTreeMap<DestinationId, Entry>,
    /// The destinations that were read: none are those that are not there.
    targets: BTreeMap<DestinationId, Option<Target>>,
    /// The records have been read.
    loaded: bool,
}

/// What is known of one output.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) presence: Presence,
    strays: Vec<Box<str>>,
    pub(super) doing: Doing,
    /// A list that is younger than its intent did not have it.
    looked: bool,
    failures: u32,
    retry_at: Option<Instant>,
    error: Option<Box<str>>,
    /// Why its start was given up.
    given_up: Option<Box<str>>,
    /// It is to be deleted: its start was given up.
    discard: bool,
    /// It was seen sending during this livestream: from then on it is never given up for being slow.
    was_live: bool,
    /// Counts what was done with it: a list tells of those with which nothing was done meanwhile.
    epoch: u64,
}

/// What is being done with an output.
#[derive(Debug, Default)]
pub(super) enum Doing {
    #[default]
    Nothing,
    /// It waits for its turn in the budget; this can be called off.
    Waiting(Step, AbortHandle),
    /// It is being done; this cannot.
    Acting,
}

/// What is to be done with an output now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Later, at the earliest then.
    At(Instant),
    /// All outputs are to be listed.
    Look(Priority),
    /// This, once its turn has come.
    Step(Step),
}

/// Which outputs a list may tell of.
pub(super) type Epochs = BTreeMap<DestinationId, u64>;

impl Outputs {
    /// Wants this from now on. Whether it is something new.
    pub(super) fn want(&mut self, wanted: Wanted) -> bool {
        if self.wanted.as_ref() == Some(&wanted) {
            return false;
        }
        let livestream = |wanted: &Wanted| wanted.told().map(|(livestream, _)| livestream);
        if self.wanted.as_ref().and_then(livestream) != livestream(&wanted) {
            for entry in self.entries.values_mut() {
                entry.given_up = None;
                entry.was_live = false;
            }
        }
        for (destination, entry) in &mut self.entries {
            // Another goal begins afresh: whoever stops does not wait for the failures of the start.
            (entry.failures, entry.retry_at) = (0, None);
            entry.discard &= entry.given_up.is_some() || !wanted.attaches(destination);
        }
        self.wanted = Some(wanted);
        true
    }

    /// What the store has.
    pub(super) fn read(
        &mut self,
        records: Vec<OutputRecord>,
        targets: BTreeMap<DestinationId, Option<Target>>,
    ) {
        self.targets = targets;
        if self.loaded {
            return;
        }
        self.loaded = true;
        for record in records {
            let entry = self.entries.entry(record.destination.clone()).or_default();
            entry.presence = record.into();
        }
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// The live input is gone, and all its outputs with it.
    pub(super) fn input_gone(&mut self) {
        for entry in self.entries.values_mut() {
            if let Doing::Waiting(_, waiting) = std::mem::take(&mut entry.doing) {
                waiting.abort();
            }
            entry.presence = Presence::Absent;
            entry.strays.clear();
            entry.epoch += 1;
            entry.retry_at = None;
        }
    }

    /// All that there is to see to: what is known, and what is wanted.
    pub(super) fn destinations(&mut self) -> Vec<DestinationId> {
        if let Some(Wanted::Attached { destinations, .. }) = &self.wanted {
            for destination in destinations {
                if !self.entries.contains_key(destination) {
                    self.entries.insert(destination.clone(), Entry::default());
                }
            }
        }
        self.entries.keys().cloned().collect()
    }

    pub(super) fn entry(&mut self, destination: &DestinationId) -> &mut Entry {
        self.entries.entry(destination.clone()).or_default()
    }

    pub(super) fn target(&self, destination: &DestinationId) -> Option<Target> {
        self.targets.get(destination)?.clone()
    }

    /// What is to become of an output; none as long as that depends on what has not been read.
    fn goal(&self, destination: &DestinationId) -> Option<Goal> {
        let entry = self.entries.get(destination)?;
        let wanted = self.wanted.as_ref()?;
        let target = self.targets.get(destination);
        if wanted.attaches(destination) {
            return match (target, &entry.given_up) {
                (_, Some(_)) => Some(Goal::Gone),
                (None, None) => None,
                (Some(Some(target)), None) => Some(Goal::On(target.fingerprint.clone())),
                (Some(None), None) => Some(Goal::Gone),
            };
        }
        let leads_elsewhere = match target {
            None => false,
            Some(None) => true,
            Some(Some(target)) => {
                entry.presence.fingerprint().is_some_and(|is| *is != target.fingerprint)
            }
        };
        Some(if entry.discard || leads_elsewhere { Goal::Gone } else { Goal::Off })
    }

    /// What is to be done with an output now.
    pub(super) fn due(&self, destination: &DestinationId, now: Instant) -> Due {
        let Some(entry) = self.entries.get(destination).filter(|_| self.loaded) else {
            return Due::Nothing;
        };
        let Some(goal) = self.goal(destination) else { return Due::Nothing };
        let Some(step) = goal.step(&entry.presence, &entry.strays, entry.looked) else {
            return Due::Nothing;
        };
        if let Some(at) = entry.retry_at.filter(|at| *at > now) {
            return Due::At(at);
        }
        match step {
            Step::Look if matches!(goal, Goal::On(_)) => Due::Look(Priority::Start),
            Step::Look => Due::Look(Priority::Stop),
            step => Due::Step(step),
        }
    }

    /// Gives up the starts that are not done, each for what last kept it, or for `otherwise`.
    pub(super) fn deadline(&mut self, otherwise: &str) {
        let Some(Wanted::Attached { destinations, .. }) = &self.wanted else { return };
        for destination in destinations {
            let entry = self.entries.entry(destination.clone()).or_default();
            if !entry.was_live && entry.given_up.is_none() && !entry.presence.sends() {
                let why = match (&entry.doing, &entry.error) {
                    (_, Some(error)) => error.clone(),
                    (Doing::Waiting(..), None) => {
                        "too many calls to cloudflare: none was left for it".into()
                    }
                    (_, None) => otherwise.into(),
                };
                entry.give_up(format!("not started in time: {why}").into());
            }
        }
    }

    /// Gives up all starts that are not done: without a live input there are none.
    pub(super) fn no_input(&mut self, why: &str) {
        let Some(Wanted::Attached { destinations, .. }) = &self.wanted else { return };
        for destination in destinations {
            let entry = self.entries.entry(destination.clone()).or_default();
            if !entry.was_live && entry.given_up.is_none() {
                entry.give_up(why.into());
            }
        }
    }

    /// Whether a start is under way that a deadline is to end.
    pub(super) fn has_starts(&self) -> bool {
        let Some(Wanted::Attached { destinations, .. }) = &self.wanted else { return false };
        destinations.iter().any(|destination| {
            self.entries.get(destination).is_none_or(|entry| {
                !entry.was_live && entry.given_up.is_none() && !entry.presence.sends()
            })
        })
    }

    /// A step has been carried out.
    pub(super) fn acted(
        &mut self,
        destination: &DestinationId,
        acted: Acted,
        pace: &CloudflarePace,
        now: Instant,
    ) {
        let attaching = self.wanted.as_ref().is_some_and(|wanted| wanted.attaches(destination));
        let entry = self.entry(destination);
        entry.doing = Doing::Nothing;
        entry.epoch += 1;
        if matches!(acted.presence, Presence::Intended(_)) {
            entry.looked = false;
        }
        entry.presence = acted.presence;
        entry.strays.retain(|stray| Some(stray) != acted.stray_gone.as_ref());
        match acted.obstacle {
            None => entry.went_well(),
            Some(obstacle) if attaching && obstacle.is_final() && entry.given_up.is_none() => {
                entry.give_up(obstacle.to_string().into());
            }
            Some(obstacle) => entry.went_wrong(&obstacle, pace, now),
        }
    }

    /// Which outputs a list that is asked for now may tell of.
    pub(super) fn epochs(&self) -> Epochs {
        let idle = |entry: &&Entry| !matches!(entry.doing, Doing::Acting);
        let entries = self.entries.iter().filter(|(_, entry)| idle(entry));
        entries.map(|(destination, entry)| (destination.clone(), entry.epoch)).collect()
    }

    /// All outputs of the live input were listed. Hands out those that were found for an intent: they are to be
    /// recorded.
    pub(super) fn listed(&mut self, list: &[Listed], epochs: &Epochs) -> Vec<OutputRecord> {
        let mut found = Vec::new();
        // Two destinations may lead to the same place: what is one's is not the other's.
        let mut taken: BTreeSet<Box<str>> = self
            .entries
            .values()
            .filter_map(|entry| entry.presence.uid().map(Into::into))
            .collect();
        for (destination, entry) in &mut self.entries {
            let untouched = epochs.get(destination) == Some(&entry.epoch)
                && !matches!(entry.doing, Doing::Acting);
            let Some(fingerprint) = entry.presence.fingerprint().filter(|_| untouched) else {
                continue;
            };
            let fingerprint = fingerprint.clone();
            let uid = entry.presence.uid();
            let is_ours = |output: &&Listed| {
                self::fingerprint(&output.url, &output.stream_key) == fingerprint
                    && (Some(&*output.uid) == uid || !taken.contains(&output.uid))
            };
            let mut ours: Vec<_> = list.iter().filter(is_ours).collect();
            let at = ours.iter().position(|output| Some(&*output.uid) == uid);
            let first = if ours.is_empty() { None } else { Some(ours.remove(at.unwrap_or(0))) };
            taken.extend(first.iter().chain(&ours).map(|output| output.uid.clone()));
            entry.strays = ours.iter().map(|output| output.uid.clone()).collect();
            entry.epoch += 1;
            let Some(output) = first else {
                entry.looked = true;
                if uid.is_some() {
                    // Somebody deleted it. That it once was is of no use.
                    entry.presence = Presence::Intended(fingerprint);
                }
                continue;
            };
            if at.is_none() {
                found.push(OutputRecord {
                    destination: destination.clone(),
                    fingerprint: fingerprint.clone(),
                    uid: Some(output.uid.clone()),
                    enabled: output.enabled,
                });
            }
            entry.presence = Presence::There {
                fingerprint,
                uid: output.uid.clone(),
                enabled: Some(output.enabled),
            };
        }
        found
    }

    /// Whether there is anything that a list could tell of.
    pub(super) fn is_worth_a_look(&self) -> bool {
        self.entries.values().any(|entry| entry.presence != Presence::Absent)
    }

    /// What is to be told of each destination that somebody waits to hear of.
    pub(super) fn statuses(&mut self) -> Vec<(DestinationId, DestinationStatus)> {
        let loaded = self.loaded;
        let Some(wanted) = &self.wanted else { return Vec::new() };
        let attached = matches!(wanted, Wanted::Attached { .. });
        let destinations = wanted.told().map(|(_, destinations)| destinations.to_vec());
        let told = destinations.unwrap_or_default().into_iter();
        told.map(|destination| {
            let status =
                if attached { self.attaching(&destination) } else { self.detaching(&destination) };
            (destination, status)
        })
        // As long as nothing is known, only what does not depend on it is told.
        .filter(|(_, status)| loaded || matches!(status, DestinationStatus::Failed { .. }))
        .collect()
    }

    fn attaching(&mut self, destination: &DestinationId) -> DestinationStatus {
        let reached = matches!(self.goal(destination), Some(Goal::On(fingerprint))
            if self.entries[destination].presence.fingerprint() == Some(&fingerprint)
                && self.entries[destination].presence.sends());
        let is_gone = matches!(self.targets.get(destination), Some(None));
        let entry = self.entry(destination);
        if is_gone && entry.given_up.is_none() {
            entry.give_up("there is no such destination any more".into());
        }
        match &entry.given_up {
            Some(reason) => DestinationStatus::Failed { reason: reason.clone() },
            None if reached => {
                entry.was_live = true;
                DestinationStatus::Live
            }
            None => DestinationStatus::Starting,
        }
    }

    fn detaching(&self, destination: &DestinationId) -> DestinationStatus {
        let Some(entry) = self.entries.get(destination) else { return DestinationStatus::Ended };
        let stopped = matches!(
            entry.presence,
            Presence::Absent | Presence::There { enabled: Some(false), .. }
        );
        if stopped && entry.strays.is_empty() && !matches!(entry.doing, Doing::Acting) {
            DestinationStatus::Ended
        } else {
            DestinationStatus::Ending
        }
    }

    /// Forgets what is over and done with.
    pub(super) fn tidy(&mut self) {
        let wanted: BTreeSet<_> = match &self.wanted {
            Some(Wanted::Attached { destinations, .. }) => destinations.iter().cloned().collect(),
            _ => BTreeSet::new(),
        };
        self.entries.retain(|destination, entry| {
            wanted.contains(destination)
                || entry.presence != Presence::Absent
                || !entry.strays.is_empty()
                || !matches!(entry.doing, Doing::Nothing)
        });
    }

    pub(super) fn snapshot(&self) -> Vec<OutputSnapshot> {
        let entry = |(destination, entry): (&DestinationId, &Entry)| OutputSnapshot {
            destination: destination.clone(),
            uid: entry.presence.uid().map(Into::into),
            presence: entry.presence.name().into(),
            doing: match entry.doing {
                Doing::Nothing => None,
                Doing::Waiting(..) => Some("waiting".into()),
                Doing::Acting => Some("acting".into()),
            },
            failures: entry.failures,
            given_up: entry.given_up.clone(),
            error: entry.error.clone(),
        };
        self.entries.iter().map(entry).collect()
    }
}

impl Entry {
    fn give_up(&mut self, why: Box<str>) {
        self.given_up = Some(why);
        self.discard = true;
        (self.failures, self.retry_at) = (0, None);
    }

    fn went_well(&mut self) {
        (self.failures, self.retry_at, self.error) = (0, None, None);
        if self.presence == Presence::Absent {
            self.discard = false;
        }
    }

    fn went_wrong(&mut self, obstacle: &Obstacle, pace: &CloudflarePace, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now + pace.retry_after(self.failures));
        self.error = Some(obstacle.to_string().into());
    }
}
