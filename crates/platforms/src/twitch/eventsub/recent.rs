//! Which messages came already.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
};

/// How many are remembered. EventSub repeats a message soon or not at all, and while a session moves, both its sockets
/// may bring the same ones.
const REMEMBERED: usize = 512;

/// The last messages, by a hash of their ids: 4 KiB at most. The hash has a key that nobody knows, so nobody can make
/// one id look like another.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    seen: VecDeque<u64>,
    keys: RandomState,
}

impl Recent {
    /// Whether this one comes for the first time.
    pub(crate) fn is_new(&mut self, message_id: &str) -> bool {
        let hash = self.keys.hash_one(message_id);
        // The newest first: what is repeated is repeated soon.
        if self.seen.iter().rev().any(|seen| *seen == hash) {
            return false;
        }
        if self.seen.len() >= REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_new_once_and_memory_has_an_end() {
        let mut recent = Recent::default();
        assert!(recent.is_new("a"));
        assert!(!recent.is_new("a"));
        for number in 0..REMEMBERED {
            assert!(recent.is_new(&number.to_string()));
            assert!(!recent.is_new(&number.to_string()));
        }
        assert_eq!(recent.seen.len(), REMEMBERED);
        assert!(recent.is_new("a"), "it is forgotten");
    }
}
