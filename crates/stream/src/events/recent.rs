//! A shortcut for what is delivered again soon: it is answered without asking the store.
//!
//! It knows only what the store has acknowledged, so it never says more than the store would; what it does not know,
//! the store decides. Keys are kept as 128 bits of keyed hashes: whoever chooses keys cannot make two look alike.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
};

use stagedoor_domain::EventId;

/// How many are remembered: 12 KiB when full.
const LIMIT: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Recent {
    hashers: [RandomState; 2],
    entries: VecDeque<Entry>,
}

/// A dedupe key, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key([u64; 2]);

#[derive(Debug)]
struct Entry {
    key: Key,
    revision: u32,
    id: EventId,
}

impl Recent {
    pub(super) fn key(&self, dedupe_key: &str) -> Key {
        Key(self.hashers.each_ref().map(|hasher| hasher.hash_one(dedupe_key)))
    }

    /// The event that is stored under this key with this revision or a later one, if that is known.
    pub(super) fn find(&self, key: Key, revision: u32) -> Option<EventId> {
        let is_it = |entry: &&Entry| entry.key == key && entry.revision >= revision;
        self.entries.iter().find(is_it).map(|entry| entry.id)
    }

    /// The store has this event with at least this revision.
    pub(super) fn remember(&mut self, key: Key, revision: u32, id: EventId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key) {
            entry.revision = entry.revision.max(revision);
            return;
        }
        if self.entries.len() >= LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { key, revision, id });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> EventId {
        EventId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_later_revision_is_not_known_before_it_is_stored() {
        let mut recent = Recent::default();
        let gift = recent.key("gift");
        assert_eq!(recent.find(gift, 0), None);
        recent.remember(gift, 3, id(1));
        assert_eq!(recent.find(gift, 3), Some(id(1)));
        assert_eq!(recent.find(gift, 2), Some(id(1)));
        assert_eq!(recent.find(gift, 4), None);
        recent.remember(gift, 4, id(1));
        recent.remember(gift, 1, id(1));
        assert_eq!(recent.find(gift, 4), Some(id(1)));
        assert_eq!(recent.find(recent.key("another gift"), 0), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut recent = Recent::default();
        let keys: Vec<_> = (0..300).map(|number| recent.key(&format!("key {number}"))).collect();
        for (number, key) in (0..).zip(&keys) {
            recent.remember(*key, 0, id(number));
        }
        assert_eq!(recent.entries.len(), LIMIT);
        assert_eq!(recent.find(keys[43], 0), None);
        assert_eq!(recent.find(keys[44], 0), Some(id(44)));
    }
}
