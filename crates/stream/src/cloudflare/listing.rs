//! What a list of all outputs says of ours.

use std::collections::{BTreeMap, BTreeSet};

use stagedoor_cloudflare::Output as Listed;
use stagedoor_domain::DestinationId;
use stagedoor_store::OutputRecord;

use super::{
    entry::{Doing, Entry},
    output::{Presence, fingerprint},
    outputs::Outputs,
};

/// Which outputs a list may tell of: those with which nothing is done while it is made.
pub(super) type Epochs = BTreeMap<DestinationId, u64>;

impl Outputs {
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
}
