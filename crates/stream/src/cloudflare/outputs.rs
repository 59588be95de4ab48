//! All outputs of a user: what is wanted of them, what is known, what is being done. Plain data, no I/O.

use std::collections::BTreeMap;

use stagedoor_cloudflare::Priority;
use stagedoor_domain::DestinationId;
use stagedoor_store::OutputRecord;
use tokio::time::Instant;

use super::{
    OutputSnapshot, TargetObstacle, Wanted,
    act::{Acted, Target},
    entry::{Doing, Entry},
    output::{Goal, Presence, Step},
    pace::CloudflarePace,
    targets::{Leads, Targets},
};

/// What is known of all outputs of a user.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// What is wanted; none before somebody has said so.
    pub(super) wanted: Option<Wanted>,
    pub(super) entries: BTreeMap<DestinationId, Entry>,
    /// Where the destinations lead to.
    pub(super) targets: Targets,
    /// What was to be detached is not, though it has had its time.
    pub(super) overdue: bool,
    /// The records have been read.
    pub(super) loaded: bool,
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
            (entry.failures, entry.retry_at, entry.obstacle) = (0, None, None);
            entry.discard &= entry.given_up.is_some() || !wanted.attaches(destination);
        }
        self.wanted = Some(wanted);
        self.overdue = false;
        true
    }

    /// What the store has.
    pub(super) fn read(&mut self, records: Vec<OutputRecord>, targets: Targets) {
        for (destination, entry) in &mut self.entries {
            // Its platform has been late and is tried after all.
            if self.targets.get(destination).is_unknown() && !targets.get(destination).is_unknown()
            {
                (entry.given_up, entry.discard, entry.obstacle) = (None, false, None);
            }
        }
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
        match self.targets.get(destination) {
            Leads::To(target) => Some(target.clone()),
            Leads::Unknown | Leads::Nowhere => None,
        }
    }

    /// What is to become of an output; none as long as that depends on what has not been read.
    pub(super) fn goal(&self, destination: &DestinationId) -> Option<Goal> {
        let entry = self.entries.get(destination)?;
        let wanted = self.wanted.as_ref()?;
        let target = self.targets.get(destination);
        if wanted.attaches(destination) {
            return match (target, &entry.given_up) {
                (Leads::Unknown, None) => None,
                (Leads::To(target), None) => Some(Goal::On(target.fingerprint.clone())),
                (_, Some(_)) | (Leads::Nowhere, None) => Some(Goal::Gone),
            };
        }
        let leads_elsewhere = match target {
            Leads::Unknown => false,
            Leads::Nowhere => true,
            Leads::To(target) => {
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
                let why = match (&entry.doing, entry.obstacle.as_ref().or(entry.error.as_ref())) {
                    (_, Some(obstacle)) => obstacle.clone(),
                    (Doing::Waiting(..), None) => {
                        "too many calls to cloudflare: none was left for it".into()
                    }
                    (_, None) if self.loaded && self.targets.get(destination).is_unknown() => {
                        "its platform has not given a stream key: is the account connected?".into()
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

    /// Whether a deadline is still of use.
    pub(super) fn is_waited_for(&self) -> bool {
        self.has_starts() || matches!(self.wanted, Some(Wanted::Detached { .. }))
    }

    /// A platform does not give, or does not end, its side of a destination.
    pub(super) fn obstructed(&mut self, obstacle: TargetObstacle) {
        let TargetObstacle { livestream, destination, reason, is_final } = obstacle;
        let told = self.wanted.as_ref().and_then(Wanted::told).map(|(told, _)| told);
        if told != Some(livestream) {
            return;
        }
        let attaches = self.wanted.as_ref().is_some_and(|wanted| wanted.attaches(&destination));
        let entry = self.entry(&destination);
        if is_final && attaches && entry.given_up.is_none() {
            entry.give_up(reason);
        } else {
            entry.obstacle = Some(reason);
        }
    }

    /// Forgets what is over and done with.
    pub(super) fn tidy(&mut self) {
        let wanted = self.wanted.as_ref();
        self.entries.retain(|destination, entry| {
            wanted.is_some_and(|wanted| wanted.attaches(destination))
                || entry.presence != Presence::Absent
                || !entry.strays.is_empty()
                || self.targets.is_unfinished(destination)
                || !matches!(entry.doing, Doing::Nothing)
        });
    }

    pub(super) fn snapshot(&self) -> Vec<OutputSnapshot> {
        self.entries.iter().map(|(destination, entry)| entry.snapshot(destination)).collect()
    }
}
