//! What is told of each destination that somebody waits to hear of.

use stagedoor_domain::{DestinationId, DestinationStatus};

use super::{
    Wanted,
    entry::Doing,
    output::{Goal, Presence},
    outputs::Outputs,
    targets::Leads,
};

impl Outputs {
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
        let is_gone = matches!(self.targets.get(destination), Leads::Nowhere);
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
        let entry = self.entries.get(destination);
        let error = entry.and_then(|entry| entry.error.clone());
        let obstacle = entry.and_then(|entry| entry.obstacle.clone());
        match (self.output(destination), self.targets.is_unfinished(destination)) {
            (DestinationStatus::Ended, true) if self.overdue => {
                let why =
                    obstacle.unwrap_or_else(|| "its platform has not said that it has".into());
                DestinationStatus::Failed { reason: format!("could not be ended: {why}").into() }
            }
            (DestinationStatus::Ended, true) => DestinationStatus::Ending { problem: None },
            (DestinationStatus::Ending { .. }, _) if self.overdue => DestinationStatus::Ending {
                problem: error.or_else(|| Some("cloudflare has not answered".into())),
            },
            (status, _) => status,
        }
    }

    /// Whether anything is sent there still.
    fn output(&self, destination: &DestinationId) -> DestinationStatus {
        let Some(entry) = self.entries.get(destination) else { return DestinationStatus::Ended };
        let stopped = matches!(
            entry.presence,
            Presence::Absent | Presence::There { enabled: Some(false), .. }
        );
        if stopped && entry.strays.is_empty() && !matches!(entry.doing, Doing::Acting) {
            DestinationStatus::Ended
        } else {
            DestinationStatus::Ending { problem: None }
        }
    }
}
