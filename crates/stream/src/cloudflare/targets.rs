//! Where destinations lead to: what their users wrote, or what an account's platform gave for this livestream.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use stagedoor_domain::{Destination, DestinationId, LivestreamId, UserId};
use stagedoor_store::{BroadcastRecord, BroadcastState, Store, StoreError};

use super::{act::Target, output::fingerprint};

/// What was read of destinations.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// None are those that are not there.
    known: BTreeMap<DestinationId, Option<Target>>,
    /// Those whose platforms still have a broadcast of this livestream.
    unfinished: BTreeSet<DestinationId>,
}

/// Where a destination leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leads<'a> {
    /// That has not been read, or its platform has not given it yet.
    Unknown,
    /// There is no such destination.
    Nowhere,
    /// There.
    To(&'a Target),
}

impl Leads<'_> {
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl Targets {
    pub(super) async fn read(
        store: &Store,
        user: &UserId,
        livestream: Option<LivestreamId>,
        of: &[DestinationId],
    ) -> Result<Self, StoreError> {
        let mut targets = Self::default();
        for id in of {
            if targets.known.contains_key(id) {
                continue;
            }
            match store.destination(user, id).await? {
                None => drop(targets.known.insert(id.clone(), None)),
                Some((destination, _)) if destination.account => {
                    let record = store.broadcast(user, &destination.platform).await?;
                    targets.by_account(id, record.filter(|its| Some(its.livestream) == livestream));
                }
                Some((Destination { url, .. }, stream_key)) => {
                    targets.known.insert(id.clone(), Some(target(url, stream_key)));
                }
            }
        }
        Ok(targets)
    }

    fn by_account(&mut self, id: &DestinationId, record: Option<BroadcastRecord>) {
        let Some(record) = record else { return };
        if record.state != BroadcastState::Ended {
            self.unfinished.insert(id.clone());
        }
        if let Some(ingest) = record.ingest.filter(|_| record.state == BroadcastState::Open) {
            self.known.insert(id.clone(), Some(target(ingest.url, ingest.stream_key)));
        }
    }

    pub(super) fn get(&self, id: &DestinationId) -> Leads<'_> {
        match self.known.get(id) {
            None => Leads::Unknown,
            Some(None) => Leads::Nowhere,
            Some(Some(target)) => Leads::To(target),
        }
    }

    /// Whether its platform still has a broadcast of this livestream.
    pub(super) fn is_unfinished(&self, id: &DestinationId) -> bool {
        self.unfinished.contains(id)
    }
}

fn target(url: Box<str>, stream_key: SecretString) -> Target {
    Target { fingerprint: fingerprint(&url, &stream_key), url, stream_key }
}

#[cfg(test)]
impl From<BTreeMap<DestinationId, Option<Target>>> for Targets {
    fn from(known: BTreeMap<DestinationId, Option<Target>>) -> Self {
        Self { known, unfinished: BTreeSet::new() }
    }
}
